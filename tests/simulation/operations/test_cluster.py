"""Operations on a cluster that stands: secrets of pending joins, manifests, kubeconfigs, the last look."""

from __future__ import annotations

import base64
import hashlib
import json
import shlex
import stat
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pyinfra.api import FunctionCommand, Host, StringCommand
from pyinfra.connectors.util import CommandOutput, OutputLine

import k8s_ha.operations.kubeadm.init
from k8s_ha.desired.kubeadm_config import upload_certs_config
from k8s_ha.facts.cluster import FlannelConfig, ManifestDigest
from k8s_ha.facts.system import Files, FileState
from k8s_ha.observations.node import ClusterNode, NodeView
from k8s_ha.operations.cluster import flannel_applied
from k8s_ha.operations.kubeadm.init import (
    TOKEN_LIFE,
    TOKEN_RENEWED_BEFORE,
    join_secrets_created,
    join_secrets_removed,
    join_token_renewed,
)
from k8s_ha.operations.kubeconfig import AdminDigests, fetched, root_installed
from k8s_ha.operations.node_metadata import labels_and_taints_set
from tests.support.answers import script_of, whole
from tests.support.cluster_stage import CLUSTER, KUBECTL, LABEL, ONE_CONTROL_PLANE, SECRETS, Stage, kubeadm
from tests.support.node_views import CONTROL_PLANES, NODES, member
from tests.support.operation_bench import Command, Noop, Step, refusal


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


NO_PLANES = {name: member(*CONTROL_PLANES, "worker1", "worker2") for name in CONTROL_PLANES}
NO_WORKERS = {name: member(*CONTROL_PLANES) for name in CONTROL_PLANES}


def uploaded(leader: str) -> list[Step]:
    """A newer kubeadm asks the API server at the address that its file names."""
    return kubeadm(
        "kubeadm-upload-certs",
        "init phase upload-certs --upload-certs --skip-certificate-key-print",
        upload_certs_config(CLUSTER, CLUSTER.host(leader), certificate_key=SECRETS.certificate_key),
        after=LABEL.replace("10.0.11.18", CLUSTER.host(leader).address),
    )


def test_secrets_are_created_where_joins_are_pending(stage: Stage) -> None:
    stage.hold(ONE_CONTROL_PLANE)
    assert stage.steps(join_secrets_created, on="master1", executing=False, run=stage.run) == [
        Command("kubectl create -f -")
    ]
    token, *upload = stage.steps(join_secrets_created, on="master1", run=stage.run)
    assert isinstance(token, Command)
    assert token.text == KUBECTL.format("10.0.11.18", "create -f -")
    assert upload == uploaded("master1")
    assert stage.run.secrets.in_cluster
    manifest = json.loads(token.stdin or "")
    assert manifest["metadata"] == {
        "name": "bootstrap-token-abcdef",
        "namespace": "kube-system",
        "labels": {"app.kubernetes.io/managed-by": "k8s-ha"},
    }
    values = {key: base64.b64decode(value).decode() for key, value in manifest["data"].items()}
    assert (values["token-id"], values["token-secret"]) == ("abcdef", "0123456789abcdef")
    life = datetime.strptime(values["expiration"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC) - datetime.now(UTC)
    assert timedelta(minutes=59) < life <= timedelta(minutes=60)


@pytest.mark.parametrize(
    ("left", "answer", "renewed"),
    [
        (None, "", False),
        (TOKEN_LIFE, "", False),
        (TOKEN_RENEWED_BEFORE + timedelta(minutes=1), "", False),
        (TOKEN_RENEWED_BEFORE - timedelta(minutes=1), "", True),
        (timedelta(minutes=-5), "", True),
        # It is tried again before the next join.
        (timedelta(minutes=1), None, False),
    ],
)
def test_a_token_that_ends_soon_is_renewed_before_a_join(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, left: timedelta | None, answer: str | None, renewed: bool
) -> None:
    asked: list[tuple[str, str]] = []

    def run_silently(target: Host, command: str) -> str | None:
        asked.append((target.name, command))
        return answer

    monkeypatch.setattr(k8s_ha.operations.kubeadm.init, "run_silently", run_silently)
    now = datetime.now(UTC)
    before = stage.run.secrets.token_until = None if left is None else now + left
    with stage.on("worker1", executing=True):
        join_token_renewed(stage.run, CLUSTER.host("master2"))
    after = stage.run.secrets.token_until
    assert (after != before) == renewed
    if renewed or answer is None:
        ((name, command),) = asked
        assert name == "master2"
        *kubectl, patch = shlex.split(command)
        assert " ".join(kubectl) == KUBECTL.format(
            "10.0.12.55", "-n kube-system patch secret bootstrap-token-abcdef -p"
        )
        expiration = datetime.fromisoformat(json.loads(patch)["stringData"]["expiration"])
        assert abs(expiration - now - TOKEN_LIFE) < timedelta(minutes=1)
    else:
        assert asked == []


def test_certificates_are_uploaded_where_another_control_plane_leads(stage: Stage) -> None:
    stage.hold({"master2": member("master2", "master3", "worker1", "worker2")})
    _, *upload = stage.steps(join_secrets_created, on="master2", run=stage.run)
    assert upload == uploaded("master2")


def test_workers_need_no_certificates(stage: Stage) -> None:
    stage.hold(NO_WORKERS)
    assert len(stage.steps(join_secrets_created, on="master1", run=stage.run)) == 1


@pytest.mark.parametrize("executing", [False, True])
@pytest.mark.parametrize(
    ("name", "views", "created", "reason"),
    [
        ("master2", ONE_CONTROL_PLANE, False, "another control plane is the leader, or the secrets are there"),
        ("master1", ONE_CONTROL_PLANE, True, "another control plane is the leader, or the secrets are there"),
        ("master1", {}, False, "another control plane is the leader, or the secrets are there"),
        ("master1", NO_PLANES, False, "no join is pending"),
    ],
)
def test_no_secret_is_created_without_need(
    stage: Stage, name: str, views: Mapping[str, NodeView], created: bool, reason: str, executing: bool
) -> None:
    stage.hold(views).run.secrets.in_cluster = created
    assert stage.steps(join_secrets_created, on=name, executing=executing, run=stage.run) == [Noop(reason)]


@pytest.mark.parametrize("executing", [False, True])
def test_a_host_that_cannot_join_in_this_run_needs_no_secret(stage: Stage, executing: bool) -> None:
    stage.hold(NO_WORKERS)
    stage.state.activated_hosts.remove(stage.state.inventory.get_host("worker1"))
    stage.state.failed_hosts.add(stage.state.inventory.get_host("worker2"))
    assert stage.steps(join_secrets_created, on="master1", executing=executing, run=stage.run) == [
        Noop("no join is pending")
    ]


def test_secrets_are_removed_by_the_leader(stage: Stage) -> None:
    secrets = ("secret/bootstrap-token-abcdef", "secret/kubeadm-certs")
    stage.hold({"master1": member(*NODES, secrets=secrets), "master2": member(*NODES, secrets=secrets)})
    stage.run.secrets.in_cluster = True
    assert stage.steps(join_secrets_removed, on="master2", run=stage.run) == [
        Noop("another control plane is the leader")
    ]
    assert stage.steps(join_secrets_removed, on="master1", run=stage.run) == [
        Command(KUBECTL.format("10.0.11.18", f"-n kube-system delete --ignore-not-found {' '.join(secrets)}"))
    ]
    assert not stage.run.secrets.in_cluster
    stage.hold({"master1": member(*NODES)})
    assert stage.steps(join_secrets_removed, on="master1", run=stage.run) == [Noop("no join secret is left")]


def test_secrets_that_could_not_be_read_are_not_taken_for_none(stage: Stage) -> None:
    stage.hold({"master1": replace(member(*NODES), join_secrets=None)})
    assert stage.steps(join_secrets_removed, on="master1", run=stage.run) == [
        refusal(
            "master1: which join secrets are left in the cluster could not be read; run this again; they end by "
            "themselves 60 minutes after the last join."
        )
    ]


MANIFEST = {"manifest": "yaml", "digest": "d1"}
FLANNEL = '{"Network": "10.244.0.0/16", "Backend": {"Type": "vxlan"}}'


@pytest.mark.parametrize(
    ("name", "executing", "views", "live", "steps"),
    [
        ("master1", False, {}, "", [Command("kubectl apply -f -")]),
        ("master2", False, {}, "", []),
        ("master1", True, {}, "", [Noop("another control plane is the leader")]),
        ("master2", True, ONE_CONTROL_PLANE, "", [Noop("another control plane is the leader")]),
        ("master1", True, ONE_CONTROL_PLANE, "d1", [Noop("the manifest is applied")]),
        ("master1", True, ONE_CONTROL_PLANE, "d0", [Command(KUBECTL.format("10.0.11.18", "apply -f -"), "yaml")]),
        ("master1", False, ONE_CONTROL_PLANE, "", [Command(KUBECTL.format("10.0.11.18", "apply -f -"), "yaml")]),
    ],
)
def test_a_manifest_is_applied_by_the_leader_when_it_changed(
    stage: Stage, name: str, executing: bool, views: Mapping[str, NodeView], live: str, steps: list[Step]
) -> None:
    stage.hold(views)
    facts = {ManifestDigest: live, FlannelConfig: (FLANNEL, "10.244.0.0/16")}
    assert stage.steps(flannel_applied, on=name, executing=executing, facts=facts, run=stage.run, **MANIFEST) == steps


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (
            FLANNEL.replace("10.244", "10.9"),
            "pod_cidr stands as '10.9.0.0/16' and the settings say '10.244.0.0/16', but every node has its part of it; "
            "set it back.",
        ),
        (
            FLANNEL.replace("vxlan", "host-gw"),
            "flannel_backend stands as 'host-gw' and the settings say 'vxlan', but flannel does not change it while "
            "pods run; set it back.",
        ),
        ("garbage", "the ConfigMap kube-flannel-cfg holds no configuration; fix it, or delete it."),
        ("[]", "the ConfigMap kube-flannel-cfg holds no configuration; fix it, or delete it."),
    ],
)
def test_flannel_is_not_given_another_network_while_pods_run(stage: Stage, config: str, words: str) -> None:
    stage.hold(ONE_CONTROL_PLANE)
    facts = {ManifestDigest: "d0", FlannelConfig: (config, "")}
    assert stage.steps(flannel_applied, on="master1", executing=True, facts=facts, run=stage.run, **MANIFEST) == [
        refusal(f"Flannel was not changed: {words}")
    ]


def test_flannel_of_another_network_than_the_nodes_have_is_mended(stage: Stage) -> None:
    stage.hold(ONE_CONTROL_PLANE)
    facts = {ManifestDigest: "d0", FlannelConfig: (FLANNEL.replace("10.244", "10.9"), "10.244.0.0/16")}
    assert stage.steps(flannel_applied, on="master1", executing=True, facts=facts, run=stage.run, **MANIFEST) == [
        Command(KUBECTL.format("10.0.11.18", "apply -f -"), "yaml")
    ]


def test_flannel_that_is_half_there_is_applied(stage: Stage) -> None:
    stage.hold(ONE_CONTROL_PLANE)
    facts = {ManifestDigest: "d0", FlannelConfig: ("", "10.244.0.0/16")}
    assert stage.steps(flannel_applied, on="master1", executing=True, facts=facts, run=stage.run, **MANIFEST) == [
        Command(KUBECTL.format("10.0.11.18", "apply -f -"), "yaml")
    ]


LABELED = ClusterNode("worker1", True, "v1.30.14", False, labels={"zone": "a", "disk": "ssd"}, owned="labels=disk,zone")
PATCH = """patch node worker1 --type merge -p '{"metadata": {"annotations": {"k8s-ha/settings": %s}, "labels": %s}}'"""


def _with(node: ClusterNode) -> dict[str, NodeView]:
    view = member(*NODES)
    nodes = tuple(node if entry.name == node.name else entry for entry in view.nodes)
    return {"master1": replace(view, nodes=nodes)}


def test_labels_and_taints_are_taken_off_by_the_leader(stage: Stage) -> None:
    stage.hold(_with(replace(LABELED, taints=("gpu=1:NoSchedule",), owned="labels=disk,zone;taints=gpu:NoSchedule")))
    taint = KUBECTL.format("10.0.11.18", "taint node worker1 --overwrite gpu:NoSchedule-")
    both = '"labels=disk,zone;taints=gpu:NoSchedule"'
    first = KUBECTL.format("10.0.11.18", "") + PATCH % (both, '{"disk": null, "zone": null}')
    last = KUBECTL.format("10.0.11.18", "") + PATCH % ("null", "{}")
    for executing in (False, True):
        assert stage.steps(labels_and_taints_set, on="master1", executing=executing, run=stage.run) == [
            Command(f"{first} && {taint} && {last}")
        ]
    assert stage.steps(labels_and_taints_set, on="master2", executing=True, run=stage.run) == [
        Noop("another control plane is the leader, or all labels and taints are as wanted")
    ]


def test_nodes_without_labels_of_the_settings_are_left_alone(stage: Stage) -> None:
    stage.hold({"master1": member(*NODES)})
    assert stage.steps(labels_and_taints_set, on="master1", executing=True, run=stage.run) == [
        Noop("another control plane is the leader, or all labels and taints are as wanted")
    ]


def test_without_a_cluster_no_node_is_labeled(stage: Stage) -> None:
    stage.hold({})
    assert stage.steps(labels_and_taints_set, on="master1", executing=True, run=stage.run) == [
        Noop("no node is known yet")
    ]


OWN, ADMIN_CONF = "/root/.kube/config", "/etc/kubernetes/admin.conf"
INSTALL = Command(
    f"if [ ! -e {OWN} ] || [ \"$(sed -n 's/^ *server: *//p' {OWN} | sort -u)\" = https://10.0.1.157:6443 ]; then "
    f'install -D -m 600 {ADMIN_CONF} {OWN}; else echo "{OWN} is of another cluster and was left alone" >&2; fi'
)


def conf(text: str) -> FileState:
    return FileState(hashlib.sha256(text.encode()).hexdigest(), "600", "root:root")


@pytest.mark.parametrize(
    ("executing", "files", "steps"),
    [
        (False, {}, [INSTALL]),
        (True, {ADMIN_CONF: conf("a")}, [INSTALL]),
        (True, {ADMIN_CONF: conf("a"), OWN: conf("b")}, [INSTALL]),
        (True, {ADMIN_CONF: conf("a"), OWN: conf("a")}, [Noop("root has the kubeconfig")]),
        (
            True,
            {},
            [
                refusal(
                    "master1: /etc/kubernetes/admin.conf is missing, so it did not become a control plane; see its "
                    "errors above."
                )
            ],
        ),
    ],
)
def test_root_gets_the_kubeconfig(
    stage: Stage, executing: bool, files: Mapping[str, FileState], steps: list[Step]
) -> None:
    arguments = {"endpoint": "10.0.1.157:6443"}
    facts = {Files: files}
    assert stage.steps(root_installed, on="master1", executing=executing, facts=facts, **arguments) == steps


def test_the_kubeconfig_is_fetched_for_its_owner_alone(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked: list[Mapping[str, Any]] = []

    def run_shell_command(_: Host, command: StringCommand, **arguments: Any) -> tuple[bool, CommandOutput]:
        asked.append({"command": str(command), **arguments})
        lines = whole([base64.b64encode(b"secret: 1\nmore: 2\n").decode()])
        return True, CommandOutput([OutputLine("stdout", line) for line in lines])

    monkeypatch.setattr(Host, "run_shell_command", run_shell_command)
    stage.state.cwd = str(tmp_path)
    stage.hold(ONE_CONTROL_PLANE)
    facts = {Files: {ADMIN_CONF: conf("secret: 1\nmore: 2\n")}}
    path = tmp_path / "kubeconfig" / "admin.conf"

    (fetch,) = stage.steps(fetched, on="master1", facts=facts, run=stage.run)
    assert isinstance(fetch, FunctionCommand)
    with stage.on("master1", executing=True) as host:
        assert fetch.function(stage.state, host, *fetch.args)
    assert path.read_text() == "secret: 1\nmore: 2\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in sorted(path.parent.iterdir())] == [".gitignore", "admin.conf"]
    assert (script_of(asked[0]["command"]), asked[0]["print_output"]) == (f"base64 {ADMIN_CONF}", False)

    there = [Noop(f"{path} is the cluster's")]
    assert stage.steps(fetched, on="master1", executing=False, facts=facts, run=stage.run) == there
    # Each control plane has one of its own, and which of them leads is no reason to fetch another.
    stage.facts["master1"][Files], stage.facts["master2"][Files] = {ADMIN_CONF: conf("other\n")}, facts[Files]
    stage.run.part(AdminDigests).by_stage.clear()
    assert stage.steps(fetched, on="master1", run=stage.run) == there
    assert stage.steps(fetched, on="master2", run=stage.run) == [Noop("another control plane is the leader")]


def test_before_the_first_cluster_the_first_control_planes_kubeconfig_will_be_fetched(stage: Stage) -> None:
    assert stage.steps(fetched, on="master1", executing=False, run=stage.run) == [Command(f"cat {ADMIN_CONF}")]
    assert stage.steps(fetched, on="master2", executing=False, run=stage.run) == []
