"""What the steps of other settings do on their hosts, and what they put back where that fails."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
import yaml
from pyinfra.api import Host, StringCommand

import k8s_ha.operations.kept_configuration
import k8s_ha.operations.settings_rollout
from k8s_ha.desired.kubeadm_config import kept_configuration
from k8s_ha.facts.node import Node
from k8s_ha.observations.node import NodeView
from k8s_ha.observations.standing import FORMER
from k8s_ha.operations.kept_configuration import configuration_kept, former_forgotten
from k8s_ha.operations.settings_rollout import (
    addons_configured,
    certificate_issued,
    kube_proxy_configured,
    kubelet_configured,
    static_pods_configured,
    static_pods_put_back,
)
from k8s_ha.run import Run
from k8s_ha.settings import Cluster
from tests.support.example_cluster import six_host_cluster
from tests.support.operation_bench import Bench, Command, Noop, Then, held
from tests.support.standing_cluster import objects, static_pods, view_of

OLD = six_host_cluster()
API = "kubeadm.k8s.io/v1beta3"
PATCHES: dict[str, Any] = {
    "ClusterConfiguration": {"apiServer": {"extraArgs": {"audit-log-path": "/a"}}},
    "KubeletConfiguration": {"maxPods": 200},
    "KubeProxyConfiguration": {"conntrack": {"maxPerCore": 1}},
}
NEW = six_host_cluster(kubeadm_patches=PATCHES, cert_extra_sans=["api.example"])
MAPS = {
    "ClusterConfiguration": ("kubeadm-config", "ClusterConfiguration"),
    "KubeletConfiguration": ("kubelet-config", "kubelet"),
    "KubeProxyConfiguration": ("kube-proxy", "config.conf"),
}
CLUSTER, KUBELET, KUBE_PROXY = MAPS
CHANGES = {
    CLUSTER: {(CLUSTER, ("apiServer", "extraArgs", "audit-log-path")): "/a"},
    KUBE_PROXY: {(KUBE_PROXY, ("conntrack", "maxPerCore")): 1},
}


def maps(kept: Cluster, former: Mapping[str, list[str]] | None = None) -> str:
    """The ConfigMaps, with what they held before."""
    listed = json.loads(objects(kept, kept_configuration(kept)))
    for item in listed["items"]:
        if item["metadata"]["name"] == "kubeadm-config":
            document = yaml.safe_load(item["data"][CLUSTER])
            item["data"][CLUSTER] = yaml.safe_dump(document | {"apiVersion": API, "kind": CLUSTER})
        for kind, texts in (former or {}).items():
            if item["metadata"]["name"] == MAPS[kind][0]:
                item["metadata"]["annotations"] = {FORMER: json.dumps(texts), "other": "stays"}
    return json.dumps(listed)


def host_of(
    stands: Cluster, name: str, keeps: Cluster | None = None, former: Mapping[str, list[str]] | None = None
) -> NodeView:
    """A host that stands so, in a cluster that keeps that."""
    view = view_of(stands, stands.host(name))
    return replace(view, standing=replace(view.standing, objects=maps(keeps or stands, former)))


class Stage(Bench):
    """Hosts that stand with the old settings, in a cluster that keeps the new ones.

    + ran: host and name of each long command, or the ConfigMap's data and annotations of each replacement elsewhere
    + fails: names of long commands that fail
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(monkeypatch)
        self.run = Run(NEW)
        self.ran: list[tuple[str, Any]] = []
        self.fails: set[str] = set()
        self.scripts: dict[str, str] = {}
        for module in (k8s_ha.operations.settings_rollout, k8s_ha.operations.kept_configuration):
            monkeypatch.setattr(module, "run_elsewhere", self._run_elsewhere)
        self.stand(OLD, NEW)

    def stand(self, stands: Cluster, keeps: Cluster, former: Mapping[str, list[str]] | None = None) -> None:
        for node in OLD.nodes:
            self.facts[node.name][Node] = host_of(stands, node.name, keeps, former)

    def _run_elsewhere(self, target: Host, command: StringCommand) -> str | None:
        text, stdin = unquoted(str(command)), command.connector_arguments.get("_stdin")
        name = text.partition("NAME=")[2].partition("\n")[0]
        if stdin is not None:
            self.ran.append((target.name, replacement(stdin)))
            return None
        action = text.partition("ACTION=")[2].partition("\n")[0]
        name = f"{name} {action}".strip()
        self.ran.append((target.name, name))
        self.scripts[name] = text
        return f"{name} says why" if name in self.fails else None

    def do(self, operation: Any, on: str, **arguments: Any) -> list[Any]:
        return self.steps(operation, on=on, run=self.run, **arguments)


def unquoted(text: str) -> str:
    """A script that is quoted within another one."""
    return text.replace("'\"'\"'", "'")


def replacement(stdin: str) -> tuple[str, Mapping[str, str], list[str]]:
    """Name and data of a ConfigMap that replaces one, and what it notes as kept before."""
    found = json.loads(stdin)
    annotations = found["metadata"].get("annotations", {})
    return found["metadata"]["name"], found["data"], json.loads(annotations.get(FORMER, "[]"))


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


def only(steps: list[Any]) -> Command:
    (step,) = steps
    assert isinstance(step, Command)
    return step


# ConfigMaps


def test_what_is_kept_changes_and_what_it_was_is_noted(stage: Stage) -> None:
    stage.stand(OLD, OLD)
    given = only(stage.do(configuration_kept, "master1", edits=CHANGES[CLUSTER], remembers=True))
    name, data, former = replacement(given.stdin or "")
    kept = yaml.safe_load(data[CLUSTER])
    assert name == "kubeadm-config"
    assert kept["apiServer"]["extraArgs"] == {"audit-log-path": "/a"}
    assert [yaml.safe_load(text) for text in former] == [
        {key: value for key, value in kept.items() if key != "apiServer"}
        | {"apiServer": {"certSANs": kept["apiServer"]["certSANs"]}}
    ]


def test_a_change_on_a_change_notes_both(stage: Stage) -> None:
    stage.stand(OLD, OLD, {CLUSTER: ["a: 1"]})
    given = only(stage.do(configuration_kept, "master1", edits=CHANGES[CLUSTER], remembers=True))
    former = replacement(given.stdin or "")[2]
    assert (former[0], len(former)) == ("a: 1", 2)


def test_where_an_upgrade_changes_what_is_kept_nothing_is_noted(stage: Stage) -> None:
    stage.stand(OLD, OLD)
    given = only(stage.do(configuration_kept, "master1", edits=CHANGES[CLUSTER]))
    assert replacement(given.stdin or "")[2] == []


def test_what_is_kept_already_is_left_alone(stage: Stage) -> None:
    given = stage.do(configuration_kept, "master1", edits=CHANGES[CLUSTER], remembers=True)
    assert given == [Noop("the cluster keeps that")]


def test_what_was_noted_is_forgotten_and_other_annotations_stay(stage: Stage) -> None:
    stage.stand(NEW, NEW, {CLUSTER: ["a: 1"]})
    given = json.loads(only(stage.do(former_forgotten, "master1", kind=CLUSTER)).stdin or "")
    assert given["metadata"]["annotations"] == {"other": "stays"}
    stage.stand(NEW, NEW)
    assert stage.do(former_forgotten, "master1", kind=CLUSTER) == [Noop("nothing is noted there")]


# Static pods

SERVER = {"components": ("kube-apiserver",)}


def test_a_static_pod_is_configured_by_what_the_cluster_keeps(stage: Stage) -> None:
    written, removed = stage.do(static_pods_configured, "master2", **SERVER)
    first, cluster = yaml.safe_load_all(held(written))
    assert (first["kind"], first["nodeRegistration"]["name"], first["apiVersion"]) == (
        "InitConfiguration",
        "master2",
        API,
    )
    assert cluster["apiServer"]["extraArgs"] == {"audit-log-path": "/a"}
    assert "chmod 600" in written.text
    # The script of a run that was cut off removes its own when it ends.
    (path,) = re.findall(r"mv -f \S+ (/run/k8s-ha/static-pods\.[0-9a-f]{8}\.yaml)$", written.text)
    assert removed == Command(f"rm -f {path}")
    assert stage.ran == [("master2", "configure-static-pods")]
    script = stage.scripts["configure-static-pods"]
    assert "COMPONENTS=kube-apiserver\n" in script
    assert f"CONFIG={path}\n" in script


def test_one_that_is_as_kept_is_left_alone(stage: Stage) -> None:
    stage.stand(NEW, NEW)
    assert stage.do(static_pods_configured, "master2", **SERVER) == [
        Noop("its manifests are as the cluster keeps them")
    ]
    assert stage.ran == []


def cut_off(stage: Stage, name: str, *parts: str, ready: bool = True) -> None:
    """A host on which a change was cut off, although it holds what the cluster keeps."""
    stage.stand(NEW, NEW)
    own = stage.facts[name][Node]
    stage.facts[name][Node] = replace(own, ready=ready, standing=replace(own.standing, set_aside=parts))


def test_one_that_was_cut_off_is_configured_again_whatever_its_manifest_says(stage: Stage) -> None:
    cut_off(stage, "master2", "kube-apiserver")
    stage.do(static_pods_configured, "master2", **SERVER)
    assert stage.ran == [("master2", "configure-static-pods")]


def test_what_was_kept_is_put_back_where_the_server_is_silent(stage: Stage) -> None:
    cut_off(stage, "master2", "kube-apiserver", ready=False)
    given = only(stage.do(static_pods_put_back, "master2"))
    assert "NAME=put-static-pods-back\n" in unquoted(given.text)
    for parts, ready in ((("kube-apiserver",), True), ((), False)):
        cut_off(stage, "master2", *parts, ready=ready)
        assert stage.do(static_pods_put_back, "master2") == [Noop("it serves")]


def test_where_it_does_not_come_up_the_cluster_keeps_what_it_kept_before(stage: Stage) -> None:
    stage.stand(OLD, NEW, {CLUSTER: ["clusterName: older", "kubernetesVersion: v1.30.14"]})
    stage.fails = {"configure-static-pods"}
    *_, failed = stage.do(static_pods_configured, "master2", **SERVER)
    (_, (where, (name, data, former))) = stage.ran
    assert (where, name, data[CLUSTER]) == ("master2", "kubeadm-config", "kubernetesVersion: v1.30.14")
    assert former[0] == "clusterName: older"
    assert [yaml.safe_load(text)["apiServer"]["extraArgs"] for text in former[1:]] == [{"audit-log-path": "/a"}]
    assert "configure-static-pods says why" in failed.text
    assert "The cluster keeps the ClusterConfiguration of before again." in failed.text


def test_a_host_that_merely_lagged_changes_nothing_of_the_cluster(stage: Stage) -> None:
    stage.fails = {"configure-static-pods"}
    *_, failed = stage.do(static_pods_configured, "master2", **SERVER)
    assert stage.ran == [("master2", "configure-static-pods")]
    assert failed.text == "echo 'configure-static-pods says why' >&2; exit 1"


def test_another_control_plane_tells_what_is_kept_where_the_own_is_down(stage: Stage) -> None:
    own = stage.facts["master2"][Node]
    stage.facts["master2"][Node] = replace(own, ready=False, standing=replace(own.standing, objects=""))
    stage.do(static_pods_configured, "master2", **SERVER)
    assert stage.ran == [("master2", "configure-static-pods")]


def test_images_are_pulled_first_where_they_come_from_elsewhere(stage: Stage) -> None:
    for repository, word in ((NEW.image_repository, "IMAGES=''"), ("other.example", "IMAGES=yes")):
        pods = static_pods(OLD, kept_configuration(OLD))
        changed = {name: text.replace(OLD.image_repository, repository) for name, text in pods.items()}
        own = stage.facts["master2"][Node]
        stage.facts["master2"][Node] = replace(own, standing=replace(own.standing, static_pods=changed))
        stage.do(static_pods_configured, "master2", **SERVER)
        assert word in stage.scripts["configure-static-pods"]


@pytest.mark.parametrize(
    ("operation", "arguments", "problem"),
    [
        (static_pods_configured, SERVER, "its static pods were not configured"),
        (certificate_issued, {}, "its certificate was not made anew"),
        (kubelet_configured, {}, "its kubelet was not configured"),
    ],
)
def test_without_an_api_server_nothing_is_done(
    stage: Stage, operation: Any, arguments: Mapping[str, Any], problem: str
) -> None:
    for name in ("master1", "master2", "master3"):
        stage.facts[name][Node] = replace(stage.facts[name][Node], ready=False)
    failed = only(stage.do(operation, "master2", **arguments))
    assert f"master2: {problem}: no API server of the cluster answers" in failed.text
    assert stage.ran == []


# Certificates


def with_names(monkeypatch: pytest.MonkeyPatch, *names: tuple[str, ...]) -> None:
    """The certificate's names, each time that they are looked at."""
    read = Then(*names).reading()
    monkeypatch.setattr("k8s_ha.observations.standing.Standing.certificate_names", property(lambda _: read()))


WHOLE = ("10.0.1.157", "master-lb", "api.example", "kubernetes")


def test_a_certificate_is_made_by_what_the_cluster_keeps(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    with_names(monkeypatch, ("kubernetes",), WHOLE)
    written, _ = stage.do(certificate_issued, "master3")
    assert "api.example" in held(written)
    assert stage.ran == [("master3", "issue-serving-certificate")]


def test_a_certificate_with_these_names_is_left_alone(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    with_names(monkeypatch, WHOLE)
    assert stage.do(certificate_issued, "master3") == [Noop("its certificate has these names")]


def test_one_whose_certificate_of_before_is_kept_is_made_anew(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    cut_off(stage, "master3", "apiserver-certificate")
    with_names(monkeypatch, WHOLE)
    stage.do(certificate_issued, "master3")
    assert stage.ran == [("master3", "issue-serving-certificate")]


def test_a_certificate_that_lacks_a_name_afterwards_is_told(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    with_names(monkeypatch, ("kubernetes",), ("10.0.1.157", "master-lb"))
    *_, failed = stage.do(certificate_issued, "master3")
    assert "master3: its new certificate has no name api.example" in failed.text


def test_a_certificate_that_does_not_serve_puts_back_what_is_kept(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.stand(OLD, NEW, {CLUSTER: ["kubernetesVersion: v1.30.14"]})
    stage.fails = {"issue-serving-certificate"}
    with_names(monkeypatch, ("kubernetes",))
    *_, failed = stage.do(certificate_issued, "master3")
    assert [what[0] for _, what in stage.ran[1:]] == ["kubeadm-config"]
    assert "of before again" in failed.text


# Kubelets


def test_a_kubelet_is_configured_and_its_node_awaited(stage: Stage) -> None:
    assert stage.do(kubelet_configured, "worker1") == [Command("true")]
    assert stage.ran == [
        ("worker1", "configure-kubelet configure"),
        ("master1", "await-worker1"),
        ("worker1", "configure-kubelet keep"),
    ]


def test_a_kubelet_that_does_not_come_up_is_not_awaited(stage: Stage) -> None:
    stage.fails = {"configure-kubelet configure"}
    assert "configure-kubelet configure says why" in only(stage.do(kubelet_configured, "worker1")).text
    assert stage.ran == [("worker1", "configure-kubelet configure")]


def test_a_node_that_does_not_become_ready_gets_its_old_configuration_back(stage: Stage) -> None:
    stage.fails = {"await-worker1"}
    failed = only(stage.do(kubelet_configured, "worker1"))
    assert stage.ran[-1] == ("worker1", "configure-kubelet restore")
    assert "await-worker1 says why\nworker1: the old configuration of its kubelet is back" in failed.text


def test_a_kubelet_that_is_as_kept_is_left_alone(stage: Stage) -> None:
    stage.stand(NEW, NEW)
    assert stage.do(kubelet_configured, "worker1") == [Noop("its kubelet's file is as the cluster keeps it")]


# kube-proxy and the add-ons


def test_kube_proxy_is_changed_rolled_and_settled(stage: Stage) -> None:
    before, after = host_of(OLD, "master1"), host_of(NEW, "master1", former={KUBE_PROXY: ["mode: iptables"]})
    changed, settled, end = stage.do(
        kube_proxy_configured, "master1", facts={Node: Then(before, after)}, edits=CHANGES[KUBE_PROXY]
    )
    name, data, former = replacement(changed.stdin)
    assert (name, yaml.safe_load(data["config.conf"])["conntrack"]) == ("kube-proxy", {"maxPerCore": 1})
    assert len(former) == 1
    assert replacement(settled.stdin)[2] == []
    assert (stage.ran, end) == ([("master1", "roll-kube-proxy")], Command("true"))


def test_pods_that_a_run_that_was_cut_off_has_not_restarted_are(stage: Stage) -> None:
    noted = host_of(NEW, "master1", former={KUBE_PROXY: ["mode: iptables"]})
    settled, _ = stage.do(kube_proxy_configured, "master1", facts={Node: noted}, edits={})
    assert replacement(settled.stdin)[2] == []
    assert stage.ran == [("master1", "roll-kube-proxy")]


def test_kube_proxy_that_does_not_come_up_is_put_back(stage: Stage) -> None:
    noted = host_of(NEW, "master1", former={KUBE_PROXY: ["mode: iptables"]})
    stage.fails = {"roll-kube-proxy"}
    back, failed = stage.do(kube_proxy_configured, "master1", facts={Node: noted}, edits={})
    name, data, former = replacement(back.stdin)
    assert (name, data["config.conf"], len(former)) == ("kube-proxy", "mode: iptables", 1)
    assert stage.ran == [("master1", "roll-kube-proxy")] * 2
    assert "roll-kube-proxy says why\nroll-kube-proxy says why" in failed.text


def test_kube_proxy_of_before_is_settled_where_it_runs(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    said = iter(["a reason", None])
    monkeypatch.setattr(k8s_ha.operations.settings_rollout, "run_elsewhere", lambda *_: next(said))
    noted = host_of(NEW, "master1", former={KUBE_PROXY: ["mode: iptables"]})
    back, settled, failed = stage.do(kube_proxy_configured, "master1", facts={Node: noted}, edits={})
    assert [len(replacement(step.stdin)[2]) for step in (back, settled)] == [1, 0]
    assert "a reason\nkube-proxy runs on every node with its configuration of before." in failed.text


def test_kube_proxy_without_a_configuration_of_before_keeps_its_own(stage: Stage) -> None:
    stage.fails = {"roll-kube-proxy"}
    failed = only(stage.do(kube_proxy_configured, "master1", facts={Node: host_of(NEW, "master1")}, edits={}))
    assert "roll-kube-proxy says why" in failed.text


@pytest.mark.parametrize("has_kube_proxy", [True, False])
def test_add_ons_are_applied_with_what_the_cluster_keeps_of_kube_proxy(stage: Stage, has_kube_proxy: bool) -> None:
    view = host_of(NEW, "master1")
    if not has_kube_proxy:
        listed = json.loads(view.standing.objects)
        listed["items"] = [item for item in listed["items"] if item["metadata"]["name"] != "kube-proxy"]
        view = replace(view, standing=replace(view.standing, objects=json.dumps(listed)))
    written, applied = stage.do(addons_configured, "master1", facts={Node: view})
    kinds = [document.get("kind") for document in yaml.safe_load_all(held(written))]
    assert len(kinds) == 2 + has_kube_proxy
    assert ("ADDONS='coredns kube-proxy'" in unquoted(applied.text)) is has_kube_proxy


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [
        (configuration_kept, {"edits": {}, "remembers": True}),
        (former_forgotten, {"kind": CLUSTER}),
        (static_pods_configured, SERVER),
        (certificate_issued, {}),
        (kubelet_configured, {}),
        (addons_configured, {}),
        (kube_proxy_configured, {"edits": {}}),
    ],
)
def test_while_preparing_nothing_is_asked_and_nothing_done(
    stage: Stage, operation: Any, arguments: Mapping[str, Any]
) -> None:
    for facts in stage.facts.values():
        facts.clear()
    assert len(stage.do(operation, "master1", executing=False, **arguments)) == 1
    assert stage.ran == []
