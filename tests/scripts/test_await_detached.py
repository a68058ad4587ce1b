"""Volumes of a drained node waited for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.node_bench import NodeBench

MINE, UNNAMED, OTHERS = "worker1 pv-1 csi-aa\n", "worker1  csi-bb\n", "worker11 pv-2 csi-cc\n"
HINT = "look at `kubectl get volumeattachments`, then run this again"


@pytest.fixture
def bench(tmp_path: Path) -> NodeBench:
    return NodeBench(tmp_path)


@pytest.mark.parametrize(
    ("attached", "lacking"),
    [
        ("", ""),
        (OTHERS, ""),
        (MINE + OTHERS, "attached to it: pv-1"),
        (OTHERS + MINE + UNNAMED, "attached to it: pv-1, csi-bb"),
        (None, "the API server does not tell which volumes are attached to it"),
    ],
)
def test_what_is_attached(bench: NodeBench, attached: str | None, lacking: str) -> None:
    bench.keep(**({"unread_attached": ""} if attached is None else {"attached": attached}))
    done = bench.run("await-detached.sh", SECONDS_ALLOWED="0")
    said = [f"w1: {lacking} after 0 seconds; {HINT}."] if lacking else []
    assert (done.returncode, done.stderr.splitlines()[-1:]) == (int(bool(lacking)), said)


def test_it_goes_on_as_soon_as_nothing_is_attached(bench: NodeBench) -> None:
    bench.keep(attached=MINE)
    bench.shell.add_tool("sleep", f"rm {bench.shell.root}/state/attached")
    done = bench.run("await-detached.sh", SECONDS_ALLOWED="30")
    assert (done.returncode, done.stderr) == (0, "")
