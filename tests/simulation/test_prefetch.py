"""Looks that are made in one command: which answers are believed, and for how long."""

from __future__ import annotations

from pathlib import Path

from k8s_ha.facts.fact_batch import FactBatch, FactRequest
from k8s_ha.facts.lines import ParsedFact
from k8s_ha.facts.system import Content, Files
from tests.support.fakes.run import Fleet, Outcome
from tests.support.fakes.scenario import Scenario
from tests.support.shell_bench import Shell

MODULES = "/etc/modules-load.d/k8s.conf"


class Broken(ParsedFact[list[str]]):
    """A fact whose script fails."""

    def command(self) -> str:
        return "export LOST=yes\necho half of it\nexit 3"

    def reported(self, output: list[str]) -> list[str]:
        return output


def test_each_look_is_told_as_if_it_were_alone(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.file("/etc/a b", "k8s-ha request of mine\n$LOST\n")
    looks = [
        FactRequest(Broken, {}),
        FactRequest(Content, {"path": "/etc/a b"}),
        FactRequest(Files, {"paths": ["/etc/none"]}),
        FactRequest(Content, {"path": "/etc/none"}),
    ]
    answers = FactBatch().process(["a line of ~/.bashrc", *shell.lines(FactBatch().command(requests=looks))])
    assert [look.answer(answers[look.key]) for look in looks] == [None, b"k8s-ha request of mine\n$LOST\n", {}, b""]


def test_two_that_ask_the_same_are_one_look() -> None:
    first, second = (FactRequest(Files, {"paths": ["/etc/a"]}) for _ in range(2))
    assert first.key == second.key
    assert (
        len(
            {
                look.key
                for look in (
                    first,
                    FactRequest(Files, {"paths": ["/etc/b"]}),
                    FactRequest(Content, {"path": "/etc/a"}),
                )
            }
        )
        == 3
    )


def looks(outcome: Outcome, host: str) -> list[tuple[str, bool]]:
    """What a host was asked in the first layer, in order: each look, and whether it was one of several."""
    steps = [step for step in outcome.log if step.host == host and step.begun > held(outcome)]
    spans = [(step.begun, step.ended) for step in steps if step.step == "together"]
    return [
        (step.step, any(begun < step.begun and step.ended < ended for begun, ended in spans))
        for step in steps
        if step.step != "together"
    ]


def held(outcome: Outcome) -> int:
    return max(step.begun for step in outcome.steps("holder"))


def test_a_host_that_is_as_wanted_is_asked_once_a_layer(finished: Fleet) -> None:
    outcome = finished.run()
    together = [step.host for step in outcome.steps("together")]
    assert max(together.count(host) for host in set(together)) <= 5
    alone = {step for step, is_together in looks(outcome, "worker1") if not is_together}
    assert not alone & {"hostname", "content", "units", "swap", "files", "kernel", "packages", "service", "port"}


def test_after_a_change_the_host_is_asked_again(finished: Fleet) -> None:
    finished.edit(lambda world: world.machines["worker1"].write(MODULES, "br_netfilter\n"))
    outcome = finished.run()
    assert outcome.exit_code == 0, outcome.output
    reported = [step for step, _ in looks(outcome, "worker1")]
    asked = looks(outcome, "worker1")
    written = reported.index("write")
    assert ("kernel", True) in asked[:written]
    assert ("kernel", False) in asked[written:]
    # Another host's answers stay, and a layer begins anew.
    assert ("kernel", False) not in looks(outcome, "worker2")
    assert ("packages", True) in asked[written:]


def test_one_that_cannot_be_read_is_asked_again_alone_and_fails_its_host(finished: Fleet) -> None:
    """Its error is told as ever."""
    finished.change(Scenario(answers=[("worker1", "|| base64 /etc/hosts", {"success": False, "lines": ["I/O error"]})]))
    outcome = finished.run()
    assert outcome.exit_code == 1
    assert [look for look in looks(outcome, "worker1") if look[0] == "content"] == [
        ("content", True),
        ("content", False),
    ]
    assert "could not be read; see the error above" in outcome.sentences
    assert "I/O error" in outcome.sentences
