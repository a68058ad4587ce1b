"""The commands that drain a node and take it back, which the leader runs for any node."""

from __future__ import annotations

import pytest
from pyinfra.api import StringCommand

from k8s_ha.catalog.control_plane import kubectl
from k8s_ha.operations.commands import long_command
from k8s_ha.operations.drain import await_commands, detach_commands, drain_commands, uncordon_commands
from k8s_ha.resources import read_file, shell_variables
from k8s_ha.settings import load_cluster
from tests.support.example_cluster import VERSION, six_hosts
from tests.support.operation_bench import command

HOSTS = [host | ({"hostname": "node-1"} if host["name"] == "worker1" else {}) for host in six_hosts()]
CLUSTER = load_cluster({"kubernetes_version": VERSION}, HOSTS)
WORKER, LEADER = CLUSTER.host("worker1"), CLUSTER.host("master2")
GIVEN = {"NODE": "node-1", "HOST": "worker1", "KUBECTL": kubectl(LEADER.address, "").rstrip()}


@pytest.mark.parametrize(
    ("given", "name", "values", "scripts", "seconds"),
    [
        (
            drain_commands(WORKER, LEADER),
            "drain-node-1",
            {"SECONDS_ALLOWED": "360", "EVICTS": "", "SECONDS_TO_LEAD": "120"},
            ["cordon.sh", "node-workloads.sh", "drain-node.sh"],
            720,
        ),
        (
            drain_commands(WORKER, LEADER, ("--force", "--delete-emptydir-data"), 60),
            "drain-node-1",
            {"SECONDS_ALLOWED": "60", "EVICTS": "--force --delete-emptydir-data", "SECONDS_TO_LEAD": "120"},
            ["cordon.sh", "node-workloads.sh", "drain-node.sh"],
            420,
        ),
        (uncordon_commands(WORKER, LEADER), "uncordon-node-1", {}, ["cordon.sh", "uncordon-node.sh"], 240),
        (
            detach_commands(WORKER, LEADER),
            "detach-node-1",
            {"SECONDS_ALLOWED": "300"},
            ["cordon.sh", "node-workloads.sh", "await-detached.sh"],
            540,
        ),
        (
            await_commands(WORKER, LEADER),
            "await-node-1",
            {"SECONDS_ALLOWED": "300", "VERSION": "", "RUNTIME": "", "WORKLOADS": "yes"},
            ["cordon.sh", "node-workloads.sh", "await-node.sh"],
            540,
        ),
        (
            await_commands(WORKER, LEADER, "v1.34.11", "containerd", workloads=False, seconds=120),
            "await-node-1",
            {"SECONDS_ALLOWED": "120", "VERSION": "v1.34.11", "RUNTIME": "containerd", "WORKLOADS": ""},
            ["cordon.sh", "node-workloads.sh", "await-node.sh"],
            360,
        ),
    ],
)
def test_each_is_a_long_command_under_the_lock_of_its_node(
    given: StringCommand, name: str, values: dict[str, str], scripts: list[str], seconds: int
) -> None:
    script = shell_variables(GIVEN | values) + "".join(map(read_file, scripts))
    assert command(given) == command(long_command(name, script, seconds=seconds, lock="drain-node-1"))
