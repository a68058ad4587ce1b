"""Run it again: the first control plane lost with its disk, on the finished cluster, while a client goes on writing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from tests.lab_checks import ETCDCTL, NODES, PLANES, check_a_second_run_changes_nothing, ready_nodes
from tests.lab_client import KUBECONFIG, SECONDS_FOR_A_WATCH, Lab, meanwhile, until

pytestmark = pytest.mark.lab


@dataclass
class Writes:
    """What a client saw that wrote to the API once a second: for each write, whether it was taken."""

    taken: list[bool] = field(default_factory=list)


@contextmanager
def a_client_that_writes(lab: Lab) -> Iterator[Writes]:
    """A client behind the load balancer, where the operator stands."""
    kubectl = ("kubectl", "--kubeconfig", str(KUBECONFIG), "--request-timeout=5s")
    lab.operator(*kubectl, "create", "configmap", "client", check=True)
    writes = Writes()

    def write() -> None:
        beat = f"beat={len(writes.taken)}"
        done = lab.operator(*kubectl, "annotate", "configmap", "client", "--overwrite", beat)
        writes.taken.append(done.returncode == 0)

    with meanwhile(write, 1):
        yield writes


def test_a_first_control_plane_with_a_blank_disk_becomes_a_member_again(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    identity = ("get", "namespace", "kube-system", "-o", "jsonpath={.metadata.uid}")
    cluster = lab.kubectl(*identity)
    with a_client_that_writes(lab) as writes:
        lab.run("power", "master1", "kill", check=True)
        lab.run("new-disk", "master1", check=True)
        lab.run("power", "master1", "on", check=True)
        until(lambda: "master1" not in ready_nodes(lab), SECONDS_FOR_A_WATCH, "master1 is seen to be gone")
        changed = {
            operation["name"].rpartition(" | ")[2]
            for operation in lab.results()["operations"]
            if "master1" in operation["success"]
        }
        assert "Join master1 to the control plane" in changed
        assert "Initialise the cluster on master1" not in changed
        until(lambda: ready_nodes(lab) == sorted(NODES), SECONDS_FOR_A_WATCH, "all nodes are Ready")
    assert lab.kubectl(*identity) == cluster
    members = lab.kubectl(*ETCDCTL, "member", "list")
    assert sorted(line.split(", ")[2] for line in members.splitlines()) == list(PLANES)
    with capsys.disabled():
        failed = writes.taken.count(False)
        print(f"\na client wrote once a second: {len(writes.taken)} writes, of which {failed} were not taken")
    assert writes.taken[-1]
    lab.kubectl("delete", "configmap", "client")


ROLE = "node-role.kubernetes.io"


def test_a_control_plane_that_serves_without_its_label_is_marked_again(lab: Lab) -> None:
    """As after a join that was cut off before its last phase. A taint that somebody took away alone stays away."""
    lab.kubectl("label", "node", "master3", f"{ROLE}/control-plane-", f"{ROLE}/master-")
    lab.kubectl("taint", "node", "master2", "master3", f"{ROLE}/master-")
    results = lab.results()
    changed = {
        (operation["name"].rpartition(" | ")[2], *operation["success"])
        for operation in results["operations"]
        if operation["success"]
    }
    assert changed == {("Join master3 to the control plane", "master3")}
    assert lab.kubectl("get", "nodes", "-l", f"{ROLE}/control-plane", "-o", "name").split() == [
        f"node/{plane}" for plane in PLANES
    ]
    taints = ("-o", "jsonpath={.spec.taints[*].key}")
    assert lab.kubectl("get", "node", "master3", *taints) == f"{ROLE}/master"
    assert lab.kubectl("get", "node", "master2", *taints) == ""


def test_and_then_a_run_changes_nothing(lab: Lab) -> None:
    check_a_second_run_changes_nothing(lab)
