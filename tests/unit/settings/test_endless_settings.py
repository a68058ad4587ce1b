"""Settings that have no end, or too many mistakes to be told."""

from typing import Any

import pytest

from tests.support.example_cluster import six_hosts
from tests.support.settings_mistakes import mistakes

TOO_DEEP = (
    "nested too deep, or too much; it has at most 32 levels and 100000 entries, and does not hold itself; shorten it"
)


def nested(levels: int, *, mapping: bool = True) -> Any:
    """Mappings or lists within each other."""
    value: Any = "x"
    for _ in range(levels):
        value = {"a": value} if mapping else [value]
    return value


def holding_itself() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["a"] = [value]
    return value


def doubling(levels: int) -> Any:
    """A list that holds one list twice, and so on: a line of YAML each, and two to the power of them in all."""
    value: Any = ["x"]
    for _ in range(levels):
        value = [value, value]
    return value


ENDLESS = {
    "mappings 1000 deep": nested(1000),
    "mappings 100,000 deep": nested(100_000),
    "lists 1000 deep": {"a": nested(1000, mapping=False)},
    "itself": holding_itself(),
    "two to the power of 25": {"a": doubling(25)},
}


@pytest.mark.parametrize("given", ENDLESS.values(), ids=ENDLESS)
@pytest.mark.parametrize("setting", ["kubeadm_patches", "mirror", "cert_extra_sans", "kubernetes_version", "nonsense"])
def test_a_setting_without_an_end_costs_one_sentence(setting: str, given: Any) -> None:
    value = {"KubeletConfiguration": given} if setting == "kubeadm_patches" else given
    assert mistakes({setting: value}) == [f"{setting}: {TOO_DEEP}"]


@pytest.mark.parametrize("given", ENDLESS.values(), ids=ENDLESS)
def test_a_hosts_setting_without_an_end_costs_one_sentence(given: Any) -> None:
    first, *others = six_hosts()
    assert mistakes({}, [{**first, "labels": given}, *others]) == [f"master1: labels: {TOO_DEEP}"]


def test_of_ten_thousand_mistakes_the_first_are_told_and_how_many_there_are() -> None:
    lines = mistakes({"cert_extra_sans": ["NO"] * 10_000, "pod_cidr": "no", "nonsense": 1})
    assert [line.partition(";")[0] for line in lines] == [
        "pod_cidr: 'no'",
        *(f"cert_extra_sans.{number}: 'NO'" for number in range(5)),
        "cert_extra_sans: and 9995 more",
        "nonsense: unknown setting",
    ]


def test_ten_thousand_hosts_that_are_wrong_are_told_by_the_first() -> None:
    hosts = [{"name": f"w{number}", "address": "no", "role": "worker"} for number in range(10_000)]
    lines = mistakes({}, [*six_hosts(), *hosts])
    assert (len(lines), lines[-1]) == (21, "and 9981 more; correct these first")  # and the pod network is too small


def test_ten_thousand_settings_that_nobody_knows_are_told_by_the_first() -> None:
    lines = mistakes({f"setting{number}": 1 for number in range(10_000)})
    assert (len(lines), lines[-1]) == (21, "and 9980 more; correct these first")


def test_a_name_that_a_terminal_would_obey_is_written_out() -> None:
    assert mistakes({"\x1b]52;c;eA==\x07": 1})[0].startswith("\\x1b]52;c;eA==\\x07: unknown setting; ")
