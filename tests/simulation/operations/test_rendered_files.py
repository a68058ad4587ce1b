"""Every file that the phases write on clean hosts, and every manifest they apply, against golden files."""

from __future__ import annotations

import base64
import json
import re
import tomllib
from configparser import ConfigParser
from typing import Any

import pytest
import yaml
from jinja2 import UndefinedError

import k8s_ha.deploys.phase
from group_data import document
from k8s_ha import (
    admin_hosts,
    container_runtime,
    control_plane,
    kubernetes_packages,
    load_balancer,
    pod_network,
    prepare_host,
    repositories,
    verify,
    workers,
)
from k8s_ha.catalog.compatibility import EL_MAJORS
from k8s_ha.facts.cluster import FlannelConfig, ManifestDigest
from k8s_ha.facts.kernel import Kernel, KernelState, SelinuxMode, SelinuxModes, Swap, SwapState
from k8s_ha.facts.nginx import Nginx
from k8s_ha.facts.node import Node
from k8s_ha.facts.repositories import CentosRepositories
from k8s_ha.facts.runtime import RuntimeService
from k8s_ha.facts.system import Content, Files, Packages, PackagesState, Service, ServiceState
from k8s_ha.facts.units import HostName, HostNames, Units
from k8s_ha.observations.nginx_config import parse
from k8s_ha.observations.runtimes import RuntimeState
from k8s_ha.observations.units import UnitState
from k8s_ha.operations.external_balancer import FILES
from k8s_ha.resources import render
from tests.support.example_cluster import OWN_KUBERNETES, six_host_cluster
from tests.support.golden_files import GOLDEN, assert_golden
from tests.support.nginx_states import state
from tests.support.node_views import NODES, member
from tests.support.operation_bench import Bench
from tests.support.paths import PROJECT
from tests.support.surveys import survey

DEPLOY = (
    *(prepare_host, repositories, container_runtime, kubernetes_packages, load_balancer),
    *(control_plane, workers, pod_network, admin_hosts, verify),
)
TARGET = re.compile(r"mv -f \S+ (/\S+)$|\A(?:FILE|TARGET)=(\S+)$", re.MULTILINE)
EVERYTHING_SET: dict[str, Any] = {
    "kubernetes_version": "1.24.17",
    "registry_mirrors": {
        "docker.io": ["https://one.example", "https://two.example/v2"],
        "quay.io": ["http://q.example"],
    },
    "control_plane_endpoint": "master-lb:8443",
    "pod_cidr": "10.200.0.0/16",
    "flannel_backend": "host-gw",
    "image_repository": "registry.example/k8s",
    "mirror": {
        **OWN_KUBERNETES,
        "docker_baseurl": "https://mirror.example/docker/{distribution}/{el}/{arch}",
        "docker_gpgkey": "https://mirror.example/docker-key",
        "flannel_image": "registry.example/flannel:v0.28.9",
        "flannel_cni_plugin_image": "registry.example/flannel-cni-plugin:v1.9.1-flannel3",
    },
}


class Virgins(Bench):
    """Six hosts with nothing of ours on them, of one EL major, beside a cluster that answers."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, el_major: int, endpoint: str) -> None:
        super().__init__(monkeypatch)
        self.state.check_for_changes = False
        looked_at = survey(el_major, network_manager=True)
        monkeypatch.setattr(k8s_ha.deploys.phase, "surveyed", lambda _: looked_at)
        blank = {
            Node: member(*NODES, api_server_url=f"https://{endpoint}"),
            Files: {},
            Service: ServiceState(False, False, False, None, {}),
            RuntimeService: (ServiceState(False, False, False, None, {}), RuntimeState()),
            Packages: PackagesState({}),
            Units: {"chronyd.service": UnitState("loaded", active=True, file="enabled")},
            Kernel: KernelState((), {}),
            Swap: SwapState((), in_fstab=False, target_masked=True),
            SelinuxMode: SelinuxModes("Disabled", "disabled"),
            HostName: HostNames("localhost", ""),
            Content: lambda path: {"/etc/hosts": b"127.0.0.1 localhost\n"}.get(path, b""),
            Nginx: state(listens=False, unit={"ActiveState": "inactive"}),
            ManifestDigest: "",
            FlannelConfig: ("", ""),
            CentosRepositories: {},
        }
        for facts in self.facts.values():
            facts |= blank

    def written(self, name: str, settings: dict[str, Any]) -> dict[str, str]:
        """What a host is sent on stdin, by the path it goes to, or by the command that reads it."""
        with self.on(name, executing=False) as host:
            for phase in DEPLOY:
                phase(settings=settings)
            sent = [
                (str(yielded), yielded.connector_arguments["_stdin"])
                for data in self.state.ops[host].values()
                for yielded in data.command_generator()
                if "_stdin" in yielded.connector_arguments
            ]
        return dict(file for text, stdin in sent for file in _files(text, stdin))


def _files(command: str, stdin: str) -> list[tuple[str, str]]:
    """Path and text of what is checked or written: all that nginx gets; else a command and its stdin."""
    if command.startswith("CONFIG=/etc/nginx/nginx.conf\n"):
        lines = [line.split(" ") for line in stdin.splitlines()]
        return [(line[1], base64.b64decode(line[3]).decode()) for line in lines if line[0] in ("edit", "own")]
    found = TARGET.search(command)
    return [(found[1] or found[2], base64.b64decode(stdin).decode()) if found else (command, stdin)]


SETTINGS: dict[str, dict[str, Any]] = {
    "defaults": {"kubernetes_version": "1.30.14"},
    "everything-set": EVERYTHING_SET,
    "document": {**document.k8s_ha, "mirror": "aliyun"},
    "cri-dockerd": {
        "kubernetes_version": "1.30.14",
        "container_runtime": "docker",
        "mirror": {"base_url": "https://mirror.example/pub"},
    },
}


def golden_of(label: str, el_major: int, host: str, path: str) -> str:
    """The golden file for a path of a host, or for the manifest that kubectl reads; only some differ between hosts."""
    name = path.strip("/").replace("/", ".") if path.startswith("/") else "flannel.yaml"
    kind = "balancer" if host == "master-lb" else "node"
    variant = {
        "/etc/yum.repos.d/k8s-ha.repo": f"el{el_major}.{kind}.",
        "/etc/sysctl.d/k8s.conf": "el7." if el_major == 7 else "",
        "/etc/containerd/config.toml": "el7." if el_major == 7 else "",
    }.get(path, "")
    return f"rendered/{label}/{variant}{name}"


@pytest.mark.parametrize("el_major", EL_MAJORS)
@pytest.mark.parametrize("label", SETTINGS)
def test_golden_files(monkeypatch: pytest.MonkeyPatch, label: str, el_major: int) -> None:
    settings = SETTINGS[label]
    endpoint = settings.get("control_plane_endpoint", "10.0.1.157:6443")
    compared = set()
    for name in (*NODES, "master-lb"):
        for path, text in Virgins(monkeypatch, el_major, endpoint).written(name, settings).items():
            golden = golden_of(label, el_major, name, path)
            assert_golden(golden, text)
            compared.add(GOLDEN / golden)
    others = {f"el{major}" for major in EL_MAJORS if major != el_major}
    stored = {path for path in (GOLDEN / "rendered" / label).iterdir() if path.name.partition(".")[0] not in others}
    # What EL7 has otherwise is there once more, under the name that all others share.
    shared = {path for path in stored if path.with_name(f"el7.{path.name}") in compared}
    assert stored - shared == compared


def test_golden_file_in_a_stream_block_of_the_owners() -> None:
    text = render("kube-api-server.conf.j2", cluster=six_host_cluster(), shared=True, away=(), also=())
    assert_golden("rendered-shared/etc.nginx.k8s-ha.kube-api-server.conf", text)
    (server,) = (entry for entry in parse(text) if entry.name == "server")
    assert {"listen", "proxy_pass", "access_log", "proxy_protocol"} <= {entry.name for entry in server.block or ()}
    # What it names is no name that the owner may have, and nothing of it is for the owner's servers.
    assert {entry.name for entry in parse(text)} == {"log_format", "upstream", "server"}


@pytest.mark.parametrize("label", SETTINGS)
def test_what_is_rendered_can_be_read(label: str) -> None:
    folder = GOLDEN / "rendered" / label
    manifest = list(yaml.safe_load_all((folder / "flannel.yaml").read_text(encoding="utf-8")))
    settings = next(document for document in manifest if document["kind"] == "ConfigMap")["data"]
    network = json.loads(settings["net-conf.json"])
    assert network["Network"] == SETTINGS[label].get("pod_cidr", "10.244.0.0/16")
    assert json.loads(settings["cni-conf.json"])["name"] == "cbr0"
    for path in folder.glob("*.toml"):
        assert tomllib.loads(path.read_text(encoding="utf-8"))
    for path in folder.glob("*.repo"):
        repositories_file = ConfigParser(interpolation=None)
        repositories_file.read_string(path.read_text(encoding="utf-8"))
        assert all(repositories_file[section]["gpgcheck"] == "1" for section in repositories_file.sections())


def test_every_file_of_the_package_is_rendered_or_copied() -> None:
    """A template that no phase renders is dead; facts and scripts are not written to hosts."""
    rendering = [*(PROJECT / "k8s_ha").rglob("*.py"), *(PROJECT / "templates").rglob("*.j2")]
    sources = "".join(path.read_text(encoding="utf-8") for path in rendering)
    names = [path.name for folder in ("files", "templates") for path in (PROJECT / folder).rglob("*.*")]
    of_balancers = {f"{name}.j2" for name in FILES}
    unnamed = [name for name in names if not re.search(rf"""["'/]{re.escape(name)}["']""", sources)]
    assert {*unnamed} == of_balancers - {"keepalived.conf.j2"}, "of two of that name one is rendered on balancers"


def test_a_value_that_a_template_misses_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        render("containerd-2.toml.j2")
