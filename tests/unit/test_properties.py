"""What holds whatever users write and hosts tell: no traceback, and no `init` beside a cluster that may exist."""

from __future__ import annotations

import contextlib
import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyinfra.api.exceptions import FactProcessError

import k8s_ha.facts
from k8s_ha.cluster_state.node_state import can_retry_init, init_refusal
from k8s_ha.cluster_state.snapshot import ClusterSnapshot
from k8s_ha.facts.lines import ParsedFact
from k8s_ha.observations.node import NodeView
from k8s_ha.settings import ClusterSettings, HostSettings, SettingsError, load_cluster
from tests.support.answers import whole
from tests.support.drawn_views import endpoint_answers, seen_by_control_planes
from tests.support.example_cluster import six_host_cluster, six_hosts
from tests.support.node_views import CLEAN, CONTROL_PLANES, ENDPOINT, RECORDED

CLUSTER = six_host_cluster()

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def mapping_of(names: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A mapping with some of these names, and with others."""
    return st.dictionaries(st.sampled_from(sorted(names)) | st.text(max_size=8), anything, max_size=5)


@given(given_settings=mapping_of(ClusterSettings.model_fields), own=mapping_of(HostSettings.model_fields))
def test_settings_are_taken_or_refused_in_sentences(given_settings: dict[str, Any], own: dict[str, Any]) -> None:
    first, *others = six_hosts()
    try:
        load_cluster(given_settings, [{**first, **own}, *others])
    except SettingsError as error:
        assert error.lines
        assert all(line.strip() and "\n" not in line for line in error.lines)


FACTS = sorted(
    (
        fact
        for module in pkgutil.iter_modules(k8s_ha.facts.__path__, "k8s_ha.facts.")
        for fact in vars(importlib.import_module(module.name)).values()
        if isinstance(fact, type) and issubclass(fact, ParsedFact) and fact is not ParsedFact
    ),
    key=lambda fact: fact.__name__,
)
REAL_LINES = sorted({line for path in RECORDED.glob("*.txt") for line in path.read_text("utf-8").splitlines()})
KEYS = sorted({line.partition(" ")[0] for line in REAL_LINES})


@pytest.mark.parametrize("fact", dict.fromkeys(FACTS), ids=lambda fact: fact.__name__)
@given(data=st.data())
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_a_host_prints_a_fact_is_read_or_fails_that_host(
    fact: type[ParsedFact[Any]], data: st.DataObject
) -> None:
    values = st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\n"), max_size=30)
    odd = st.builds("{} {}".format, st.sampled_from(KEYS), values) | st.sampled_from(KEYS) | values
    real = st.sampled_from(REAL_LINES)
    with contextlib.suppress(FactProcessError):
        fact().process(whole(data.draw(st.lists(odd | real, min_size=1, max_size=8))))


@given(
    reported=seen_by_control_planes,
    answer=endpoint_answers,
)
def test_init_only_where_certainly_no_cluster_is(reported: dict[str, NodeView | None], answer: str | None) -> None:
    allowed = init_refusal(reported, CLUSTER, answer) is None
    certain = answer == "" and all(
        reported.get(control_plane) is not None and not reported[control_plane].artifacts
        for control_plane in CONTROL_PLANES
    )
    assert allowed == certain


@given(reported=seen_by_control_planes)
def test_nothing_is_taken_back_but_a_proven_unfinished_init_with_nothing_beside_it(
    reported: dict[str, NodeView | None],
) -> None:
    if not can_retry_init(reported, CLUSTER):
        return
    first, *others = (reported.get(control_plane) for control_plane in CONTROL_PLANES)
    assert all(other is not None and not other.artifacts for other in others)
    assert first is not None
    assert (first.init_unfinished, first.busy) == (True, False)
    assert {node.name for node in first.nodes} | {member.name for member in first.members} <= {"master1"}
    assert first.server in (None, ENDPOINT)
    assert ClusterSnapshot(CLUSTER, reported).leader is None
    assert init_refusal(reported, CLUSTER, "") is not None  # not before a look at what is there after the reset


@given(reported=seen_by_control_planes)
def test_an_unfinished_init_never_leads(reported: dict[str, NodeView | None]) -> None:
    leading = ClusterSnapshot(CLUSTER, reported).leader
    view = reported[leading.name] if leading else None
    assert view is None or not view.init_unfinished


def test_virgin_hosts_and_a_silent_endpoint_are_certain() -> None:
    assert init_refusal(dict.fromkeys(CONTROL_PLANES, CLEAN), CLUSTER, "") is None
