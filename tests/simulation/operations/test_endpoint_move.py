"""What the steps of a moving endpoint do on their hosts, and what they put back where that fails."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import yaml
from pyinfra.api import Host, StringCommand

import k8s_ha.operations.endpoint_move
import k8s_ha.operations.settings_rollout
from k8s_ha.desired.kubeadm_config import kept_configuration
from k8s_ha.facts.cluster import ClusterInfo
from k8s_ha.facts.endpoint_proof import EndpointProofFact
from k8s_ha.facts.node import Node
from k8s_ha.observations.endpoint_proof import EndpointProof
from k8s_ha.observations.kubeconfig import servers_in
from k8s_ha.observations.node import NodeView
from k8s_ha.observations.standing import KEPT_KUBECONFIGS
from k8s_ha.operations.endpoint_move import endpoint_kept, endpoint_proved, kube_proxy_moved, kubeconfigs_moved
from k8s_ha.run import Run
from k8s_ha.settings import Cluster
from tests.support.example_cluster import six_host_cluster
from tests.support.node_views import CA_CERTIFICATE
from tests.support.operation_bench import Bench, Command, Noop
from tests.support.standing_cluster import objects, view_of

OLD = six_host_cluster()
NEW = six_host_cluster(endpoint={"port": 8443})
FORMER, SERVER = "https://10.0.1.157:6443", "https://10.0.1.157:8443"
EDITS = {("ClusterConfiguration", ("controlPlaneEndpoint",)): "10.0.1.157:8443"}
INFO = {
    "metadata": {"name": "cluster-info"},
    "data": {"jws-kubeconfig-a": "x", "kubeconfig": f"    server: {FORMER}\n"},
}


def host_of(names: Cluster, name: str, keeps: Cluster = OLD, **changes: Any) -> NodeView:
    """A host that names an endpoint, in a cluster that keeps one."""
    view = view_of(names, names.host(name))
    held = replace(view.standing, objects=objects(keeps, kept_configuration(keeps)), **changes)
    return replace(view, standing=held)


class Stage(Bench):
    """Hosts that name the former endpoint.

    + ran: host and name of each long command, or the ConfigMap's data of each replacement elsewhere
    + fails: names of long commands that fail
    + moves: whether a move has its effect
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(monkeypatch)
        self.run = Run(NEW)
        self.run.former_endpoints = ("10.0.1.157:6443",)
        self.ran: list[tuple[str, str]] = []
        self.fails: set[str] = set()
        self.moves = True
        self.scripts: dict[str, str] = {}
        for module in (k8s_ha.operations.endpoint_move, k8s_ha.operations.settings_rollout):
            monkeypatch.setattr(module, "run_elsewhere", self._run_elsewhere)
        monkeypatch.setattr(k8s_ha.operations.endpoint_move, "SECONDS_TO_LEAD", 0)
        for node in OLD.nodes:
            self.facts[node.name][Node] = host_of(OLD, node.name)

    def _run_elsewhere(self, target: Host, command: StringCommand) -> str | None:
        text = str(command).replace("'\"'\"'", "'")
        name = text.partition("NAME=")[2].partition("\n")[0]
        action = text.partition("ACTION=")[2].partition("\n")[0]
        name = f"{name} {action}".strip()
        self.ran.append((target.name, name))
        self.scripts[name] = text
        if name in self.fails:
            return f"{name} says why"
        if name == "move-kubeconfigs move" and self.moves:
            self.facts[target.name][Node] = host_of(NEW, target.name, NEW, set_aside=(KEPT_KUBECONFIGS,))
        if name == "move-kubeconfigs keep" and self.moves:
            self.facts[target.name][Node] = host_of(NEW, target.name, NEW)
        return None

    def do(self, operation: Any, on: str, **arguments: Any) -> list[Any]:
        return self.steps(operation, on=on, run=self.run, **arguments)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


def failure(steps: list[Any]) -> str:
    last = steps[-1]
    assert isinstance(last, Command), steps
    assert last.text.endswith(">&2; exit 1"), steps
    return last.text


def test_kubeconfigs_are_changed_the_node_waited_for_and_the_former_ones_forgotten(stage: Stage) -> None:
    (done,) = stage.do(kubeconfigs_moved, "worker1")
    assert done == Command("true")
    assert stage.ran == [
        ("worker1", "move-kubeconfigs move"),
        ("master1", "await-worker1"),
        ("worker1", "move-kubeconfigs keep"),
    ]
    script = stage.scripts["move-kubeconfigs move"]
    assert f"\nFORMER={FORMER}\n" in script
    assert f"\nSERVER={SERVER}\n" in script
    assert "\nFILES=/etc/kubernetes/kubelet.conf\n" in script


def test_a_control_planes_own_ways_stay(stage: Stage) -> None:
    stage.do(kubeconfigs_moved, "master2")
    script = stage.scripts["move-kubeconfigs move"]
    assert "FILES='/etc/kubernetes/admin.conf /etc/kubernetes/kubelet.conf /root/.kube/config'\n" in script


def test_where_they_name_it_nothing_is_done(stage: Stage) -> None:
    stage.facts["worker1"][Node] = host_of(NEW, "worker1", NEW)
    assert stage.do(kubeconfigs_moved, "worker1") == [Noop("its kubeconfigs name the endpoint")]


def test_one_whose_former_ones_are_kept_is_waited_for_again(stage: Stage) -> None:
    stage.facts["worker1"][Node] = host_of(NEW, "worker1", NEW, set_aside=(KEPT_KUBECONFIGS,))
    stage.do(kubeconfigs_moved, "worker1")
    assert [name for _, name in stage.ran] == ["move-kubeconfigs move", "await-worker1", "move-kubeconfigs keep"]


def test_a_script_that_fails_fails_the_host_and_has_put_them_back_itself(stage: Stage) -> None:
    stage.fails = {"move-kubeconfigs move"}
    assert "move-kubeconfigs move says why" in failure(stage.do(kubeconfigs_moved, "worker1"))
    assert [name for _, name in stage.ran] == ["move-kubeconfigs move"]


@pytest.mark.parametrize("back", [True, False])
def test_a_node_that_does_not_become_ready_gets_them_back(stage: Stage, back: bool) -> None:
    stage.fails = {"await-worker1"} | ({"move-kubeconfigs restore"} if not back else set())
    said = failure(stage.do(kubeconfigs_moved, "worker1"))
    assert "await-worker1 says why" in said
    words = "its former kubeconfigs are back" if back else "move-kubeconfigs restore says why"
    assert words in said
    assert stage.ran[-1] == ("worker1", "move-kubeconfigs restore")


def test_a_file_that_could_not_be_changed_is_named(stage: Stage) -> None:
    stage.moves = False
    assert f"its /etc/kubernetes/kubelet.conf still names {FORMER}" in failure(stage.do(kubeconfigs_moved, "worker1"))


def test_without_an_api_server_nothing_is_changed(stage: Stage) -> None:
    for name in ("master1", "master2", "master3"):
        stage.facts[name][Node] = replace(host_of(OLD, name), ready=False)
    assert "no API server of the cluster answers" in failure(stage.do(kubeconfigs_moved, "worker1"))
    assert stage.ran == []


def config_map(step: Any) -> dict[str, Any]:
    assert isinstance(step, Command)
    return dict(json.loads(step.stdin))


def test_the_cluster_keeps_the_endpoint_before_joining_hosts_are_told(stage: Stage) -> None:
    stage.facts["master1"][ClusterInfo] = INFO
    kept, info = map(config_map, stage.do(endpoint_kept, "master1", edits=EDITS))
    text = kept["data"]["ClusterConfiguration"]
    assert yaml.safe_load(text)["controlPlaneEndpoint"] == "10.0.1.157:8443"
    assert "10.0.1.157:6443" in kept["metadata"]["annotations"]["k8s-ha/former-configurations"]
    assert info == {**INFO, "data": {"jws-kubeconfig-a": "x", "kubeconfig": f"    server: {SERVER}\n"}}


@pytest.mark.parametrize(
    "info",
    [{}, {"data": {"kubeconfig": f"    server: {SERVER}\n"}}, {"data": {"kubeconfig": "    server: https://c:1\n"}}],
)
def test_what_joining_hosts_are_told_by_somebody_else_stays(stage: Stage, info: dict[str, Any]) -> None:
    stage.facts["master1"][ClusterInfo] = info
    assert stage.do(endpoint_kept, "master1", edits={}) == [Noop("the cluster keeps it")]


def proxy_server(step: Any) -> tuple[str, bool]:
    """Where kube-proxy is told to ask, and whether that is noted as under way."""
    found = config_map(step)
    noted = "k8s-ha/former-configurations" in found["metadata"].get("annotations", {})
    return servers_in(found["data"]["kubeconfig.conf"])[0], noted


def test_kube_proxy_asks_there_and_its_pods_are_restarted(stage: Stage) -> None:
    steps = stage.do(kube_proxy_moved, "master1")
    assert proxy_server(steps[0]) == (SERVER, True)
    assert stage.ran == [("master1", "roll-kube-proxy")]
    assert not proxy_server(steps[1])[1]
    assert steps[-1] == Command("true")


def test_kube_proxy_that_does_not_come_up_asks_where_it_did(stage: Stage) -> None:
    stage.fails = {"roll-kube-proxy"}
    steps = stage.do(kube_proxy_moved, "master1")
    assert [proxy_server(step) for step in steps[:2]] == [(SERVER, True), (FORMER, True)]
    assert len(stage.ran) == 2
    assert "roll-kube-proxy says why" in failure(steps)


def test_kube_proxy_of_somebody_elses_is_left_alone(stage: Stage) -> None:
    view = host_of(OLD, "master1")
    text = view.standing.objects.replace(FORMER, "https://own.example:443")
    stage.facts["master1"][Node] = replace(view, standing=replace(view.standing, objects=text))
    assert stage.do(kube_proxy_moved, "master1") == [Noop("kube-proxy asks there")]


def test_what_leads_nowhere_fails_before_anything_names_it(stage: Stage) -> None:
    stage.run.surveys = {}
    for node in OLD.nodes:
        stage.facts[node.name][EndpointProofFact] = EndpointProof((), ("no connection",))
    surveyed = type("Survey", (), {"node": True})()
    stage.run.surveys = dict.fromkeys([node.name for node in OLD.nodes], surveyed)
    said = failure(stage.do(endpoint_proved, "master1"))
    assert "The endpoint was not moved: the cluster: the endpoint 10.0.1.157:8443 does not lead to this cluster" in said
    assert CA_CERTIFICATE not in said
