"""Whatever hosts tell, their rules and the last check end in findings: no word of one host ends the run of all."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pyinfra.api.exceptions import FactProcessError

from k8s_ha.cluster_state.drains import evicts
from k8s_ha.cluster_state.plan import decide
from k8s_ha.facts.cluster import ApiStatusFact
from k8s_ha.facts.drains import Drains
from k8s_ha.facts.host_status import HostStatusFact
from k8s_ha.facts.preflight import PreflightFacts
from k8s_ha.facts.survey import Survey
from k8s_ha.facts.upgrade import UpgradeSurvey
from k8s_ha.findings import Finding, table
from k8s_ha.observations import etcd
from k8s_ha.observations.host_status import HostStatus
from k8s_ha.preflight_checks.drain import drain_findings
from k8s_ha.preflight_checks.existing_cluster import snapshot_of, states_before
from k8s_ha.preflight_checks.lifetime import lifetime_findings
from k8s_ha.preflight_checks.model import DownloadSource, HostContext
from k8s_ha.preflight_checks.rules import preflight_findings
from k8s_ha.preflight_checks.survey import survey_findings, usable
from k8s_ha.preflight_checks.upgrade import upgrade_findings
from k8s_ha.untrusted import json_object, yaml_value
from k8s_ha.verification.hosts import status_findings
from tests.support.answers import whole
from tests.support.cluster_health import complete_api_status
from tests.support.example_cluster import six_host_cluster
from tests.support.node_views import recorded
from tests.support.surveys import survey

CLUSTER = six_host_cluster()
HOSTILE = {
    "superscript": "²",
    "another script's digit": "٣",
    "5000 digits": "9" * 5000,
    "minus": "-1",
    "not a number": "nan",
    "infinite": "1e999",
    "nothing": "",
    "1000 braces": "{" * 1000,
    "1000 brackets": "[" * 1000,
    "braces of Python": "{0.__class__}{x",
    "percent": "%s%n%",
    "escape": "\x1b]52;c;eA==\x07",
    "quote": "'\"",
    "slashes": "/" * 300,
    "not base64": "=",
    "DER that is none": "MIIB",
    "direction": "\u202e",
}
"""Words that Python's own functions stumble over, by what they are."""


NUMBERS = ("²", "9" * 5000)


def hostile(lines: list[str], word: str) -> Iterator[list[str]]:
    """The lines with each word of the first line of a kind, but for its key, in turn replaced; then all words at once.

    The words that are no numbers stand for a whole line's at once.
    """
    kinds: set[str] = set()
    for number, line in enumerate(lines):
        key, *values = line.split(" ")
        if key in kinds:
            continue
        kinds.add(key)
        alone = range(len(values)) if word in NUMBERS else ()
        for place in alone:
            yield [*lines[:number], " ".join([key, *values[:place], word, *values[place + 1 :]]), *lines[number + 1 :]]
        yield [*lines[:number], " ".join([key, *(word for _ in values)]), *lines[number + 1 :]]
    yield [" ".join([key, *(word for _ in values)]) for key, *values in (line.split(" ") for line in lines)]


def shown(findings: list[Finding]) -> None:
    """Each is a sentence, and all make a table, that no terminal obeys."""
    text = table(findings, 200) + "".join(map(str, findings))
    assert all(char.isprintable() or char == "\n" for char in text)


@pytest.mark.parametrize("word", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("recording", ["survey-node", "survey-centos-7", "survey-balancer"])
def test_a_survey(recording: str, word: str) -> None:
    for lines in hostile(recorded(recording), word):
        with contextlib.suppress(FactProcessError):
            found = Survey().process(whole(lines))
            surveys = {"worker1": found, "master1": survey(8)}
            usable(found)
            shown(survey_findings(surveys, CLUSTER))
            shown(list(lifetime_findings(surveys, CLUSTER, datetime.now(UTC).date())))


def context(lines: list[str], name: str) -> HostContext:
    fact = PreflightFacts()
    fact.sources = [DownloadSource("repository", "https://mirror.example/repodata/repomd.xml")]
    return HostContext(CLUSTER, CLUSTER.host(name), survey(8, extras=True), fact.process(whole(lines)))


@pytest.mark.parametrize("word", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize(
    ("recording", "name"),
    [
        ("preflight-virgin", "master1"),
        ("preflight-centos-7", "worker1"),
        ("preflight-balancer-virgin", "master-lb"),
    ],
)
def test_preflight(recording: str, name: str, word: str) -> None:
    """With the plan that is made of it."""
    for lines in hostile(recorded(recording), word):
        with contextlib.suppress(FactProcessError):
            contexts = [context(lines, name)]
            shown(preflight_findings(contexts))
            states_before(contexts)
            assert decide(snapshot_of(contexts)).lines is not None


@pytest.mark.parametrize("word", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize(
    "recording",
    ["surroundings-firewalld-ipset", "surroundings-firewalld-zone", "surroundings-iptables", "surroundings-nftables"],
)
def test_packet_filters(recording: str, word: str) -> None:
    for lines in hostile(recorded(recording), word):
        with contextlib.suppress(FactProcessError):
            shown(preflight_findings([context([*lines, *recorded("preflight-virgin")], "master1")]))


@pytest.mark.parametrize("word", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize(
    ("recording", "name"),
    [
        ("verify-control-plane", "master1"),
        ("verify-etcd-down", "master1"),
        ("verify-worker-odd", "worker1"),
        ("verify-balancer-odd", "master-lb"),
    ],
)
def test_the_last_check(recording: str, name: str, word: str) -> None:
    api_status = complete_api_status(CLUSTER)
    for lines in hostile(recorded(recording), word):
        with contextlib.suppress(FactProcessError):
            statuses: dict[str, HostStatus | None] = {name: HostStatusFact().process(whole(lines))}
            shown(list(status_findings(statuses, api_status, CLUSTER, datetime.now(UTC))))


@pytest.mark.parametrize("word", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("recording", ["health", "health-odd"])
def test_the_apis_answers(recording: str, word: str) -> None:
    for lines in hostile(recorded(recording), word):
        with contextlib.suppress(FactProcessError):
            ApiStatusFact().process(whole(lines))


@pytest.mark.parametrize("word", HOSTILE.values(), ids=HOSTILE)
def test_what_drains_would_meet(word: str) -> None:
    for lines in hostile(recorded("drains"), word):
        with contextlib.suppress(FactProcessError):
            observation = Drains().process(whole(lines))
            shown(list(drain_findings(observation, CLUSTER.nodes, [])))
            assert [evicts(observation, node, ["bare-pods"]) for node in CLUSTER.nodes]


@pytest.mark.parametrize("word", HOSTILE.values(), ids=HOSTILE)
def test_an_upgrade(word: str) -> None:
    for lines in hostile(recorded("upgrade-control-plane"), word):
        with contextlib.suppress(FactProcessError):
            told = {"master1": UpgradeSurvey().process(whole(lines))}
            shown(upgrade_findings(CLUSTER, told, {}, {}, 20, 37, 17, {}))


ETCD: dict[str, Any] = {
    "deep": '{"members":' + "[" * 5000 + "]" * 5000 + "}",
    "deep, and not too deep for Python": '{"members":[{"ID":' + "[" * 300 + "]" * 300 + "}]}",
    "long number": '{"members":[{"ID":' + "9" * 5000 + "}]}",
    "cut off": '{"members":[{"ID":"1"',
}


@pytest.mark.parametrize("text", ETCD.values(), ids=ETCD)
def test_etcds_answers(text: str) -> None:
    assert etcd.members(text) == ()
    assert etcd.health(text) is None
    assert json_object(text) == {}


YAML = {
    "a day that no month has": "a: 2001-99-99",
    "long number": "a: " + "9" * 5000,
    "no number": "a: !!int x",
    "itself": "a: &a [*a]",
    "deep": "a: " + "[" * 80 + "]" * 80,
    "two to the power of 25": "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 26)),
}


@pytest.mark.parametrize("text", YAML.values(), ids=YAML)
def test_yaml_that_nobody_can_read_to_its_end(text: str) -> None:
    with pytest.raises(ValueError, match="is not YAML"):
        yaml_value(text)
