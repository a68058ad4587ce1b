"""kubeadm's files: golden, valid by upstream's types, and patched as the settings say."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from k8s_ha.catalog import compatibility
from k8s_ha.desired.kubeadm_config import (
    images_config,
    init_config,
    join_config,
    mark_config,
    phase_config,
    upload_certs_config,
)
from k8s_ha.settings import Cluster, load_cluster
from tests.support.example_cluster import OWN_KUBERNETES, six_host_cluster, six_hosts
from tests.support.golden_files import assert_golden
from tests.support.kubeadm_types import model_for
from tests.support.paths import PROJECT

# Digits with one e or one dot: what YAML readers take for numbers unless it is quoted.
TOKEN = "123456.1234567890123456"
KEY = "12e4567890123456789012345678901234567890123456789012345678901234"
HASH = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
EXAMPLES = PROJECT / "tests" / "support" / "kubeadm_types" / "examples"


def cluster_of(version: str, **settings: object) -> Cluster:
    """The six hosts at a version, with whatever the golden files shall show."""
    hosts = six_hosts()
    hosts[2]["taints"] = []
    hosts[3] |= {
        "labels": {"topology.kubernetes.io/zone": "a", "disk": "1e3"},
        "taints": ["gpu=yes:NoSchedule", "x:NoExecute"],
    }
    return load_cluster({"kubernetes_version": version, "mirror": OWN_KUBERNETES, **settings}, hosts)


def init(cluster: Cluster, name: str = "master1") -> str:
    return init_config(cluster, cluster.host(name), token=TOKEN, certificate_key=KEY)


def join(cluster: Cluster, name: str, key: str | None = None) -> str:
    return join_config(cluster, cluster.host(name), token=TOKEN, ca_cert_hash=HASH, certificate_key=key)


def documents(text: str) -> dict[str, Any]:
    """The documents of a file by kind, each valid by upstream's types."""
    parsed = list(yaml.safe_load_all(text))
    for document in parsed:
        model_for(document).model_validate(document)
    return {document["kind"]: document for document in parsed}


@pytest.mark.parametrize(
    ("version", "runtime"),
    [
        *((version, "containerd") for version in ("1.20.2", "1.21.14", "1.22.17", "1.30.14", "1.31.14", "1.35.9")),
        ("1.23.17", "docker"),
        ("1.24.17", "docker"),
    ],
)
def test_golden_files(version: str, runtime: str) -> None:
    cluster = cluster_of(version, container_runtime=runtime)
    files = {
        "init": init(cluster),
        "join-control-plane": join(cluster, "master3", KEY),
        "join-worker": join(cluster, "worker1"),
        "upload-certs": upload_certs_config(cluster, cluster.host("master1"), certificate_key=KEY),
        "images": images_config(cluster),
        "mark-control-plane": mark_config(cluster, cluster.host("master3")),
    }
    line = cluster.settings.kubernetes_line.name
    for name, text in files.items():
        assert_golden(f"kubeadm/{line}-{name}.yaml", text)
        documents(text)


@pytest.mark.parametrize("minor", compatibility.LINES)
def test_every_known_line_renders_valid_documents(minor: int) -> None:
    cluster = cluster_of(f"1.{minor}.0")
    api = f"kubeadm.k8s.io/{compatibility.LINES[minor].config_api}"
    phases = (
        upload_certs_config(cluster, cluster.host("master1"), certificate_key=KEY),
        mark_config(cluster, cluster.host("master1")),
    )
    for text in (init(cluster), join(cluster, "worker1"), *phases):
        assert {d["apiVersion"] for d in documents(text).values() if "kubeadm.k8s.io" in d["apiVersion"]} == {api}


def test_api_versions_change_where_upstream_changed_them() -> None:
    assert [compatibility.LINES[minor].config_api for minor in (21, 22, 30, 31)] == [
        "v1beta2",
        "v1beta3",
        "v1beta3",
        "v1beta4",
    ]


def test_secrets_stay_text() -> None:
    configuration = documents(init(cluster_of("1.30.14")))["InitConfiguration"]
    assert configuration["bootstrapTokens"][0]["token"] == TOKEN
    assert f'certificateKey: "{KEY}"' in init(cluster_of("1.30.14"))


def test_what_go_reads_otherwise_is_quoted() -> None:
    hosts = [{"name": "y", "address": "10.0.0.5", "role": "control_plane", "taints": ["a=1e3:NoSchedule"]}]
    text = init(load_cluster({"kubernetes_version": "1.30.14"}, hosts), "y")
    assert 'name: "y"' in text
    assert 'value: "1e3"' in text


@pytest.mark.parametrize(
    ("version", "runtime", "socket"),
    [
        ("1.20.2", "containerd", "unix:///run/containerd/containerd.sock"),
        ("1.23.17", "docker", "/var/run/dockershim.sock"),
        ("1.24.17", "docker", "unix:///var/run/cri-dockerd.sock"),
        ("1.24.17", "containerd", "unix:///run/containerd/containerd.sock"),
    ],
)
def test_every_file_names_the_socket(version: str, runtime: str, socket: str) -> None:
    cluster = cluster_of(version, container_runtime=runtime)
    found = [
        documents(text)[kind]["nodeRegistration"]["criSocket"]
        for kind, text in (
            ("InitConfiguration", init(cluster)),
            ("InitConfiguration", upload_certs_config(cluster, cluster.host("master1"), certificate_key=KEY)),
            ("InitConfiguration", mark_config(cluster, cluster.host("master1"))),
            ("JoinConfiguration", join(cluster, "worker1")),
        )
    ]
    assert found == [socket] * 4


def test_accepted_consequences_stand_where_they_are_needed_and_nowhere_else() -> None:
    cluster = cluster_of("1.35.9")
    host = cluster.host("master1")
    secrets = {"token": TOKEN, "certificate_key": KEY}
    both = ("SystemVerification", "cgroup-v1")
    first = documents(init_config(cluster, host, **secrets, caveats=both, anywhere=both))
    assert first["InitConfiguration"]["nodeRegistration"]["ignorePreflightErrors"] == ["SystemVerification"]
    assert first["KubeletConfiguration"]["failCgroupV1"] is False
    first = documents(init_config(cluster, host, **secrets, anywhere=both))
    assert "ignorePreflightErrors" not in first["InitConfiguration"]["nodeRegistration"]
    assert first["KubeletConfiguration"]["failCgroupV1"] is False
    assert "failCgroupV1" not in documents(init(cluster))["KubeletConfiguration"]
    joining = join_config(cluster, host, token=TOKEN, ca_cert_hash=HASH, caveats=("SystemVerification",))
    registration = documents(joining)["JoinConfiguration"]["nodeRegistration"]
    assert registration["ignorePreflightErrors"] == ["SystemVerification"]


def test_names_in_the_certificate() -> None:
    cluster = cluster_of(
        "1.30.14", control_plane_endpoint="master-lb:8443", cert_extra_sans=["api.example", "master-lb"]
    )
    configuration = documents(init(cluster))["ClusterConfiguration"]
    assert configuration["apiServer"]["certSANs"] == ["master-lb", "10.0.1.157", "api.example"]
    assert configuration["controlPlaneEndpoint"] == "master-lb:8443"


@pytest.mark.parametrize(
    ("version", "repository", "dns"),
    [
        ("1.20.15", None, None),
        ("1.21.14", None, {"imageRepository": "registry.k8s.io/coredns"}),
        ("1.24.0", None, {"imageRepository": "registry.k8s.io/coredns"}),
        ("1.24.0", "registry.example/flat", None),
        ("1.25.0", None, None),
    ],
)
def test_coredns_path(version: str, repository: str | None, dns: object) -> None:
    cluster = cluster_of(version, image_repository=repository)
    assert documents(init(cluster))["ClusterConfiguration"].get("dns") == dns


PATCHES = {
    "InitConfiguration": {"nodeRegistration": {"kubeletExtraArgs": {"v": 4, "cgroups-per-qos": True}}},
    "ClusterConfiguration": {"etcd": {"local": {"extraArgs": {"heartbeat-interval": 500}}}},
    "JoinConfiguration": {"nodeRegistration": {"ignorePreflightErrors": ["Swap"]}},
    "KubeletConfiguration": {"evictionHard": {"memory.available": "5%"}},
    "KubeProxyConfiguration": {"conntrack": {"maxPerCore": 0}},
}


@pytest.mark.parametrize("version", ["1.30.14", "1.31.14"])
def test_patches_are_merged(version: str) -> None:
    cluster = cluster_of(version, kubeadm_patches=PATCHES)
    merged = documents(init(cluster)) | documents(join(cluster, "worker2"))
    kubelet = {"node-ip": "10.0.11.18", "v": "4", "cgroups-per-qos": "true"}
    etcd = {"heartbeat-interval": "500"}
    if version == "1.31.14":
        assert merged["InitConfiguration"]["nodeRegistration"]["kubeletExtraArgs"] == named(kubelet)
        assert merged["ClusterConfiguration"]["etcd"]["local"]["extraArgs"] == named(etcd)
    else:
        assert merged["InitConfiguration"]["nodeRegistration"]["kubeletExtraArgs"] == kubelet
        assert merged["ClusterConfiguration"]["etcd"]["local"]["extraArgs"] == etcd
    assert merged["JoinConfiguration"]["nodeRegistration"]["ignorePreflightErrors"] == ["Swap"]
    assert merged["JoinConfiguration"]["nodeRegistration"]["name"] == "worker2"
    assert merged["KubeletConfiguration"]["evictionHard"] == {"memory.available": "5%"}
    assert merged["KubeletConfiguration"]["cgroupDriver"] == "systemd"
    assert merged["KubeProxyConfiguration"] == {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "conntrack": {"maxPerCore": 0},
    }


def named(arguments: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in arguments.items()]


def test_a_list_of_arguments_may_name_one_twice() -> None:
    issuers = [{"name": "service-account-issuer", "value": value} for value in ("https://new", "https://old")]
    patch = {"ClusterConfiguration": {"apiServer": {"extraArgs": issuers}}}
    merged = documents(init(cluster_of("1.31.14", kubeadm_patches=patch)))
    assert merged["ClusterConfiguration"]["apiServer"]["extraArgs"] == issuers


def test_a_list_of_arguments_keeps_the_packages_own() -> None:
    patch = {"InitConfiguration": {"nodeRegistration": {"kubeletExtraArgs": [{"name": "v", "value": 2}]}}}
    merged = documents(init(cluster_of("1.31.14", kubeadm_patches=patch)))
    arguments = merged["InitConfiguration"]["nodeRegistration"]["kubeletExtraArgs"]
    assert arguments == named({"node-ip": "10.0.11.18", "v": "2"})


@pytest.mark.parametrize(("version", "api"), [("1.20.2", "v1beta2"), ("1.30.14", "v1beta3"), ("1.37.2", "v1beta4")])
def test_a_phase_reads_what_the_cluster_keeps_and_who_the_host_is(version: str, api: str) -> None:
    cluster = cluster_of(version)
    kept = yaml.safe_load_all(init(cluster))
    by_kind = {document["kind"]: document for document in kept}
    del by_kind["InitConfiguration"], by_kind["KubeletConfiguration"]
    found = documents(phase_config(cluster, cluster.host("master2"), by_kind))
    assert list(found) == ["InitConfiguration", *by_kind]
    assert found["ClusterConfiguration"] == by_kind["ClusterConfiguration"]
    first = found["InitConfiguration"]
    assert first["apiVersion"] == f"kubeadm.k8s.io/{api}"
    assert first["localAPIEndpoint"]["advertiseAddress"] == cluster.host("master2").address
    assert first["nodeRegistration"]["name"] == "master2"
    assert {"bootstrapTokens", "certificateKey"}.isdisjoint(first)


def test_rendering_does_not_change_the_settings() -> None:
    cluster = six_host_cluster(kubeadm_patches=PATCHES)
    assert init(cluster) == init(cluster)
    assert cluster == six_host_cluster(kubeadm_patches=PATCHES)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_types_take_upstreams_examples(path: Path) -> None:
    assert documents(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("example", "kind", "field", "value"),
    [
        ("init-v1beta2", "InitConfiguration", "skipPhases", []),
        ("init-v1beta3", "ClusterConfiguration", "useHyperKubeImage", False),
        ("init-v1beta3", "InitConfiguration", "timeouts", {}),
        ("init-v1beta4", "ClusterConfiguration", "scheduler", {"extraArgs": {"v": "4"}}),
        ("init-v1beta4", "InitConfiguration", "timeouts", {"kubenetesAPICall": "40s"}),
        ("init-v1beta3", "ClusterConfiguration", "scheduler", {"extraArgs": {"v": 4}}),
        ("join-v1beta3", "JoinConfiguration", "discovery", {"timeout": "5"}),
        ("components", "KubeletConfiguration", "cgroupDriver", "cgroup"),
        ("components", "KubeProxyConfiguration", "conntrack", {"max": 1}),
    ],
)
def test_the_types_refuse_what_upstream_refuses(example: str, kind: str, field: str, value: object) -> None:
    document = documents((EXAMPLES / f"{example}.yaml").read_text(encoding="utf-8"))[kind]
    with pytest.raises(ValidationError):
        model_for(document).model_validate(document | {field: value})
