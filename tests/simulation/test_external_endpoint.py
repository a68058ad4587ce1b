"""A cluster behind somebody else's balancer, through pyinfra's command line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.fakes.run import LOOK, Fleet, Outcome
from tests.support.fakes.scenario import ADDRESSES, GROUPS, SETTINGS, Scenario
from tests.support.finding_rows import rows

ENDPOINT = "lb.example:6443"
BALANCER = "k8s_ha.external_balancer"
HOSTS = tuple(name for name in ADDRESSES if name != "master-lb")
BEHIND = Scenario(
    groups={name: hosts for name, hosts in GROUPS.items() if name != "load_balancers"},
    addresses={name: ADDRESSES[name] for name in HOSTS},
    settings=SETTINGS | {"endpoint": {"external": ENDPOINT}},
    preflight={name: ["endpoint_address 10.9.9.9", "endpoint_answer refused"] for name in HOSTS},
    order=HOSTS,
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Fleet, Outcome]:
    fleet = Fleet(tmp_path_factory.mktemp("behind"), BEHIND)
    return fleet, fleet.run("-y")


def test_a_cluster_is_built_behind_it(built: tuple[Fleet, Outcome]) -> None:
    fleet, outcome = built
    assert outcome.exit_code == 0, outcome.output
    assert {*outcome.world.nodes} == {*HOSTS}
    assert f"The balancer at {ENDPOINT} is to pass TCP on to:" in outcome.output
    assert "10.0.11.18:6443  master1        HTTPS /readyz gives 200" in outcome.output
    assert outcome.world.kept["ClusterConfiguration"]["controlPlaneEndpoint"] == ENDPOINT
    assert not any("nginx" in package for machine in outcome.world.machines.values() for package in machine.packages)
    again = fleet.run("-y")
    assert (again.exit_code, again.changes) == (0, []), again.output
    assert "is to pass TCP on to" not in again.output


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (["endpoint_answer other"], "what answers at the endpoint lb.example:6443 speaks"),
        (["endpoint_answer api"], "an API server answers at the endpoint"),
        (["endpoint_answer silent curl: (28) timed out"], "nothing answers at the endpoint lb.example:6443"),
    ],
)
def test_a_wrong_one_is_told_before_the_first_change(tmp_path: Path, told: list[str], sentence: str) -> None:
    preflight = {**BEHIND.preflight, "worker1": ["endpoint_address 10.9.9.9", *told]}
    outcome = Fleet(tmp_path, replace(BEHIND, preflight=preflight)).run("-y")
    assert outcome.exit_code == 1
    assert sentence in outcome.sentences, outcome.output
    assert outcome.changes == []


def test_a_name_that_nobody_knows_is_told(tmp_path: Path) -> None:
    outcome = Fleet(tmp_path, replace(BEHIND, preflight={})).run("-y", deploy=LOOK)
    assert outcome.exit_code == 1
    assert f"cannot resolve the endpoint's name {ENDPOINT.partition(':')[0]}" in outcome.sentences
    assert outcome.changes == []


def test_an_upgrade_marks_nobody_and_says_so(built: tuple[Fleet, Outcome]) -> None:
    fleet, _ = built
    fleet.change(replace(BEHIND, settings=BEHIND.settings | {"kubernetes_version": "1.31.14"}))
    outcome = fleet.run("--dry")
    assert outcome.exit_code == 0, outcome.output
    assert "your balancer leaves it out by its own checks" in outcome.sentences
    assert "out of the balancer" not in outcome.output
    fleet.change(BEHIND)


def test_examples_are_written_once(built: tuple[Fleet, Outcome]) -> None:
    fleet, _ = built
    folder = fleet.folder / "reports" / "balancer"
    dry = fleet.run("--dry", deploy=BALANCER)
    assert (dry.exit_code, folder.exists()) == (0, False), dry.output
    assert "10.0.13.22:6443  master3" in dry.output
    outcome = fleet.run("-y", deploy=BALANCER)
    assert outcome.exit_code == 0, outcome.output
    assert sorted(path.name for path in folder.glob("[a-z]*")) == [
        "haproxy.cfg",
        "ipvsadm.rules",
        "keepalived.conf",
        "nginx.conf",
    ]
    assert "server master1 10.0.11.18:6443" in (folder / "haproxy.cfg").read_text(encoding="utf-8")
    again = fleet.run("-y", deploy=BALANCER)
    assert again.exit_code == 0
    assert "Examples for HAProxy" not in again.output
    assert outcome.changes == again.changes == []


@pytest.mark.parametrize(
    ("settings", "flags", "count"),
    [({}, ("--limit", "@fake/worker1"), 3), ({"removed_nodes": ["master3"]}, (), 2)],
    ids=["one host alone", "one that goes"],
)
def test_examples_come_from_whoever_takes_part(
    tmp_path: Path, settings: dict[str, object], flags: tuple[str, ...], count: int
) -> None:
    fleet = Fleet(tmp_path, replace(BEHIND, settings=BEHIND.settings | settings))
    outcome = fleet.run("-y", *flags, deploy=BALANCER)
    assert outcome.exit_code == 0, outcome.output
    text = (tmp_path / "reports" / "balancer" / "haproxy.cfg").read_text(encoding="utf-8")
    assert text.count("\n    server ") == outcome.output.count("HTTPS /readyz gives 200") == count


def test_a_control_plane_that_goes_is_to_be_taken_out_by_somebody(built: tuple[Fleet, Outcome]) -> None:
    fleet, _ = built
    fleet.change(replace(BEHIND, settings=BEHIND.settings | {"removed_nodes": ["master3"]}))
    outcome = fleet.run("--dry", deploy=LOOK)
    assert outcome.exit_code == 0, outcome.output
    (row,) = [row for row in rows(outcome.output) if row.host == "@fake/master3"]
    assert (row.severity, row.remedy) == ("warning", "take 10.0.13.22:6443 out of its members, before or after")
    fleet.change(BEHIND)


def test_there_are_none_for_a_balancer_of_this_packages(finished: Fleet) -> None:
    outcome = finished.run("-y", deploy=BALANCER)
    assert outcome.exit_code == 1
    assert "which this package configures itself; set endpoint.external" in outcome.sentences
    assert "Traceback" not in outcome.output
