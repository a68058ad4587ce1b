"""What is said of an etcd without a majority, and when its one member goes on alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from pyinfra.api.exceptions import PyinfraError

import k8s_ha.operations.cluster
import k8s_ha.operations.etcd
from k8s_ha.cluster_state.quorum import lost_quorum, quorum_refusal
from k8s_ha.facts.node import Node
from k8s_ha.observations.etcd import Member
from k8s_ha.observations.node import NodeView
from k8s_ha.operations import commands
from k8s_ha.operations.commands import long_command
from k8s_ha.operations.etcd import recovered_single_member, require_quorum
from k8s_ha.operations.kubeadm import initialized
from k8s_ha.resources import read_file
from k8s_ha.run import Run, Secrets
from tests.support.cluster_stage import CLUSTER, SECRETS, Stage
from tests.support.example_cluster import six_host_cluster
from tests.support.node_views import ADMIN, API_SERVER, CLEAN, ENDPOINT, KUBELET, member
from tests.support.operation_bench import Noop, command, refusal

FIRST, SECOND, THIRD = (
    Member(str(number), f"master{number}", (address,))
    for number, address in enumerate(("10.0.11.18", "10.0.12.55", "10.0.13.22"), start=1)
)
ADDED = replace(SECOND, name="")
BEGUN = NodeView((ADMIN, KUBELET), ENDPOINT, None)
"""A control plane whose join was cut off before its etcd."""


def etcd(*members: Member, healthy: bool = False) -> NodeView:
    """A control plane whose etcd runs."""
    return replace(member("master1", ready=healthy), members=members, etcd_healthy=healthy)


WINDOW = {"master1": etcd(FIRST, ADDED), "master2": BEGUN, "master3": CLEAN}


@pytest.mark.parametrize(
    ("views", "lost", "unstarted"),
    [
        ({}, False, None),
        (dict.fromkeys(("master1", "master2", "master3"), CLEAN), False, None),
        ({"master1": etcd(FIRST, healthy=True)}, False, None),
        ({"master1": etcd(FIRST, SECOND, THIRD), "master2": etcd(FIRST, SECOND, THIRD, healthy=True)}, False, None),
        (WINDOW, True, "master2"),
        (WINDOW | {"master2": CLEAN}, True, "master2"),
        # A host that cannot be read may have started its member, and so may one that has etcd's data.
        (WINDOW | {"master2": None}, True, None),
        (WINDOW | {"master2": replace(BEGUN, artifacts=(ADMIN, KUBELET, "/var/lib/etcd/member"))}, True, None),
        # A join that is at work may start it yet.
        (WINDOW | {"master2": replace(BEGUN, busy=True)}, True, None),
        (WINDOW | {"master1": etcd(FIRST, SECOND)}, True, None),
        (WINDOW | {"master1": etcd(FIRST, SECOND, replace(THIRD, name=""))}, True, None),
        (WINDOW | {"master2": etcd(FIRST, ADDED)}, True, None),
        (WINDOW | {"master1": etcd(FIRST, Member("9", "", ("10.9.9.9",)))}, True, None),
    ],
)
def test_lost_quorum(views: Mapping[str, NodeView | None], lost: bool, unstarted: str | None) -> None:
    found = lost_quorum(views, CLUSTER)
    assert (found is not None) == lost
    assert (found and found.unstarted and found.unstarted.name) == unstarted


MOVED = six_host_cluster(kubeadm_patches={"ClusterConfiguration": {"etcd": {"local": {"dataDir": "/data/etcd/"}}}})


@pytest.mark.parametrize(("held", "unstarted"), [("/data/etcd/member", None), ("/var/lib/etcd/member", "master2")])
def test_a_member_has_started_where_the_settings_have_its_data(held: str, unstarted: str | None) -> None:
    found = lost_quorum(WINDOW | {"master2": replace(BEGUN, artifacts=(ADMIN, KUBELET, held))}, MOVED)
    assert found is not None
    assert (found.unstarted and found.unstarted.name) == unstarted


ETCD_MANIFEST = "/etc/kubernetes/manifests/etcd.yaml"
TO_RUN = replace(BEGUN, artifacts=(ADMIN, KUBELET, ETCD_MANIFEST))
"""A control plane that is to run etcd, and whose etcd does not answer."""

STARTED_ANEW = replace(TO_RUN, etcd_healthy=False)
"""A control plane whose etcd runs without a majority, and does not tell of its members for that reason."""

ALL = (FIRST, SECOND, THIRD)


@pytest.mark.parametrize(
    ("views", "may_recover"),
    [
        (WINDOW, False),
        ({"master1": replace(TO_RUN, members=(FIRST, SECOND)), "master2": TO_RUN}, True),
        ({"master1": replace(TO_RUN, members=(FIRST, SECOND)), "master2": None}, False),
        ({"master1": replace(TO_RUN, members=ALL), "master2": TO_RUN, "master3": None}, True),
        ({"master1": replace(TO_RUN, members=ALL), "master2": BEGUN, "master3": None}, False),
        ({"master1": STARTED_ANEW, "master2": TO_RUN, "master3": None}, True),
        ({"master1": STARTED_ANEW, "master2": BEGUN, "master3": None}, False),
    ],
)
def test_members_on_hosts_that_are_to_run_them_may_come_yet(
    views: Mapping[str, NodeView | None], may_recover: bool
) -> None:
    lost = lost_quorum(views, CLUSTER)
    assert lost is not None
    assert lost.may_recover == may_recover


@pytest.mark.parametrize(
    ("views", "sentence"),
    [
        (
            WINDOW,
            "etcd has no quorum: its members are master1, master2, and only master1 answers; a majority of them must; "
            "master2 was added by a join that was cut off and has never started: set recover_quorum = True to have "
            "master1 go on alone, and run this again, which joins master2 again",
        ),
        (
            {"master1": etcd(SECOND, THIRD, FIRST), "master2": None},
            "etcd has no quorum: its members are master1, master2, master3, and only master1 answers; a majority of "
            "them must; bring master2, master3 back and run this again; no member is given up by this run",
        ),
        (
            {"master1": etcd(FIRST, Member("9", "old", ("10.9.9.9",)))},
            "etcd has no quorum: its members are master1, old (10.9.9.9), and only master1 answers; a majority of them "
            "must; bring old (10.9.9.9) back and run this again; no member is given up by this run",
        ),
        (
            {"master1": CLEAN, "master2": STARTED_ANEW, "master3": None},
            "etcd has no quorum: it runs on master2 and finds no majority of its members; bring master1, master3 back "
            "and run this again; no member is given up by this run",
        ),
    ],
)
def test_the_refusal_names_the_members_and_the_way_out(views: Mapping[str, NodeView | None], sentence: str) -> None:
    lost = lost_quorum(views, CLUSTER)
    assert lost is not None
    assert quorum_refusal(lost, CLUSTER) == sentence


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.setattr(k8s_ha.operations.etcd, "SECONDS_TO_ELECT", 0)
    return Stage(monkeypatch)


@pytest.mark.parametrize("recover", [False, True])
@pytest.mark.parametrize(("views", "recoverable"), [(WINDOW, True), (WINDOW | {"master2": None}, False)])
def test_without_a_quorum_nothing_begins_unless_it_may_be_recovered(
    stage: Stage, views: Mapping[str, NodeView | None], recoverable: bool, recover: bool
) -> None:
    stage.hold(views)
    run = Run(six_host_cluster(recover_quorum=recover))
    with stage.on("master1", executing=False):
        if recover and recoverable:
            require_quorum(run)
        else:
            with pytest.raises(PyinfraError, match="nothing was changed: etcd has no quorum"):
                require_quorum(run)


def test_an_election_is_waited_for(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(k8s_ha.operations.etcd, "SECONDS_TO_ELECT", 30)
    looks = [etcd(FIRST, SECOND, THIRD), etcd(FIRST, SECOND, THIRD), etcd(FIRST, SECOND, THIRD, healthy=True)]
    stage.hold({"master2": None, "master3": None})
    stage.facts["master1"][Node] = lambda **_: looks.pop(0)
    with stage.on("master1", executing=False):
        require_quorum(stage.run)
    assert looks == []


def test_an_etcd_that_never_tells_is_waited_for_once(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(k8s_ha.operations.etcd, "SECONDS_TO_SERVE", 0.1)
    monkeypatch.setattr(k8s_ha.operations.etcd, "SECONDS_BETWEEN_POLLS", 0.1)
    looks = 0

    def looked(**_: object) -> NodeView:
        nonlocal looks
        looks += 1
        return TO_RUN

    stage.facts["master1"][Node] = looked
    for name in ("master1", "master2"):  # the first host's wait is the whole run's
        with stage.on(name, executing=False):
            require_quorum(stage.run)
        assert looks == 2


@pytest.mark.parametrize("healthy", [False, True])
def test_an_etcd_that_tells_nothing_yet_is_waited_for_before_the_first_change(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, healthy: bool
) -> None:
    monkeypatch.setattr(k8s_ha.operations.etcd, "SECONDS_BETWEEN_POLLS", 0)
    reported = replace(TO_RUN, members=(FIRST, SECOND), etcd_healthy=healthy)
    looks = [TO_RUN, TO_RUN, reported]
    stage.hold({"master2": None})
    stage.facts["master1"][Node] = lambda **_: looks.pop(0)
    with stage.on("master1", executing=False):
        if healthy:
            require_quorum(stage.run)
        else:
            with pytest.raises(PyinfraError, match="nothing was changed: etcd has no quorum"):
                require_quorum(stage.run)
    assert looks == []


@pytest.mark.parametrize(
    "view",
    [CLEAN, BEGUN, replace(TO_RUN, init_unfinished=True), replace(member("master1"), artifacts=TO_RUN.artifacts)],
)
def test_where_no_etcd_is_to_come_none_is_waited_for(stage: Stage, view: NodeView) -> None:
    looks = [view]
    stage.facts["master1"][Node] = lambda **_: looks.pop(0)
    with stage.on("master1", executing=False):
        require_quorum(stage.run)


def test_where_etcd_comes_up_without_its_majority_no_more_is_waited_for(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(k8s_ha.operations.cluster, "SECONDS_TO_ELECT", 0)
    monkeypatch.setattr(commands, "SECONDS_BETWEEN_POLLS", 0)
    booting = replace(member("master1", ready=False), artifacts=(ADMIN, KUBELET, API_SERVER, ETCD_MANIFEST))
    alone = replace(booting, members=(FIRST, SECOND))
    looks = [booting, booting, alone]
    stage.hold({"master2": None})
    stage.facts["master1"][Node] = lambda **_: looks.pop(0) if looks else alone
    lost = lost_quorum({"master1": alone, "master2": None}, CLUSTER)
    assert lost is not None
    assert stage.steps(initialized, on="master1", run=stage.run) == [
        refusal(f"No cluster was initialized: {quorum_refusal(lost, CLUSTER)}.")
    ]
    assert looks == []


def test_a_member_that_may_come_yet_is_waited_for(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(k8s_ha.operations.etcd, "SECONDS_BETWEEN_POLLS", 0)
    alone = replace(TO_RUN, members=(FIRST, SECOND))
    looks = [alone, alone, replace(alone, etcd_healthy=True)]
    stage.hold({"master2": TO_RUN})
    stage.facts["master1"][Node] = lambda **_: looks.pop(0)
    with stage.on("master1", executing=False):
        require_quorum(stage.run)
    assert looks == []


def test_where_there_is_no_quorum_nothing_is_initialized_and_no_reset_is_spoken_of(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(k8s_ha.operations.cluster, "SECONDS_TO_SERVE", -1)
    stage.hold({"master1": etcd(*ALL), "master2": None, "master3": None})
    assert stage.steps(initialized, on="master1", run=stage.run) == [
        refusal(
            "No cluster was initialized: etcd has no quorum: its members are master1, master2, master3, and only "
            "master1 answers; a majority of them must; bring master2, master3 back and run this again; no member is "
            "given up by this run."
        )
    ]
    recovering = Run(six_host_cluster(recover_quorum=True))
    stage.hold(WINDOW)
    planned = stage.steps(initialized, on="master1", executing=False, run=recovering)
    assert planned == [Noop("etcd is recovered first")]


def test_the_survivor_alone_recovers(stage: Stage) -> None:
    stage.hold(WINDOW)
    script = "HOST=master1\nADDRESS=10.0.11.18\nLOST=10.0.12.55\n" + read_file("facts/etcd.sh")
    script += read_file("recover-quorum.sh")
    recovery = command(long_command("recover-quorum", script, seconds=600, lock="kubeadm"))
    assert stage.steps(recovered_single_member, on="master1", executing=False, run=stage.run) == [recovery]
    assert stage.steps(recovered_single_member, on="master2", run=stage.run) == [
        Noop("nothing is to be recovered here")
    ]
    with stage.on("master1", executing=True):
        steps = recovered_single_member._inner(run=Run(CLUSTER, secrets=Secrets(join=SECRETS)))
        assert command(next(steps)) == recovery
        stage.hold({"master1": member("master1")})
        assert list(steps) == []


@pytest.mark.parametrize("views", [{"master1": member("master1")}, WINDOW | {"master2": None}])
def test_nobody_recovers_what_may_come_back(stage: Stage, views: Mapping[str, NodeView | None]) -> None:
    stage.hold(views)
    for name in ("master1", "master2"):
        assert stage.steps(recovered_single_member, on=name, run=stage.run) == [Noop("nothing is to be recovered here")]
