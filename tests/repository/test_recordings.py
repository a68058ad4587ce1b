"""Pictures of a terminal: what of a run they show, and that they ask nothing of the network."""

from __future__ import annotations

import re

from tests.scenarios.recordings import DOTS, picture, shortened
from tests.support.paths import PROJECT

RUN = """--> Loading config...
--> Connecting to hosts...
    [master1]   Connected

--> Preparing operation files...
    Preflight: 6 hosts, nothing found
    Plan: master1: kubeadm init
    / 16% (1/6)
    [master1]   Ready: deploy.py

--> Disconnecting from hosts...
\x1b[32m--> Report:\x1b[0m
    Done
"""


def test_a_run_is_shortened_to_what_a_reader_looks_for() -> None:
    assert shortened(RUN.splitlines(), ["Preflight", "--> Report"]) == [
        "    Preflight: 6 hosts, nothing found",
        "    Plan: master1: kubeadm init",
        DOTS,
        "\x1b[32m--> Report:\x1b[0m",
        "    Done",
    ]


def test_a_picture_asks_nothing_of_the_network() -> None:
    svg = picture("pyinfra inventory.py deploy.py", ["\x1b[31mno\x1b[0m", "a <b> & c"])
    assert "a&#160;&lt;b&gt;&#160;&amp;&#160;c" in svg
    assert set(re.findall(r"https?://[^\s\"')]+", svg)) <= {"http://www.w3.org/2000/svg", "https://www.textualize.io"}


def test_no_path_of_a_machine_is_in_those_that_are_kept() -> None:
    for path in (PROJECT / "docs" / "screens").glob("*.svg"):
        assert "/var/lib/k8s-ha-lab" not in path.read_text(encoding="utf-8")
        assert str(PROJECT) not in path.read_text(encoding="utf-8")
