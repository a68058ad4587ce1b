"""What is said of failures that users notice: which of them count, and to whom they are told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.scenarios.availability_report import API, Held, Interruption, availability_of

NODE_PORT = "NodePort of worker1"


def failed(target: str, *moments: float, error: str = "HTTP 500") -> list[str]:
    return [json.dumps({"event": "failed", "name": target, "at": at, "seconds": 0.1, "error": error}) for at in moments]


def polled(target: str, requests: int = 100) -> str:
    return json.dumps({"event": "polled", "name": target, "requests": requests, "failures": 0, "slowest": 0.5})


def cordon(event: str, at: float, node: str = "worker1") -> str:
    return json.dumps({"event": event, "node": node, "at": at})


TURN = [cordon("cordoned", 100), cordon("uncordoned", 200)]


@pytest.mark.parametrize(
    ("target", "moments", "counted", "own_turn"),
    [
        (NODE_PORT, [50], 1, 0),
        (NODE_PORT, [97.9, 202.1], 2, 0),
        # A cordon may be a second older than it was told.
        (NODE_PORT, [98.1, 150, 201.9], 0, 3),
        ("NodePort of worker2", [150], 1, 0),
        ("cluster IP, from worker1", [150], 1, 0),
        (API, [150], 1, 0),
    ],
)
def test_a_nodes_own_turn_excuses_its_node_port_alone(
    target: str, moments: list[float], counted: int, own_turn: int
) -> None:
    lines = [*failed(target, *moments), *TURN, polled(target)]
    nodes = {NODE_PORT: "worker1", "NodePort of worker2": "worker2"}
    (found,) = availability_of(lines, nodes).polled
    assert (len(found.failures), found.own_turn, found.requests) == (counted, own_turn, 100)


def test_a_turn_that_has_not_ended_goes_on() -> None:
    lines = [cordon("cordoned", 100), *failed(NODE_PORT, 5000), polled(NODE_PORT)]
    assert availability_of(lines, {NODE_PORT: "worker1"}).polled[0].own_turn == 1


def ended(gap: float) -> str:
    return json.dumps({"event": "watch ended", "at": 10.0, "reason": "closed", "gap": gap})


def seen(**counted: Any) -> str:
    return json.dumps(
        {"event": "watched", "name": "watch", "written": 9, "lost": [], "retries": 1, "slowest": 0.2} | counted
    )


@pytest.mark.parametrize(
    ("lines", "sentences"),
    [
        ([polled(API), seen(), ended(1.9)], []),
        (
            [polled(API), *failed(API, 3, 4)],
            ["API: 2 of 100 requests failed, the first at 00:00:03.0 (HTTP 500); none may fail."],
        ),
        (
            [ended(1), ended(2.5), seen()],
            ["The watch that ended at 00:00:10.0 (closed) was resumed after 2.5 s; 2 s are allowed."],
        ),
        ([seen(lost=["7", "8"])], ["The watch did not tell 2 of 9 changes; it must tell all of them."]),
    ],
    ids=["nothing", "requests", "a gap", "changes"],
)
def test_what_users_must_not_notice(lines: list[str], sentences: list[str]) -> None:
    assert availability_of(lines, {}).complaints() == sentences


def test_the_table() -> None:
    lines = [polled(NODE_PORT), polled(API), *failed(API, 3, 3.1, 8), ended(0.25), seen()]
    assert availability_of(lines, {NODE_PORT: "worker1"}).table().splitlines() == [
        "                     requests  failed  on its own turn  slowest",
        "API                       100       3                0   0.50 s",
        "NodePort of worker1       100       0                0   0.50 s",
        "watch: 1 ends, longest gap 0.25 s; 0 of 9 changes lost, the latest after 0.20 s; the writer tried 1 again",
        "  00:00:10.0 closed, resumed after 0.25 s",
        "  00:00:03.0 to 00:00:03.1 API: 2 x HTTP 500",
        "  00:00:08.0 to 00:00:08.0 API: 1 x HTTP 500",
    ]


def test_requests_of_the_api_and_of_the_service_are_told_apart() -> None:
    found = availability_of([polled(API, 5), polled(NODE_PORT, 7), polled("cluster IP", 8), *failed(API, 1)], {})
    assert (found.api, found.service) == ((1, 5), (0, 15))


def test_the_longest_gap() -> None:
    assert Held().longest_gap == 0
    assert Held(interruptions=(Interruption(1, "a", 0.5), Interruption(2, "b", 0.1))).longest_gap == 0.5
