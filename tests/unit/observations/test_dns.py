"""DNS by hand: the question's bytes, and what real answers say."""

from __future__ import annotations

import pytest

from k8s_ha.observations.dns import for_printf, parse_answer, question

NAME = "kubernetes.default.svc.cluster.local"
HEADER = "4b38 8500 0001 0001 0000 0000"
ASKED = "0a6b756265726e65746573 0764656661756c74 03737663 07636c7573746572 056c6f63616c 00 0001 0001"
# The lab's coredns, which repeats the name, and dnsmasq 2.89, which points back at it.
RECORDED = f"{HEADER} {ASKED} {ASKED} 0000001e 0004 0a600001"
POINTING = f"{HEADER} {ASKED} c00c 0001 0001 0000001e 0004 0a600001"


def test_the_question_is_what_a_resolver_would_send() -> None:
    assert question(NAME) == bytes.fromhex(f"4b38 0100 0001 0000 0000 0000 {ASKED}")
    assert question(f"{NAME}.") == question(NAME)


def test_the_question_as_printf_takes_it() -> None:
    assert for_printf(b"\x00\x0aA%") == r"\x00\x0a\x41\x25"


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (RECORDED, "10.96.0.1"),
        (POINTING, "10.96.0.1"),
        (
            POINTING.replace("0001 0000 0000 0a6b", "0002 0000 0000 0a6b") + " c00c 0001 0001 0000001e 0004 0a600002",
            "10.96.0.1, 10.96.0.2",
        ),
        (  # an alias before the address
            POINTING.replace("0001 0000 0000 0a6b", "0002 0000 0000 0a6b").replace(
                "c00c 0001 0001", "c00c 0005 0001 0000001e 0002 c00c c00c 0001 0001"
            ),
            "10.96.0.1",
        ),
        (f"4b38 8583 0001 0000 0000 0000 {ASKED}", "NXDOMAIN"),
        (f"4b38 8182 0001 0000 0000 0000 {ASKED}", "SERVFAIL"),
        (f"4b38 8185 0001 0000 0000 0000 {ASKED}", "REFUSED"),
        (f"4b38 8500 0001 0000 0000 0000 {ASKED}", "no address"),
        ("", "no answer"),
        (POINTING.replace("4b38", "4b39"), "an answer that is not DNS"),
        (RECORDED[:-9], "an answer that is not DNS"),
        ("4b38", "an answer that is not DNS"),
        ("no hex", "an answer that is not DNS"),
    ],
)
def test_what_an_answer_says(answer: str, says: str) -> None:
    assert parse_answer(answer) == says
