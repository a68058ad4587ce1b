"""Facts: their parsers on output that real hosts gave, their scripts run for real."""

from __future__ import annotations

import base64
import hashlib
import socket
from dataclasses import replace
from pathlib import Path

import pytest
from pyinfra.api.exceptions import FactProcessError

from k8s_ha.cluster_state.authority import damages
from k8s_ha.facts.answers import between_marks
from k8s_ha.facts.cluster import ApiStatusFact
from k8s_ha.facts.node import Node
from k8s_ha.facts.system import Content, Files, FileState, Packages, PackagesState, Service, ServiceState, TcpReachable
from k8s_ha.observations.api_status import ApiStatus, PodState
from k8s_ha.observations.certificates import fingerprints
from k8s_ha.observations.etcd import Member
from k8s_ha.observations.node import ClusterNode, Kubeconfig, NodeView
from k8s_ha.observations.standing import (
    KEPT_CERTIFICATE,
    KEPT_CERTIFICATES,
    KEPT_KUBELET_CONFIG,
    KUBELET_CERTIFICATE,
)
from tests.support.authorities import authority
from tests.support.example_cluster import six_host_cluster
from tests.support.node_views import CLEAN, CONTROL_PLANES, ENDPOINT, NODES, recorded
from tests.support.paths import RECORDED
from tests.support.shell_bench import Shell

CLUSTER = six_host_cluster()
CONTAINERD_DIGEST = "a43c69ce412356fb4d6901efd112683e9b52477c20c907c2a9458d1f691bc4af"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def _without_labels(view: NodeView) -> list[ClusterNode]:
    return [replace(found, labels={}) for found in view.nodes]


def test_a_control_plane() -> None:
    view = Node().parse(recorded("node-control-plane"))
    assert view.artifacts == (
        "/etc/kubernetes/admin.conf",
        "/etc/kubernetes/kubelet.conf",
        "/etc/kubernetes/pki/ca.crt",
        "/etc/kubernetes/manifests/kube-apiserver.yaml",
        "/etc/kubernetes/manifests/etcd.yaml",
        "/var/lib/etcd/member",
    )
    assert view.api_server_url == ENDPOINT
    assert view.ca_certificate is not None
    assert view.ca_certificate.startswith("-----BEGIN CERTIFICATE-----\nMIIC")
    assert view.ca_certificate.endswith("\n-----END CERTIFICATE-----")
    assert view.ready
    assert _without_labels(view) == [ClusterNode(name, True, "v1.20.2", name in CONTROL_PLANES) for name in NODES]
    assert view.nodes[0].labels["kubernetes.io/hostname"] == "master1"
    assert view.join_secrets == ()


def test_a_worker() -> None:
    view = Node().parse(recorded("node-worker"))
    assert view.artifacts == ("/etc/kubernetes/kubelet.conf", "/etc/kubernetes/pki/ca.crt")
    assert (view.api_server_url, view.ready, view.nodes) == (ENDPOINT, False, ())


def test_a_virgin_host_is_not_a_host_that_was_not_read() -> None:
    assert Node().parse(recorded("node-virgin")) == CLEAN
    assert Node().default() is None


def test_members_as_etcd_tells_its_peers_before_it_has_a_majority() -> None:
    started = '{"id":5928373504545955323,"peerURLs":["https://10.0.12.55:2380"],"name":"master2","clientURLs":[]}'
    added = '{"id":13082882924778718020,"peerURLs":["https://10.0.13.22:2380"]}'
    view = Node().parse([f"members [{started},{added}]"])
    assert view.members == (
        Member("5928373504545955323", "master2", ("10.0.12.55",)),
        Member("13082882924778718020", "", ("10.0.13.22",)),
    )


@pytest.mark.parametrize(
    ("reported", "healthy"),
    [
        ('etcd {"health":"true"}', True),
        ('etcd {"health":"false"}', False),
        ('etcd {"health":"false","reason":"RAFT NO LEADER"}', False),
        ("etcd ", None),
    ],
)
def test_an_etcd_that_tells_nothing_is_neither_well_nor_ill(reported: str, healthy: bool | None) -> None:
    assert Node().parse([reported]).etcd_healthy is healthy


def test_nodes_that_are_lost_or_new_and_secrets_of_ours() -> None:
    view = Node().parse(recorded("node-odd"))
    assert _without_labels(view) == [
        ClusterNode("lost", False, "v1.30.14", True),
        ClusterNode("new", False, "v1.30.14", False),
    ]
    assert view.join_secrets == ("secret/bootstrap-token-gq4vie", "secret/kubeadm-certs")


KUBECONFIG = "apiVersion: v1\nclusters:\n- cluster:\n    server: {}\n  name: kubernetes\n"
ASKED = """case "$*" in
    *"--server https://10.0.11.18:6443"*"get --raw /readyz") printf {readyz} ;;
    *"get nodes"*) echo 'node master1 True v1.30.14 {{"node-role.kubernetes.io/control-plane":""}}' ;;
    *"get secrets -l app.kubernetes.io/managed-by=k8s-ha -o name") echo secret/kubeadm-certs ;;
    *) exit 1 ;;
esac"""


def node(shell: Shell) -> NodeView:
    return Node().process(shell.lines(Node().command(address="10.0.11.18")))


def test_the_node_script_on_virgin_hosts_and_on_a_cut_off_init(shell: Shell) -> None:
    assert node(shell) == CLEAN
    shell.file("/etc/kubernetes/pki/ca.crt", "-----BEGIN\nabc\n")
    shell.file("/var/lib/etcd/member/wal")
    artifacts = ("/etc/kubernetes/pki/ca.crt", "/var/lib/etcd/member")
    assert node(shell) == NodeView(artifacts, None, "-----BEGIN\nabc")


def etcd_manifest(shell: Shell, folder: str) -> None:
    shell.file("/etc/kubernetes/manifests/etcd.yaml", f"    - --data-dir={folder}\n" if folder else "")


@pytest.mark.parametrize(
    ("named", "settings", "told"),
    [
        ("/data/etcd", "", ["/data/etcd/member"]),
        ("/data/etcd/", "/data/etcd", ["/data/etcd/member"]),
        ("", "/data/etcd", ["/data/etcd/member"]),
        ("", "", []),
        ("/var/lib/etcd", "/var/lib/etcd", []),
        ("/data/other", "/data/etcd", ["/data/etcd/member"]),
    ],
)
def test_moved_data_of_etcds_is_told(shell: Shell, named: str, settings: str, told: list[str]) -> None:
    """By the manifest, which a power cut may have emptied, and by the settings."""
    shell.file("/data/etcd/member/wal")
    etcd_manifest(shell, named and f"{shell.root}{named}")
    command = Node().command(address="10.0.11.18", etcd_folder=settings and f"{shell.root}{settings}")
    view = Node().process(shell.lines(command))
    assert view is not None
    assert list(view.artifacts) == ["/etc/kubernetes/manifests/etcd.yaml", *told]


def test_the_node_script_asks_the_hosts_own_api_server(shell: Shell) -> None:
    shell.file("/etc/kubernetes/admin.conf", KUBECONFIG.format(ENDPOINT))
    shell.file("/etc/kubernetes/kubelet.conf", KUBECONFIG.format("https://10.0.11.18:6443"))
    shell.add_tool("kubectl", ASKED.format(readyz="ok"))
    view = node(shell)
    assert view.api_server_url == ENDPOINT
    assert view.ready
    assert _without_labels(view) == [ClusterNode("master1", True, "v1.30.14", True)]
    assert view.join_secrets == ("secret/kubeadm-certs",)


PODS = "/var/lib/kubelet/pods"
OF_KUBE_PROXY = "volumes/kubernetes.io~configmap/kube-proxy/kubeconfig.conf"
HOSTS = "# Kubernetes-managed hosts file (host network).\n127.0.0.1\tlocalhost\n10.0.1.157 lb api.example # ours\n"


@pytest.mark.parametrize(
    ("server", "hosts", "told"),
    [
        ("https://api.example:6443", HOSTS, (("api.example", "10.0.1.157"),)),
        ('"https://lb:8443"', HOSTS, (("lb", "10.0.1.157"),)),
        ("https://10.0.1.157:6443", HOSTS, ()),
        ("https://api.example:6443", "10.0.1.9 api.example.org # api.example\n", ()),
        ("https://api.example:6443", None, ()),
    ],
    ids=["a name", "in quotes", "an address", "another name", "no hosts file"],
)
def test_the_node_script_tells_where_the_name_leads_kube_proxy(
    shell: Shell, server: str, hosts: str | None, told: tuple[tuple[str, str], ...]
) -> None:
    config = f"apiVersion: v1\nclusters:\n- cluster:\n    server: {server}\n  name: default\n"
    shell.file(f"{PODS}/1/{OF_KUBE_PROXY}", config)
    if hosts is not None:
        shell.file(f"{PODS}/1/etc-hosts", hosts)
    shell.file(f"{PODS}/2/etc-hosts", "10.0.1.9 api.example\n")  # a pod that is not kube-proxy's
    view = Node().process(shell.lines(Node().command(address="a", standing=True)))
    assert view.standing.kube_proxy_hosts == told


@pytest.mark.parametrize(("seconds", "told"), [("1796000000", 1796000000), ("9" * 19, None), ("", None)])
def test_the_node_script_tells_its_hosts_clock(shell: Shell, seconds: str, told: int | None) -> None:
    shell.add_tool("date", f"echo {seconds}")
    clock = Node().process(shell.lines(Node().command(address="a", standing=True))).clock
    assert (clock and clock.timestamp()) == told


def test_the_node_script_tells_what_a_change_that_is_not_over_has_kept(shell: Shell) -> None:
    kept = "/var/lib/k8s-ha"
    shell.file(f"{kept}/apiserver-certificate/change", "one")  # nothing is kept yet
    assert Node().process(shell.lines(Node().command(address="a", standing=True))).standing.set_aside == ()
    for path in ("static-pods/etcd.yaml", "static-pods/kube-apiserver.yaml", "static-pods/etcd.containers"):
        shell.file(f"{kept}/{path}")
    shell.file(f"{kept}/apiserver-certificate/apiserver.key")
    shell.file(f"{kept}/kubelet-config/config.yaml")
    shell.file(f"{kept}/certificates/renewed")
    shell.file(f"{kept}/kubelet-certificate")
    view = Node().process(shell.lines(Node().command(address="a", standing=True)))
    known = (KEPT_CERTIFICATE, KEPT_KUBELET_CONFIG, KEPT_CERTIFICATES, KUBELET_CERTIFICATE)
    assert view.standing.set_aside == ("etcd", "kube-apiserver", *known)
    assert node(shell).standing.set_aside == ()  # where nobody asked


KUBELET_CONF = """apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: {authority}
    server: https://10.0.1.157:6443
users:
- name: any
  user:
    client-certificate: /var/lib/kubelet/pki/kubelet-client-current.pem
"""
KUBELET_PATH = "/etc/kubernetes/kubelet.conf"


def kubelet_conf(authority_pem: str) -> str:
    return KUBELET_CONF.format(authority=base64.b64encode(authority_pem.encode()).decode())


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("before", ["", "Issuer: CN=kubernetes\n\n"])
@pytest.mark.parametrize("after", ["", "\n", "\n# end\n\n", "\n" + authority("second")])
def test_files_of_a_node_are_read_whatever_stands_around_what_counts(
    shell: Shell, before: str, after: str, end: str
) -> None:
    text = before + authority("ours") + after
    shell.file(KUBELET_PATH).write_bytes(kubelet_conf(f"{authority('ours')}\n").replace("\n", end).encode())
    shell.file("/etc/kubernetes/pki/ca.crt").write_bytes(text.replace("\n", end).encode())
    view = node(shell)
    assert view.api_server_url == ENDPOINT
    assert view.kubeconfigs == (Kubeconfig(KUBELET_PATH, ENDPOINT, True, f"{authority('ours')}\n"),)
    assert view.ca_certificate is not None
    expected = fingerprints(authority("ours")) | (fingerprints(authority("second")) if "BEGIN" in after else set())
    assert fingerprints(view.ca_certificate) == expected
    assert list(damages(view, fingerprints(authority("ours")), CLUSTER.host("worker1"), CLUSTER.endpoint)) == []


@pytest.mark.parametrize(
    ("path", "content", "found"),
    [
        ("pki/ca.crt", authority("ours").encode()[:400], "holds no whole certificate"),
        ("pki/ca.crt", b"", "is empty"),
        ("pki/ca.crt", b"\n\n", "is empty"),
        ("pki/ca.crt", bytes(4096), "is empty"),  # what a power cut leaves of a file on XFS
        ("pki/ca.crt", bytes(range(128, 256)), "holds no whole certificate"),
        ("pki/ca.crt", authority("other").encode(), "holds a CA that is not the cluster's"),
        ("pki/ca.crt", None, "is missing"),
        ("kubelet.conf", b"", "names no API server, so it is not whole"),
        ("kubelet.conf", bytes(4096), "names no API server, so it is not whole"),
        ("kubelet.conf", kubelet_conf(authority("ours")).encode()[:300], "names no API server, so it is not whole"),
        (
            "kubelet.conf",
            kubelet_conf(authority("ours")).partition("users:")[0].encode(),
            "names no user, so it is not whole",
        ),
        ("kubelet.conf", kubelet_conf(authority("ours")[:400]).encode(), "holds no whole certificate"),
        ("kubelet.conf", kubelet_conf(authority("other")).encode(), "holds a CA that is not the cluster's"),
        ("kubelet.conf", KUBELET_CONF.format(authority="%%%").encode(), "is empty"),
    ],
)
def test_a_damaged_file_of_a_node_is_named(shell: Shell, path: str, content: bytes | None, found: str) -> None:
    shell.file(KUBELET_PATH, kubelet_conf(authority("ours")))
    shell.file("/etc/kubernetes/pki/ca.crt", authority("ours"))
    damaged = shell.file(f"/etc/kubernetes/{path}")
    if content is None:
        damaged.unlink()
    else:
        damaged.write_bytes(content)
    told = damages(node(shell), fingerprints(authority("ours")), CLUSTER.host("worker1"), CLUSTER.endpoint)
    assert [(damage.path, damage.found) for damage in told] == [(f"/etc/kubernetes/{path}", found)]


def test_what_follows_a_file_that_is_cut_off_is_read(shell: Shell) -> None:
    shell.file("/etc/kubernetes/admin.conf", f"    server: {ENDPOINT}")
    shell.file("/etc/kubernetes/pki/ca.crt", authority("ours")[:400])
    shell.file("/etc/kubernetes/pki/etcd/healthcheck-client.crt")
    shell.add_tool("curl", """case "$*" in *member/list*) echo '[{"ID":"1","name":"master1"}]' ;; esac""")
    assert [member.name for member in node(shell).members] == ["master1"]


def test_the_keys_of_a_kubeconfig_stay_on_the_host(shell: Shell) -> None:
    shell.file(KUBELET_PATH, KUBELET_CONF.format(authority="x") + "    client-key-data: c2VjcmV0\n    token: secret\n")
    assert "c2VjcmV0" not in "".join(shell.lines(Node().command(address="10.0.11.18")))
    assert "token" not in "".join(shell.lines(Node().command(address="10.0.11.18")))


def test_secrets_that_the_api_server_does_not_tell_are_not_none(shell: Shell) -> None:
    shell.file("/etc/kubernetes/admin.conf", KUBECONFIG.format(ENDPOINT))
    shell.add_tool("kubectl", ASKED.format(readyz="ok").replace("echo secret/kubeadm-certs", "exit 1"))
    view = node(shell)
    assert (view.ready, view.join_secrets) == (True, None)
    shell.add_tool("kubectl", ASKED.format(readyz="ok").replace("echo secret/kubeadm-certs", "exit 0"))
    assert node(shell).join_secrets == ()


@pytest.mark.parametrize("kubectl", ["exit 1", "echo unhealthy"])
def test_the_node_script_on_a_control_plane_that_is_down(shell: Shell, kubectl: str) -> None:
    shell.file("/etc/kubernetes/admin.conf", KUBECONFIG.format(ENDPOINT))
    shell.add_tool("kubectl", kubectl)
    admin = Kubeconfig("/etc/kubernetes/admin.conf", ENDPOINT, has_user=False, authority=None)
    assert node(shell) == NodeView((admin.path,), ENDPOINT, None, kubeconfigs=(admin,))


def test_the_node_script_fails_where_it_may_not_look(shell: Shell) -> None:
    shell.add_tool("id", "echo 1000")
    assert shell.run(Node().command(address="10.0.11.18")).returncode == 1


def test_health() -> None:
    api_status = ApiStatusFact().parse(recorded("health"))
    assert (api_status.answers, api_status.endpoint_answers) == (True, True)
    assert api_status.nodes == dict.fromkeys(NODES, True)
    assert api_status.versions == dict.fromkeys(NODES, "v1.20.2")
    assert PodState("kube-system", "etcd-master1", "master1", "Running", True, "10.0.11.18") in api_status.pods
    assert {pod.name: pod.address for pod in api_status.dns_servers} == {
        "coredns-76c6f6bbc9-g96r6": "10.244.3.2",
        "coredns-76c6f6bbc9-sz6v2": "10.244.4.2",
    }
    assert len(api_status.pods) == 24
    assert all(pod.running for pod in api_status.pods)
    assert api_status.services == {"default/kubernetes": "10.96.0.1", "kube-system/kube-dns": "10.96.0.10"}


def test_health_of_nodes_that_are_lost_or_new() -> None:
    assert ApiStatusFact().parse(recorded("health-odd")).nodes == {"lost": False, "new": False}


def test_health_of_pods_that_are_not_there_yet() -> None:
    api_status = ApiStatusFact().parse(recorded("health-odd"))
    assert not api_status.endpoint_answers
    assert {pod.name: (pod.node, pod.phase, pod.address, pod.running) for pod in api_status.pods} == {
        "coredns-76c6f6bbc9-dwftk": ("", "Pending", "", False),
        "two-containers": ("worker1", "Running", "10.244.3.7", False),
        "both-ready": ("worker1", "Running", "10.244.3.8", True),
        "mirror-just-made": ("master1", "Running", "", False),
    }


@pytest.mark.parametrize("lines", [[], ["error: no such host"], ["node", "pod x", "service"]])
def test_health_without_an_answer(lines: list[str]) -> None:
    assert not ApiStatusFact().parse(lines).answers


HEALTHY = """case "$*" in
    *"--server https://10.0.11.18:6443"*"get --raw /readyz" | *admin.conf*"get --raw /readyz") printf ok ;;
    *"--server https://10.0.11.18:6443"*"get nodes,pods,services -A"*)
        printf '%s\\n' 'node master1 True v1.30.14' 'pod default own worker1 Running 10.244.1.9 true' \\
            'service default own 10.96.1.1' 'service default kubernetes 10.96.0.1' ;;
esac"""


def api_status_told(shell: Shell) -> ApiStatus:
    return ApiStatusFact().process(
        shell.lines(ApiStatusFact().command(address="10.0.11.18", endpoint="10.0.1.157:6443"))
    )


def test_the_health_script_tells_of_the_clusters_own_pods_and_services(shell: Shell) -> None:
    shell.file("/etc/kubernetes/admin.conf", KUBECONFIG.format(ENDPOINT))
    shell.add_tool("kubectl", HEALTHY)
    assert api_status_told(shell) == ApiStatus(
        answers=True,
        endpoint_answers=True,
        nodes={"master1": True},
        versions={"master1": "v1.30.14"},
        pods=(),
        services={"default/kubernetes": "10.96.0.1"},
    )


def test_an_api_server_that_does_not_list_its_nodes_is_not_one_without_nodes(shell: Shell) -> None:
    shell.file("/etc/kubernetes/admin.conf", KUBECONFIG.format(ENDPOINT))
    shell.add_tool("kubectl", HEALTHY.replace("printf '%s", "exit 1; printf '%s"))
    with pytest.raises(FactProcessError, match="exit code 1"):
        ApiStatusFact().process(
            shell.run(ApiStatusFact().command(address="10.0.11.18", endpoint="10.0.1.157:6443")).stdout.splitlines()
        )


def test_the_health_script_tells_nothing_of_another_cluster(shell: Shell) -> None:
    shell.add_tool("kubectl", HEALTHY)
    assert not api_status_told(shell).answers
    shell.file("/etc/kubernetes/admin.conf", KUBECONFIG.format("https://10.9.9.9:6443"))
    assert not api_status_told(shell).answers


def test_services() -> None:
    assert Service().parse(recorded("service-containerd")) == ServiceState(
        loaded=True,
        active=True,
        enabled=True,
        digest=None,
        files={"/etc/containerd/config.toml": FileState(CONTAINERD_DIGEST, "644", "root:root")},
    )
    assert Service().parse(recorded("service-firewalld")) == ServiceState(True, False, False, None, {})
    assert Service().parse(recorded("service-absent")) == ServiceState(False, False, False, None, {})


def test_the_service_script_reads_the_record_of_the_last_start(shell: Shell) -> None:
    shell.add_tool("systemctl", f"cat {RECORDED / 'service-containerd.txt'}")
    shell.file("/var/lib/k8s-ha/containerd.service.digest", "abc\n")
    command = Service().command(unit="containerd.service", paths=[])
    assert Service().process(shell.lines(command)).digest == "abc"


@pytest.mark.parametrize("path", ["/etc/a.conf", "/etc/with blank", "/etc/quote's", "/etc/$dollar"])
def test_the_files_script_reads_files(shell: Shell, path: str) -> None:
    file = shell.file(path, "text\n", 0o600)
    shell.file("/etc/folder/file")
    state = Files().process(shell.lines(Files().command(paths=[path, "/etc/absent", "/etc/folder"])))
    owner = f"{file.owner()}:{file.group()}"
    assert state == {path: FileState(hashlib.sha256(b"text\n").hexdigest(), "600", owner)}


GBK = b"# \xb3\xbb\r\n10.0.0.9 db1\n"
CONTENTS = [b"", b"a\n", b"a", b"a\n\n\n", b"  indented\n\ttab \n", b"\n", GBK, bytes(range(256)) * 99]


@pytest.mark.parametrize("content", CONTENTS, ids=range(len(CONTENTS)))
def test_a_file_is_read_as_it_is(shell: Shell, content: bytes) -> None:
    shell.file("/etc/hosts").write_bytes(content)
    assert Content().process(shell.lines(Content().command(path="/etc/hosts"))) == content


def test_an_absent_file_is_empty_and_one_that_may_not_be_read_is_none(shell: Shell) -> None:
    command = Content().command(path="/etc/hosts")
    assert Content().process(shell.lines(command)) == b""
    (shell.root / "etc" / "hosts").mkdir(parents=True)
    assert shell.run(command).returncode != 0


def test_packages() -> None:
    assert Packages().parse(recorded("packages")) == PackagesState(
        {"kubelet": "1.20.2-0", "kubeadm": "1.20.2-0", "containerd.io": "1.6.20-3.1.el8", "chrony": "4.5-1.el8"}
    )


def test_the_packages_command_hides_what_is_not_installed(shell: Shell) -> None:
    shell.add_tool(
        "rpm", "printf 'package %s\\n' 'rpm 4-1' 'kubelet 1.30.14-1' 'no-such-package is not installed'; exit 1"
    )
    lines = shell.lines(Packages().command(names=["kubelet", "no-such-package"]))
    assert between_marks(lines) == ["package kubelet 1.30.14-1"]
    shell.add_tool("rpm", "echo package rpm 4-1; echo package kubelet is not installed; exit 1")
    assert Packages().process(shell.lines(Packages().command(names=["kubelet"]))) == PackagesState({})


def test_an_rpm_that_does_not_find_itself_cannot_read_its_database(shell: Shell) -> None:
    shell.add_tool("rpm", "echo error: 不能打开 >&2; echo package kubelet is not installed; exit 2")
    state = Packages().process(shell.lines(Packages().command(names=["kubelet"])))
    assert state.rpm_error.isascii() and state.rpm_error.startswith("??")


def test_of_several_versions_the_last_one_counts() -> None:
    """An upgrade that was cut off leaves both; rpm tells them in the order in which they came."""
    lines = ["package kubelet 1.30.9-1", "package kubelet 1.30.14-1"]
    assert Packages().parse(lines) == PackagesState({"kubelet": "1.30.14-1"})


def test_a_port(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as api_server_url:
        port = api_server_url.getsockname()[1]
        assert TcpReachable().process(shell.lines(TcpReachable().command(address="127.0.0.1", port=port)))
    assert not TcpReachable().process(shell.lines(TcpReachable().command(address="127.0.0.1", port=port)))
