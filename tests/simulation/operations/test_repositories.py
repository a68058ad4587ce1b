"""The repositories that a host brings itself: which files are written, and what in them is pointed at the vault."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest
from pyinfra.api import Host, StringCommand
from pyinfra.connectors.util import CommandOutput, OutputLine

from k8s_ha.catalog.credentials import Login
from k8s_ha.desired.yum import Repository, ServedKeys, pointed_at_vault
from k8s_ha.facts.answers import FIRST as FIRST_MARK
from k8s_ha.facts.answers import LAST
from k8s_ha.facts.repositories import CentosRepositories
from k8s_ha.facts.repository_keys import RepositoryKeys
from k8s_ha.facts.system import Files, FileState
from k8s_ha.observations.openpgp import fingerprints
from k8s_ha.operations.commands import edited, write
from k8s_ha.operations.repositories import keys_written, vault_repositories
from tests.support.operation_bench import Bench, Command, Noop, Row, Step, command, refusal, test_of
from tests.support.paths import RECORDED

CENTOS_7 = """\
# CentOS-Base.repo
[base]
name=CentOS-$releasever - Base
mirrorlist=http://mirrorlist.centos.org/?release=$releasever&arch=$basearch&repo=os&infra=$infra
#baseurl=http://mirror.centos.org/centos/$releasever/os/$basearch/
gpgcheck=1
gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-7

[own]
mirrorlist=https://mirrors.example/own
baseurl=https://mirror.example/own
"""
VAULTED = """\
# CentOS-Base.repo
[base]
name=CentOS-$releasever - Base
#mirrorlist=http://mirrorlist.centos.org/?release=$releasever&arch=$basearch&repo=os&infra=$infra
baseurl=https://vault.example/7.9.2009/os/$basearch/
gpgcheck=1
gpgkey=file:///etc/pki/rpm-gpg/RPM-GPG-KEY-CentOS-7

[own]
mirrorlist=https://mirrors.example/own
baseurl=https://mirror.example/own
"""
REPO = "/etc/yum.repos.d/CentOS-Base.repo"
VAULT = {"vault": "https://vault.example/", "el_major": 7}
ROWS: dict[str, Row] = {
    "repositories whose mirrors are gone": (
        vault_repositories,
        VAULT,
        {CentosRepositories: {REPO: CENTOS_7.encode()}},
        [
            Command(f"[ -e {REPO}.before-k8s-ha ] || cp -p {REPO} {REPO}.before-k8s-ha"),
            command(edited(REPO, CENTOS_7.encode(), VAULTED.encode())),
        ],
    ),
    "repositories of the vault": (
        vault_repositories,
        VAULT,
        {CentosRepositories: {REPO: VAULTED.encode()}},
        [Noop("they point at the vault")],
    ),
}

test_operations = test_of(ROWS)

ONE, BOTH = ((RECORDED / f"keys/{name}.asc").read_text(encoding="utf-8") for name in ("one", "both"))
FIRST, SECOND = fingerprints(BOTH)
PINNED = Repository("k8s-ha-docker", "Docker", "https://m.example", ("https://m.example/k?x=y",), (FIRST,))
UNPINNED = replace(PINNED, fingerprints=())
KEY = PINNED.key_file or ""
THERE = {KEY: FileState("any", "644", "root:root")}
NOT_TRUSTED = (
    "master1: https://m.example/k?... is not trusted: {}, and mirror.gpgkey_fingerprints pins them to "
    f"{FIRST}; choose another mirror, or correct that setting if that key is meant."
)
NOT_FETCHED = (
    "master1 cannot fetch https://m.example/k?... ({}); fix the way there, or choose another mirror, then run this "
    "again."
)
KEYS: dict[str, tuple[Repository, dict[str, FileState], ServedKeys | None, bool, list[Step]]] = {
    "the pinned key": (PINNED, {}, ServedKeys(f"any\n{ONE}"), True, [command(write(KEY, ONE))]),
    "one that lies there": (PINNED, THERE, None, True, [Noop("the keys are there")]),
    "one that others may write": (
        PINNED,
        {KEY: FileState("any", "666", "root:root")},
        ServedKeys(ONE),
        True,
        [command(write(KEY, ONE))],
    ),
    "no pinned key": (UNPINNED, {}, None, True, [Noop("the keys are there")]),
    "another key beside it": (
        PINNED,
        {},
        ServedKeys(BOTH),
        True,
        [refusal(NOT_TRUSTED.format(f"it serves the key {SECOND}"))],
    ),
    "no key": (
        PINNED,
        {},
        ServedKeys("<html>"),
        False,
        [refusal(NOT_TRUSTED.format("what it serves cannot be read as a key (it holds no armored OpenPGP key)"))],
    ),
    "a mirror that is off": (
        PINNED,
        {},
        ServedKeys("", "curl: (7) any"),
        True,
        [refusal(NOT_FETCHED.format("curl: (7) any"))],
    ),
    "a host that does not tell": (PINNED, {}, None, True, [refusal(NOT_FETCHED.format("no answer"))]),
    "a mirror that is off while nothing is to be installed": (PINNED, {}, ServedKeys("", ""), False, []),
}


@pytest.mark.parametrize(("repository", "present", "served", "needed", "steps"), KEYS.values(), ids=KEYS)
def test_no_key_is_written_but_the_pinned_one(
    monkeypatch: pytest.MonkeyPatch,
    repository: Repository,
    present: dict[str, FileState],
    served: ServedKeys | None,
    needed: bool,
    steps: list[Step],
) -> None:
    bench = Bench(monkeypatch)
    facts = {Files: present, RepositoryKeys: served}
    arguments = {"repositories": (repository,), "needed": needed, "logins": {}}
    assert bench.steps(keys_written, on="master1", facts=facts, **arguments) == steps


def test_nothing_is_fetched_while_pyinfra_prepares(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(monkeypatch)
    arguments = {"repositories": (PINNED,), "needed": True, "logins": {}}
    steps = bench.steps(keys_written, on="master1", executing=False, facts={Files: {}}, **arguments)
    assert steps == [Command(f"fetch {KEY}")]


@pytest.mark.parametrize(
    ("el_major", "before", "after"),
    [
        (
            8,
            "#baseurl=http://mirror.centos.org/$contentdir/$releasever/BaseOS/$basearch/os/",
            "baseurl=https://v/8.5.2111/BaseOS/$basearch/os/",
        ),
        (
            8,
            "#baseurl=http://mirror.centos.org/$contentdir/$stream/AppStream/$basearch/os/",
            "baseurl=https://v/8-stream/AppStream/$basearch/os/",
        ),
        (
            7,
            "baseurl=http://mirror.centos.org/centos/$releasever/extras/$basearch/",
            "baseurl=https://v/7.9.2009/extras/$basearch/",
        ),
        (7, "mirrorlist=http://a.example\n", "mirrorlist=http://a.example\n"),
    ],
)
def test_where_the_vault_has_it(el_major: int, before: str, after: str) -> None:
    assert pointed_at_vault(f"[x]\n{before}".encode(), "https://v", el_major) == f"[x]\n{after}".encode()


def test_a_key_behind_a_login_is_fetched_with_it_on_stdin_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    bench, asked = Bench(monkeypatch), []

    def run(_: Host, command: StringCommand, **arguments: Any) -> tuple[bool, CommandOutput]:
        asked.append((str(command), arguments))
        lines = [FIRST_MARK, f"key {base64.b64encode(ONE.encode()).decode()}", f"{LAST} 0"]
        return True, CommandOutput([OutputLine("stdout", line) for line in lines])

    monkeypatch.setattr(Host, "run_shell_command", run)
    logins = {"https://m.example": Login("ci", "s3cret")}
    arguments = {"repositories": (PINNED,), "needed": True, "logins": logins}
    steps = bench.steps(keys_written, on="master1", facts={Files: {}}, **arguments)
    assert steps == [command(write(KEY, ONE))]
    ((text, given),) = asked
    assert "s3cret" not in text
    assert given["_stdin"] == "login https://m.example ci:s3cret\n"
    assert (given["print_output"], given["print_input"]) == (False, False)
