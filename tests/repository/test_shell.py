"""The package's shell runs on Enterprise Linux 7: bash 4.2 as sh, systemd 219, util-linux 2.23, coreutils 8.22."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.paths import PROJECT

SCRIPTS = sorted((PROJECT / "files").rglob("*.sh"))
MODULES = sorted((PROJECT / "k8s_ha").rglob("*.py"))


class Lacking(NamedTuple):
    """Something that a minimal EL7 has not, or has otherwise; with an offender that the pattern must find."""

    pattern: str
    reason: str
    instead: str
    offender: str


LACKING = [
    Lacking(
        r"\bsystemctl\b.* --value\b", "since systemd 230", "-p NAME, and cut NAME= off", "systemctl show --value -p X"
    ),
    Lacking(
        r"\bsystemctl\b.* -P\b", "since systemd 246", "-p NAME, and cut NAME= off", "systemctl show -P ActiveState"
    ),
    Lacking(
        r"\bsystemctl\b.* --with-dependencies",
        "since systemd 245",
        "name the units",
        "systemctl status --with-dependencies x",
    ),
    Lacking(
        r"\bjournalctl\b.* --output-fields",
        "since systemd 236",
        "-o cat, and grep",
        "journalctl --output-fields=MESSAGE",
    ),
    Lacking(r"\bjournalctl\b.* (-g|--grep)\b", "since systemd 237", "grep", "journalctl -u x --grep y"),
    Lacking(r"\bhostnamectl hostname\b", "since systemd 249", "hostnamectl set-hostname", "hostnamectl hostname a"),
    Lacking(r"\bresolvectl\b", "since systemd 239", "read /etc/resolv.conf", "resolvectl status"),
    Lacking(r"\bip\b( -\w+)* (-j|-json)\b", "since iproute 4.13", "ip -o", "ip -4 -j addr"),
    Lacking(r"\b(lsblk|findmnt|lscpu)\b.* (-J|--json)\b", "since util-linux 2.27", "-n -P or -r", "lsblk -J"),
    Lacking(
        r"\bflock( -\w+( \d+)?)* (-F|--no-fork|--verbose)\b",
        "since util-linux 2.26 and later",
        "leave it out",
        "flock -F x true",
    ),
    Lacking(
        r"\bsetsid (-w|--wait|-f|--fork)\b", "since util-linux 2.24", "setsid, as no group leader", "setsid -w true"
    ),
    Lacking(r"(^|[;&|({!]|\b(then|do|else|if)\b)\s*dnf\s", "EL7 has yum; EL8's yum is dnf", "yum", "dnf -y install x"),
    Lacking(
        r"(?<![\w/-])(python|python2|python3|perl|jq|yq|nc|ncat|lsof|bc)\b", "not in a minimal install", "sh", "| jq .x"
    ),
    Lacking(r"\b(netstat|ifconfig|route -n)\b", "net-tools is not in a minimal install", "ip, ss", "netstat -lnt"),
    Lacking(r"\bcp\b.* --update=", "since coreutils 9.3", "-u", "cp --update=none a b"),
    Lacking(r"\benv\b (-S|--split-string|-C|--chdir)\b", "since coreutils 8.28 and later", "sh -c", "env -C / true"),
    Lacking(r"\bwait -[npf]\b", "since bash 4.3", "wait PID", "wait -n"),
    Lacking(r"\b(declare|local|typeset) -n\b", "since bash 4.3", "eval, or none", "local -n x=y"),
    Lacking(r"\$\{\w+@[A-Za-z]\}", "since bash 4.4", "quote with shlex", "echo ${x@Q}"),
    Lacking(r"\b(mapfile|readarray)\b.* -d\b", "since bash 4.4", "while read", "mapfile -d '' x"),
    Lacking(r"\$\{?EPOCH(SECONDS|REALTIME)\b", "since bash 5.0", "date +%s", "echo $EPOCHSECONDS"),
    Lacking(
        r"\bcurl\b.* (--retry-all-errors|--retry-connrefused|--fail-with-body|--json|-Z|--parallel)\b",
        "since curl 7.52 and later",
        "a loop with a deadline",
        "curl --retry-connrefused x",
    ),
    Lacking(r"\bsed\b.* --(sandbox|debug)\b", "since sed 4.3 and later", "leave it out", "sed --debug x"),
    Lacking(
        r"\bgrep\b.* (-P|--perl-regexp)\b",
        "grep may be built without it, and -E is enough",
        "grep -E",
        "grep -P x",
    ),
    Lacking(
        r"\bsha256sum\b.* (-z|--ignore-missing)\b",
        "since coreutils 8.25",
        "test -f first",
        "sha256sum --ignore-missing -c x",
    ),
]


def texts_of_module(source: str) -> Iterator[str]:
    """Every string of a module but its docstrings; what an f-string puts in reads ``X``."""
    nodes = list(ast.walk(ast.parse(source)))
    docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    parts = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings | parts:
            yield node.value


@cache
def texts() -> dict[str, list[str]]:
    """The shell, and whatever else is text, by file; comments of scripts left out."""
    scripts = {
        str(path.relative_to(PROJECT)): [
            re.sub(r"(^|\s)#.*", "", line) for line in path.read_text(encoding="utf-8").splitlines()
        ]
        for path in SCRIPTS
    }
    # What the operator's own machine has: this package runs there.
    modules = {
        str(path.relative_to(PROJECT)): [
            text.replace("python -m k8s_ha", "") for text in texts_of_module(path.read_text(encoding="utf-8"))
        ]
        for path in MODULES
    }
    return scripts | modules


def offences(lines: list[str]) -> list[Lacking]:
    return [row for row in LACKING if any(re.search(row.pattern, line) for line in lines)]


@pytest.mark.parametrize("file", texts())
def test_enterprise_linux_7_has_it(file: str) -> None:
    assert [f"{row.pattern}: {row.reason}; write {row.instead}" for row in offences(texts()[file])] == []


@pytest.mark.parametrize("row", LACKING, ids=lambda row: row.offender)
def test_every_offender_is_found(row: Lacking) -> None:
    offender = row.offender.replace("{", "{{").replace("}", "}}")
    source = f'"""{row.offender}"""\n\n\ndef f(a: str) -> str:\n    return f"true {{a}} && {offender}"\n'
    assert row in offences(list(texts_of_module(source)))
    assert offences(list(texts_of_module(f'"""{row.offender}"""\n'))) == []


@pytest.mark.parametrize("shell", [["bash", "--posix"], ["dash"]], ids=lambda shell: shell[0])
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_are_well_formed(script: Path, shell: list[str]) -> None:
    if not shutil.which(shell[0]):
        pytest.skip(f"{shell[0]} is not installed")
    done = subprocess.run([*shell, "-n", str(script)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_say_what_they_are_given(script: Path) -> None:
    """A variable in capitals that a script does not set itself is an argument, and its first line names it."""
    text = script.read_text(encoding="utf-8")
    used = set(re.findall(r"\$\{?([A-Z][A-Z0-9_]*)\b", text))
    own = {"PATH", "ID", "ID_LIKE", "VERSION_ID"} | set(re.findall(r"^\s*([A-Z][A-Z0-9_]*)=", text, re.MULTILINE))
    named = set(re.findall(r"\b[A-Z][A-Z0-9_]{3,}\b", text.splitlines()[0]))
    assert used - own <= named
