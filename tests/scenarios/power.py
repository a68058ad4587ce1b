"""``python -m tests.scenarios.power [kill] [drop] [lost]``: hosts that go away in the middle of a run, and what the
next runs do.

kill and drop cut one host after the other off, its power or its network, each at one moment of a run. Then the run is
simply started again while the host is away, and once more when it is back. lost is the first control plane's disk. It
prints how each run ended.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from tests.lab.checks import NODES, check_a_second_run_changes_nothing, check_every_pod_of_the_road, ready_nodes
from tests.lab.client import Lab, until
from tests.scenarios.fault_injection.network import bring_back, cut, replace, run, run_until, wait_until_gone

SECONDS_FOR_VERIFY = 20
"""How long verify waits for what cannot come, while a host is away."""
SECONDS_FOR_A_JOIN = 300

INIT, JOIN2, JOIN3, JOIN_WORKERS = (
    "Initialize the cluster on master1",
    "Join master2 to the control plane",
    "Join master3 to the control plane",
    "Join the workers to the cluster",
)


@dataclass(frozen=True)
class Cut:
    """A host that goes away in the middle of a run.

    + step: the operation in which it does
    + seconds: after that has begun
    + blank: a host of the finished cluster that got a new disk before the run, so that there is something to join
    + refused: whether a run while the host is away must refuse before its first change
    """

    host: str
    step: str
    seconds: float
    blank: str | None = None
    refused: bool = False


BUILDING = (
    Cut("master1", INIT, 15, refused=True),
    Cut("master-lb", JOIN2, 10),
    Cut("master1", JOIN2, 12),
    Cut("master2", JOIN2, 20),
)
"""On clean hosts: each run goes on where the one before it has come to."""

STANDING = (
    Cut("master3", JOIN3, 15, blank="master3"),
    Cut("master1", JOIN3, 15, blank="master3"),
    Cut("worker1", JOIN_WORKERS, 3, blank="worker1"),
    Cut("worker2", JOIN_WORKERS, 3, blank="worker1"),
    Cut("master2", JOIN_WORKERS, 3, blank="worker1"),
)
"""On the finished cluster, which is whole again after each."""


def play(lab: Lab, way: str, moment: Cut) -> None:
    """The cut, and a run while the host is away; it is back afterwards."""
    if moment.blank:
        replace(lab, moment.blank)
        wait_until_gone(lab, moment.blank)
    print(f"{way} {moment.host}, {moment.seconds} s into {moment.step!r}", flush=True)
    with run_until(lab, moment.step, moment.seconds, verify_timeout_seconds=SECONDS_FOR_VERIFY) as ran:
        cut(lab, way, moment.host)
    ran[0].show("that run")
    assert ran[0].code == 1, ran[0].reported
    away = run(lab, verify_timeout_seconds=SECONDS_FOR_VERIFY)
    away.show("a run while it is away")
    assert away.code == 1, away.reported
    assert moment.host in away.reported
    assert not moment.refused or "nothing was changed" in away.sentences, away.reported
    bring_back(lab, way, moment.host)


def finish(lab: Lab) -> None:
    """One more run, told to recover the quorum where it says that it may, makes the cluster whole."""
    again = run(lab)
    again.show("a run when it is back")
    if again.code and "set recover_quorum = True" in again.sentences:
        again = run(lab, recover_quorum=True)
        again.show("a run that may recover the quorum")
    assert again.code == 0, again.reported
    assert ready_nodes(lab) == sorted(NODES)


def cuts(lab: Lab, way: str) -> None:
    lab.up()
    for moment in BUILDING:
        play(lab, way, moment)
    finish(lab)
    for moment in STANDING:
        play(lab, way, moment)
        finish(lab)
    check_every_pod_of_the_road(lab)
    check_a_second_run_changes_nothing(lab)


def losses(lab: Lab) -> None:
    """The first control plane lost with its disk, while there is no second one, and while there is but one."""
    lose(lab, JOIN2, "test -s /etc/kubernetes/pki/ca.crt")
    refused = run(lab)
    refused.show("a run when master1 has a blank disk")
    assert refused.code == 1, refused.reported
    assert "an init or a join was cut off run `kubeadm reset` on it, then run this again" in refused.sentences
    lab.host("master2", "kubeadm reset --force")
    again = run(lab)
    again.show("a run after that")
    assert again.code == 0, again.reported
    assert ready_nodes(lab) == sorted(NODES)

    lose(lab, JOIN3, "true")
    refused = run(lab)
    refused.show("a run when master1 has a blank disk")
    assert refused.code == 1, refused.reported
    assert "nothing was changed: etcd has no quorum: " in refused.sentences, refused.reported


def lose(lab: Lab, step: str, master2_holds: str) -> None:
    """master1 gone in that operation, as soon as a shell condition holds on master2; then back with a blank disk."""
    lab.up()
    print(f"master1 lost with its disk in {step!r}, once master2 has passed: {master2_holds}", flush=True)
    with run_until(lab, step, verify_timeout_seconds=SECONDS_FOR_VERIFY) as ran:
        until(lambda: holds(lab, "master2", master2_holds), SECONDS_FOR_A_JOIN, master2_holds)
        cut(lab, "kill", "master1")
    ran[0].show("that run")
    replace(lab, "master1")


def holds(lab: Lab, host: str, condition: str) -> bool:
    return lab.run("exec", host, "--", "sh", "-c", condition).returncode == 0


def main(chosen: Sequence[str]) -> None:
    lab = Lab()
    for way in ("kill", "drop"):
        if way in chosen:
            cuts(lab, way)
    if "lost" in chosen:
        losses(lab)
    lab.run("down", check=True)


if __name__ == "__main__":
    main(sys.argv[1:] or ("kill", "drop", "lost"))
