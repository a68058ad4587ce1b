"""What the steps of a renewal do on their hosts."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from pyinfra.api import Host, StringCommand

import k8s_ha.operations.renewal
import k8s_ha.operations.upgrade
from k8s_ha.catalog.certificates import AUTHORITIES, KUBELET_CLIENT, RENEWABLE
from k8s_ha.cluster_state.renewals import RenewalRule
from k8s_ha.facts.node import Node
from k8s_ha.observations.certificates import Validity
from k8s_ha.observations.node import NodeView
from k8s_ha.operations.commands import path_of_this_run
from k8s_ha.operations.renewal import certificates_renewed, kubelet_certificate_renewed
from k8s_ha.run import Run
from tests.support.example_cluster import six_host_cluster
from tests.support.fakes.looks import certificate
from tests.support.node_views import CA_CERTIFICATE
from tests.support.operation_bench import Bench, Command, Noop, Then, held, refusal
from tests.support.standing_cluster import view_of

CLUSTER = six_host_cluster()
RULE = RenewalRule(timedelta(days=60))
OTHER_CA = f"-----BEGIN CERTIFICATE-----\n{certificate(3000)}\n-----END CERTIFICATE-----"
NEW = "/var/lib/k8s-ha/new-certificates"
CONFIG = "/run/k8s-ha/certificates.0.yaml"
CLIENT = "/run/k8s-ha/kubelet-client.0.pem"
REMOVED = Command(f"rm -f {CONFIG}")


def view(name: str, days: float, kubelet: float = 200, lacking: tuple[str, ...] = (), **changes: Any) -> NodeView:
    """A host whose certificates end after so many days."""
    now = datetime.now(UTC)

    def until(left: float) -> Validity:
        return Validity(now - timedelta(days=300), now + timedelta(days=left))

    paths = [entry.path for entry in RENEWABLE if name.startswith("master") and entry.name != "super-admin.conf"]
    certificates = {**dict.fromkeys(paths, until(days)), KUBELET_CLIENT: until(kubelet), AUTHORITIES[0]: until(3000)}
    made = view_of(CLUSTER, CLUSTER.host(name), etcd_healthy=True, **changes)
    return replace(made, standing=replace(made.standing, certificates=certificates, lacking_keys=lacking))


class Stage(Bench):
    """Six hosts; ``ran`` are scripts that ran elsewhere, as host and text, and ``signed`` who was asked to sign."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(monkeypatch)
        self.run = Run(CLUSTER)
        self.ran: list[tuple[str, str]] = []
        self.signed: list[tuple[str, Any]] = []
        self.silently: list[tuple[str, str]] = []
        self.fails = ""
        monkeypatch.setattr(k8s_ha.operations.renewal, "run_elsewhere", self._run_elsewhere)
        monkeypatch.setattr(k8s_ha.operations.drain, "run_elsewhere", self._run_elsewhere)
        monkeypatch.setattr(k8s_ha.operations.renewal, "run_silently", self._sign)
        monkeypatch.setattr(
            k8s_ha.operations.renewal, "path_of_this_run", lambda name, end="yaml": f"/run/k8s-ha/{name}.0.{end}"
        )
        for node in CLUSTER.nodes:
            self.facts[node.name][Node] = view(node.name, 300)

    def _run_elsewhere(self, target: Host, command: StringCommand) -> str | None:
        self.ran.append((target.name, str(command).replace("'\"'\"'", "'")))
        return self.fails or None

    def _sign(self, target: Host, command: str, stdin: str = "", seconds: int = 0) -> str | None:
        if not stdin:
            self.silently.append((target.name, command))
            return ""
        self.signed.append((target.name, [*yaml.safe_load_all(stdin)]))
        return None if target.name in self.fails else "certificate\nkey"


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


def renew(stage: Stage, **arguments: Any) -> list[Any]:
    return stage.steps(certificates_renewed, on="master2", run=stage.run, rule=RULE, **arguments)


def test_what_lasts_is_left_alone(stage: Stage) -> None:
    assert renew(stage) == [Noop("its certificates last")]
    assert renew(stage, revives=True) == []  # it serves, which is waited for
    assert stage.ran == []


def test_while_preparing_nothing_is_asked(stage: Stage) -> None:
    assert stage.steps(certificates_renewed, run=stage.run, rule=RULE, executing=False) == [
        Command("kubeadm certs renew")
    ]
    planned = Command("kubeadm init phase kubeconfig kubelet")
    assert stage.steps(kubelet_certificate_renewed, run=stage.run, rule=RULE, executing=False) == [planned]


@pytest.mark.parametrize("serves", [True, False])
def test_all_that_is_there_is_renewed_beside_what_serves(stage: Stage, serves: bool) -> None:
    stage.facts["master2"][Node] = view("master2", 10)
    if not serves:
        stage.facts["master2"][Node] = Then(replace(view("master2", 10), ready=False), view("master2", 300)).reading()
    written, *rest = renew(stage)
    assert rest == [REMOVED]
    _, kept = yaml.safe_load_all(held(written))
    assert kept["certificatesDir"] == NEW
    ((name, script),) = stage.ran
    assert name == "master2"
    assert "kube-apiserver admin.conf /etc/kubernetes/admin.conf\n" in script
    assert "super-admin.conf" not in script
    assert "\nRUNTIME=containerd\n" in script
    assert f"\nREVIVES={'' if serves else 'yes'}" in script.replace("''", "")
    assert f"\nCONFIG={CONFIG}\n" in script


def test_one_that_serves_after_all_gets_back_what_it_had(stage: Stage) -> None:
    stage.facts["master2"][Node] = view("master2", 10)
    renew(stage, revives=True)
    assert "\nREVIVES=''\n" in stage.ran[0][1]


def test_the_script_knows_since_when_others_may_have_done_its_work(stage: Stage) -> None:
    """By the host's own clock."""
    earlier = datetime.now(UTC) - timedelta(days=200)
    stage.facts["master2"][Node] = replace(view("master2", -100), clock=earlier)
    assert renew(stage) == [Noop("its certificates last")]
    stage.facts["master2"][Node] = replace(view("master2", -190), clock=earlier)
    renew(stage)
    (seen,) = re.findall(r"\nSEEN=(\d+)\n", stage.ran[0][1])
    # Its clock goes on while the test runs.
    assert 0 <= int(seen) - int(earlier.timestamp()) < 60


def test_no_two_runs_have_a_file_in_common() -> None:
    """The script of one that was cut off removes what it was given, when it ends."""
    paths = {path_of_this_run("kubelet-client", "pem") for _ in range(20)}
    assert len(paths) == 20
    assert all(re.fullmatch(r"/run/k8s-ha/kubelet-client\.[0-9a-f]{8}\.pem", path) for path in paths)


@pytest.mark.parametrize(
    ("cri", "runtime"),
    [("dockershim", "docker"), ("cri-dockerd", "docker"), ("containerd", "containerd"), (None, "containerd")],
)
def test_the_runtime_is_the_one_that_stands(stage: Stage, cri: str | None, runtime: str) -> None:
    stage.run.surveys = {"master2": SimpleNamespace(cri=cri)}  # type: ignore[dict-item]
    stage.facts["master2"][Node] = view("master2", 10)
    renew(stage)
    assert f"\nRUNTIME={runtime}\n" in stage.ran[0][1]


def test_one_that_fails_says_why(stage: Stage) -> None:
    stage.facts["master2"][Node] = view("master2", 10)
    stage.fails = "master2: a reason"
    assert renew(stage)[1:] == [REMOVED, refusal("master2: a reason")]


def test_one_that_does_not_serve_afterwards_is_told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(k8s_ha.operations.upgrade, "SECONDS_TO_SERVE", 0)
    stage.facts["master2"][Node] = replace(view("master2", 10), etcd_healthy=False)
    (*_, last) = renew(stage)
    assert "is not ready 0 seconds after its certificates were renewed" in last.text
    # etcd alone needs the others.
    assert renew(stage, revives=True, up_to="etcd")[1:] == [REMOVED]


def kubelet(stage: Stage, on: str = "worker1", **arguments: Any) -> list[Any]:
    return stage.steps(kubelet_certificate_renewed, on=on, run=stage.run, rule=RULE, **arguments)


def test_a_kubelet_that_renews_its_own_is_left_alone(stage: Stage) -> None:
    assert kubelet(stage) == [Noop("its kubelet's certificate lasts, or is renewed by the kubelet")]
    # What a run may have left that was cut off before its script began.
    assert stage.silently == [("worker1", "rm -f /run/k8s-ha/kubelet-client.*")]


def test_a_kubelets_certificate_is_made_on_a_control_plane_and_its_node_waited_for(stage: Stage) -> None:
    stage.facts["worker1"][Node] = view("worker1", 0, kubelet=-1)
    written, installed, last = kubelet(stage)
    assert held(written) == "certificate\nkey\n"
    assert "chmod 600" in written.text
    assert "NAME=install-kubelet-certificate\n" in installed.text
    assert f"FROM={CLIENT}\n" in installed.text
    assert CLIENT in written.text
    assert "certificate\nkey" not in written.text + installed.text
    ((signer, (init, kept)),) = stage.signed
    assert (signer, init["nodeRegistration"]["name"], kept["certificatesDir"]) == (
        "master1",
        "worker1",
        "/etc/kubernetes/pki",
    )
    assert last == Command("true")
    assert [name for name, _ in stage.ran] == ["master1"]


def test_a_control_plane_signs_its_own_and_waits_for_nobody_where_nobody_serves(stage: Stage) -> None:
    for name in ("master1", "master2", "master3"):
        stage.facts[name][Node] = view(name, -1, kubelet=-1, ready=False, nodes=())
    assert len(kubelet(stage, "master2", waits=False)) == 2
    assert [name for name, _ in stage.signed] == ["master2"]
    assert stage.ran == []


def test_who_lacks_the_key_is_not_asked(stage: Stage) -> None:
    stage.facts["worker1"][Node] = view("worker1", 0, kubelet=-1)
    stage.facts["master1"][Node] = view("master1", 300, lacking=("/etc/kubernetes/pki/ca.key",))
    stage.fails = "master2 master3"
    (last,) = kubelet(stage)
    assert [name for name, _ in stage.signed] == ["master2", "master3"]
    assert "worker1: no control plane made a certificate for its kubelet" in last.text


def test_only_who_has_the_nodes_own_ca_is_asked(stage: Stage) -> None:
    stage.facts["worker1"][Node] = view("worker1", 0, kubelet=-1)
    stage.facts["master1"][Node] = replace(view("master1", 300), ca_certificate=OTHER_CA)
    rotating = replace(view("master2", 300), ca_certificate=f"{CA_CERTIFICATE}\n{OTHER_CA}")
    stage.facts["master2"][Node] = rotating
    kubelet(stage)
    assert [name for name, _ in stage.signed] == ["master3"]
