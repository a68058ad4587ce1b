"""Who leads etcd, as its JSON API of 3.4 to 3.7 tells it."""

from __future__ import annotations

import json

import pytest

from k8s_ha.facts.etcd_leader import EtcdLeader
from k8s_ha.observations.etcd import Leadership

WELL = '{"health":"true","reason":""}'
STATUS = {"header": {"cluster_id": "9", "member_id": "1", "revision": "77", "raft_term": "3"}, "version": "3.6.16"}
ADDRESSES = {"1": "10.0.11.18", "2": "10.0.12.55", "3": "10.0.13.22"}


def member(number: str, **more: object) -> dict[str, object]:
    urls = {"peerURLs": [f"https://{ADDRESSES[number]}:2380"], "clientURLs": [f"https://{ADDRESSES[number]}:2379"]}
    return {"ID": number, "name": f"master{number}", **urls, **more}


def told(leader: str, *members: dict[str, object], well: tuple[str, ...] = ("1", "2", "3")) -> Leadership:
    lines = [f"status {json.dumps(STATUS | {'leader': leader})}", f"members {json.dumps({'members': members})}"]
    lines += [f"health {ADDRESSES[number]} {WELL}" for number in well]
    return EtcdLeader().parse(lines)


@pytest.mark.parametrize(
    ("found", "leads", "successors"),
    [
        (told("1", member("1"), member("2"), member("3")), True, ["2", "3"]),
        (told("2", member("1"), member("2"), member("3")), False, ["2", "3"]),
        (told("1", member("1"), member("2"), member("3"), well=("1", "3")), True, ["3"]),
        (told("1", member("1"), member("2", isLearner=True), member("3", name="")), True, []),
        (told("1", member("1")), True, []),
        (EtcdLeader().parse([]), False, []),
        (EtcdLeader().parse(["status ", "members ", "health 10.0.12.55 "]), False, []),
        (EtcdLeader().parse(['status {"header": [], "leader": ""}', "members []"]), False, []),
    ],
    ids=["it", "another", "one that is ill", "no vote, never started", "alone", "no etcd", "silent", "odd"],
)
def test_who_leads_and_who_could(found: Leadership, leads: bool, successors: list[str]) -> None:
    assert (found.leads, [each.identity for each in found.successors]) == (leads, successors)


@pytest.mark.parametrize(
    ("found", "unwell"),
    [
        (told("1", member("1"), member("2"), member("3")), ()),
        (told("1", member("1"), member("2"), member("3"), well=("1", "3")), ("master2",)),
        (told("1", member("1"), member("2", isLearner=True), member("3", name="")), ("master2", "3")),
    ],
    ids=["none", "one", "no vote, never started"],
)
def test_who_is_not_well(found: Leadership, unwell: tuple[str, ...]) -> None:
    assert found.unwell == unwell


@pytest.mark.parametrize(
    ("status", "well", "is_well"),
    [
        ({"dbSize": "9", "dbSizeInUse": "8"}, ("1",), True),
        ({"dbSize": "9", "dbSizeInUse": "8"}, ("2", "3"), False),
        ({}, ("1", "2", "3"), False),
    ],
    ids=["well", "it answers, and has not caught up", "it tells no size"],
)
def test_whether_it_is_well_itself(status: dict[str, str], well: tuple[str, ...], is_well: bool) -> None:
    lines = [f"status {json.dumps(STATUS | {'leader': '2'} | status)}"]
    lines += [f"members {json.dumps({'members': [member(number) for number in ADDRESSES]})}"]
    lines += [f"health {ADDRESSES[number]} {WELL}" for number in well]
    assert EtcdLeader().parse(lines).is_well is is_well
