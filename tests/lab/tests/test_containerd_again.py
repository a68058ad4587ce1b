"""Run it again: the first control plane lost with its disk, on the finished cluster, while a client goes on writing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from tests.lab.checks import CONTROL_PLANES, NODES, check_a_second_run_changes_nothing, etcd_members, ready_nodes
from tests.lab.client import KUBECONFIG, REPORTS, SECONDS_FOR_A_WATCH, Lab, meanwhile, until
from tests.scenarios.fault_injection.network import bring_back, cut, replace, run_until, wait_until_gone

pytestmark = [pytest.mark.lab, pytest.mark.long]


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
        replace(lab, "master1")
        wait_until_gone(lab, "master1")
        changed = {
            operation["name"].rpartition(" | ")[2]
            for operation in lab.results()["operations"]
            if "master1" in operation["success"]
        }
        assert "Join master1 to the control plane" in changed
        assert "Initialize the cluster on master1" not in changed
        until(lambda: ready_nodes(lab) == sorted(NODES), SECONDS_FOR_A_WATCH, "all nodes are Ready")
    assert lab.kubectl(*identity) == cluster
    assert sorted(etcd_members(lab)) == list(CONTROL_PLANES)
    with capsys.disabled():
        failed = writes.taken.count(False)
        print(f"\na client wrote once a second: {len(writes.taken)} writes, of which {failed} were not taken")
    assert writes.taken[-1]
    lab.kubectl("delete", "configmap", "client")


ROLE = "node-role.kubernetes.io"


def test_a_control_plane_that_serves_without_its_label_is_marked_again(lab: Lab) -> None:
    """As after a join that was cut off before its last phase. A taint that somebody took away alone stays away."""
    lab.kubectl("label", "node", "master3", f"{ROLE}/control-plane-")
    lab.kubectl("taint", "node", "master2", "master3", f"{ROLE}/control-plane-")
    results = lab.results()
    changed = {
        (operation["name"].rpartition(" | ")[2], *operation["success"])
        for operation in results["operations"]
        if operation["success"]
    }
    assert changed == {("Join master3 to the control plane", "master3")}
    assert lab.kubectl("get", "nodes", "-l", f"{ROLE}/control-plane", "-o", "name").split() == [
        f"node/{control_plane}" for control_plane in CONTROL_PLANES
    ]
    taints = ("-o", "jsonpath={.spec.taints[*].key}")
    assert lab.kubectl("get", "node", "master3", *taints) == f"{ROLE}/control-plane"
    assert lab.kubectl("get", "node", "master2", *taints) == ""


def test_and_then_a_run_changes_nothing(lab: Lab) -> None:
    check_a_second_run_changes_nothing(lab)


def test_a_host_whose_packets_are_swallowed_in_a_run_costs_its_own_part(lab: Lab) -> None:
    with run_until(lab, "Wait for every host before the control plane comes up", verify_timeout_seconds=5) as ran:
        cut(lab, "drop", "worker2")
    bring_back(lab, "drop", "worker2")
    assert ran[0].code == 1, ran[0].reported
    # Its connection is given up after a minute; nothing waits for TCP's quarter of an hour.
    assert ran[0].seconds < 180, ran[0].reported
    report = json.loads(max(REPORTS.glob("*.json")).read_text(encoding="utf-8"))
    failures = {(failure["host"], failure["phase"]) for failure in report["failures"]}
    assert {host for host, phase in failures if phase != "Verify the cluster"} == {"worker2"}, failures


def test_and_when_it_is_back_a_run_finds_all_well(lab: Lab) -> None:
    check_a_second_run_changes_nothing(lab)
