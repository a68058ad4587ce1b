"""A transaction of yum's that is cut off: what stands on the host meanwhile, and how the next run makes up for it.

The scripts run for real, on a host whose rpm and yum are small programs over one table of packages.
"""

from __future__ import annotations

import os
import shlex
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from k8s_ha.desired.yum import UNFINISHED
from k8s_ha.facts.system import Packages, PackagesState
from k8s_ha.resources import read_file, shell_variables
from tests.support.shell_bench import Shell

BEGUN, BOUND = 1_700_000_000, 1800
"""When the transaction began that was cut off, and for how many seconds it may have worked."""

# Its table has a line "TIME NAME ARCH VERSION-RELEASE" for each package; DB-broken has "NAME.ARCH LINE" for -V.
RPM = r"""
import os, sys
db, (mode, *words) = sys.argv[1], sys.argv[2:]
rows = [dict(zip(("INSTALLTID", "NAME", "ARCH", "VERSION}-%{RELEASE"), line.split())) for line in open(db)]
if not rows:
    print("error: cannot open Packages database in /var/lib/rpm", file=sys.stderr)
    print("package any is not installed")
    sys.exit(1)
rows.append({"INSTALLTID": "0", "NAME": "rpm", "ARCH": "x86_64", "VERSION}-%{RELEASE": "4-1"})
if mode == "-V":
    broken = [line.split(" ", 1) for line in open(db + "-broken")] if os.path.exists(db + "-broken") else []
    lines = [line for package, line in broken if package == words[0]]
    print("".join(lines), end="")
    sys.exit(bool(lines))
elif mode == "-e":
    print("rpm -e", *words)
elif "--qf" not in words and mode == "-q":
    broken = open(db + "-broken").read() if os.path.exists(db + "-broken") else ""
    sys.exit("is gone" in broken or words[0] not in ("rpm", *(f"{row['NAME']}.{row['ARCH']}" for row in rows)))
else:
    wanted = [row for row in rows if mode == "-qa" or row["NAME"] in words[2:]]
    for row in wanted:
        line = words[1].removesuffix("\\n")
        for tag, value in row.items():
            line = line.replace("%{" + tag + "}", value)
        print(line)
    for name in {*words[2:]} - {row["NAME"] for row in wanted}:
        print(f"package {name} is not installed")
"""


class HostShell(Shell):
    """A host with rpm's database of (time of the transaction, name, version-release); an empty one cannot be read."""

    def __init__(self, root: Path, rows: Sequence[tuple[int, str, str]] = ((BEGUN - 1, "bash", "5-1"),)) -> None:
        super().__init__(root)
        self.db = self.file("/rpm.db", "".join(f"{time} {name} x86_64 {version}\n" for time, name, version in rows))
        program = self.file("/rpm.py", RPM)
        self.add_tool("rpm", f'exec {sys.executable} -S {program} {self.db} "$@"')
        self.add_tool("sync", "")
        self.yum()

    @property
    def marker(self) -> Path:
        return self.root / UNFINISHED.lstrip("/")

    @property
    def marked(self) -> list[str] | None:
        """What the marker names; None where there is none."""
        return self.marker.read_text(encoding="utf-8").split() if self.marker.exists() else None

    def yum(self, then: str = "") -> None:
        """Have a yum that says what it was asked and what the marker names meanwhile, and then does that."""
        says = f'case $* in *expire-cache*) exit 0 ;; esac\necho yum "$@"; echo marked $(cat {self.marker})\n'
        self.add_tool("yum", says + then)

    def mark(self, *names: str) -> None:
        """Have the marker of the transaction that was cut off."""
        self.file(UNFINISHED, "".join(f"{name}\n" for name in names))
        os.utime(self.marker, (BEGUN, BEGUN))

    def script(self, call: str, wanted: str = "") -> list[str]:
        """The lines that a script of the operation prints, the last one its exit code."""
        values = {
            "HOST": "worker1",
            "UNFINISHED": UNFINISHED,
            "BOUND": str(BOUND),
            "LOG_FILE": "/var/log/k8s-ha/install.log",
            "OPTIONS": "",
            "SPECS": "$wanted",
            "WANTED": wanted,
        }
        self.file("/var/log/k8s-ha/install.log")
        text = f"set -f; umask 077\n{shell_variables(values)}{read_file('unfinished-packages.sh')}{call}\n"
        return self.run(f"( {text}) 2>&1\necho exit $?").stdout.splitlines()

    def installed(self) -> list[str]:
        scripts = read_file("yum-options.sh") + read_file("install-packages.sh")
        return self.script(scripts, "kubelet 1.30.14\ncri-tools *")

    def reinstalled(self, coming: str = "") -> list[str]:
        return self.script(f"reinstalled {shlex.quote(coming)}")


TRANSACTION = 'echo "$(date +%s) kubelet x86_64 1.30.14-0" >>DB; '
"""What a yum does whose transaction begins."""


@pytest.mark.parametrize(
    ("then", "marked"),
    [
        (TRANSACTION + "exit 0", None),
        ("exit 1", None),  # no such package, no mirror, a bad signature
        ('echo "$(date +%s) gpg-pubkey (none) 1-1" >>DB; exit 1', None),
        (TRANSACTION + "exit 1", ["kubelet", "cri-tools"]),
        (TRANSACTION + "kill -9 $$", ["kubelet", "cri-tools"]),  # by want of memory
        (TRANSACTION + "kill -9 $PPID", ["kubelet", "cri-tools"]),  # and a power cut takes the script along
        (": >DB; kill -9 $$", ["kubelet", "cri-tools"]),  # rpm cannot tell what it has done
    ],
)
def test_the_marker_goes_when_nothing_can_be_half_done(tmp_path: Path, then: str, marked: list[str] | None) -> None:
    shell = HostShell(tmp_path)
    shell.yum(then.replace("DB", str(shell.db)))
    lines = shell.installed()
    assert lines[:2] == ["yum -y install $wanted", "marked kubelet cri-tools"]
    assert shell.marked == marked
    if marked:
        assert stat.S_IMODE(shell.marker.stat().st_mode) == 0o644
        assert sorted(path.name for path in shell.marker.parent.iterdir()) == [shell.marker.name]


def test_where_no_marker_can_be_left_yum_does_not_begin(tmp_path: Path) -> None:
    shell = HostShell(tmp_path)
    shell.file("/var/lib/k8s-ha")
    assert [line for line in shell.installed() if line.startswith("yum")] == []


OLD, CUT = BEGUN - 100, BEGUN + 100
MENDED = [
    pytest.param([(CUT, "kubelet", "1.30.14-0")], "", ["yum -y reinstall kubelet.x86_64"], id="what was asked for"),
    pytest.param(
        [(CUT, "kubelet", "1.30.14-0"), (CUT, "kubernetes-cni", "1.4-0")],
        "",
        ["yum -y reinstall kubernetes-cni.x86_64 kubelet.x86_64"],
        id="what came with it",
    ),
    pytest.param([(OLD, "kubelet", "1.30.14-0")], "", ["yum -y reinstall kubelet.x86_64"], id="a reinstallation"),
    pytest.param(
        [(OLD, "socat", "1-0"), (BEGUN + BOUND + 1, "vim", "9-1"), (CUT, "gpg-pubkey", "1-1")],
        "",
        [],
        id="nothing that others installed",
    ),
    pytest.param([(OLD, "kubelet", "1.30.9-0")], "kubelet cri-tools", [], id="nothing that comes in another version"),
    pytest.param(
        [(OLD, "kubelet", "1.30.9-0"), (CUT, "kubelet", "1.30.14-0")],
        "",
        ["rpm -e kubelet-1.30.9-0.x86_64", "yum -y reinstall kubelet.x86_64"],
        id="the older one of an upgrade goes first",
    ),
    pytest.param([(OLD, "kernel-core", "4-1"), (CUT, "kernel-core", "4-2")], "", [], id="kernels stand side by side"),
]


@pytest.mark.parametrize(("rows", "coming", "done"), MENDED)
def test_what_was_cut_off_is_installed_again(
    tmp_path: Path, rows: list[tuple[int, str, str]], coming: str, done: list[str]
) -> None:
    shell = HostShell(tmp_path, [(OLD, "bash", "5-1"), *rows])
    shell.mark("kubelet", "cri-tools")
    lines = shell.reinstalled(coming)
    assert [line for line in lines if line.startswith(("rpm", "yum"))] == done
    assert lines[-1] == "exit 0"
    assert shell.marked is None


def test_what_another_run_has_ended_meanwhile_is_left_alone(tmp_path: Path) -> None:
    assert HostShell(tmp_path).reinstalled() == ["exit 0"]


def test_what_is_cut_off_again_is_not_forgotten(tmp_path: Path) -> None:
    shell = HostShell(tmp_path, [(CUT, "kubelet", "1.30.14-0"), (CUT, "kubernetes-cni", "1.4-0")])
    shell.mark("kubelet")
    shell.yum("kill -9 $PPID")
    shell.reinstalled()
    assert shell.marked == ["kubelet", "kubernetes-cni"]
    os.utime(shell.marker, (CUT + BOUND, CUT + BOUND))
    shell.yum()
    assert "yum -y reinstall kubernetes-cni.x86_64 kubelet.x86_64" in shell.reinstalled()
    assert shell.marked is None


SENTENCE = (
    "worker1: an installation that was cut off left kubelet.x86_64 unfinished, and yum could not install that again; "
    "fix the way to its repository, or run `yum remove kubelet.x86_64` there; then run this again."
)


@pytest.mark.parametrize(
    ("then", "broken", "sentences"),
    [
        ("exit 1", "", [SENTENCE]),
        ("", "missing     /usr/bin/kubelet", [SENTENCE]),
        ("", "S.5....T.    /usr/bin/kubelet", [SENTENCE]),
        ("", "S.5....T.  c /etc/sysconfig/kubelet", []),
        ("", "missing   d /usr/share/doc/kubelet", []),
        ("", "package kubelet.x86_64 is gone", [SENTENCE]),  # in the words of the host's language
        ("", ".M...UG.T.    /usr/bin/kubelet", []),
    ],
)
def test_rpm_has_the_last_word(tmp_path: Path, then: str, broken: str, sentences: list[str]) -> None:
    shell = HostShell(tmp_path, [(CUT, "kubelet", "1.30.14-0")])
    shell.mark("kubelet")
    shell.yum(then)
    shell.file("/rpm.db-broken", f"kubelet.x86_64 {broken}\n")
    lines = shell.reinstalled()
    assert [line for line in lines if line.startswith("worker1")] == sentences
    assert lines[-1] == f"exit {len(sentences)}"
    assert (shell.marked is None) == (not sentences)


def test_a_database_that_cannot_be_read_leaves_the_marker(tmp_path: Path) -> None:
    shell = HostShell(tmp_path, [])
    shell.mark("kubelet")
    assert shell.reinstalled() == ["error: cannot open Packages database in /var/lib/rpm", "exit 1"]
    assert shell.marked == ["kubelet"]


def test_a_marker_that_cannot_be_read_is_not_an_empty_one(tmp_path: Path) -> None:
    shell = HostShell(tmp_path, [(OLD, "kubelet", "1.30.14-0")])
    shell.mark("kubelet")
    shell.add_tool("cat", "echo 'cat: Input/output error' >&2; exit 1")
    assert shell.reinstalled() == ["cat: Input/output error", "exit 1"]
    assert shell.marked == ["kubelet"]


def looked_at(shell: Shell) -> PackagesState:
    return Packages().process(shell.lines(Packages().command(names=["kubelet", "cri-tools"])))


def test_the_fact_tells_what_was_cut_off(tmp_path: Path) -> None:
    shell = HostShell(tmp_path, [(CUT, "kubelet", "1.30.14-0")])
    assert looked_at(shell) == PackagesState({"kubelet": "1.30.14-0"})
    shell.mark("nginx", "kubelet")
    assert looked_at(shell) == PackagesState({"kubelet": "1.30.14-0"}, unfinished=("nginx", "kubelet"))
    shell.mark()  # a power cut may leave an empty file; yum had not begun
    assert looked_at(shell).unfinished == ()


def test_the_fact_tells_a_database_that_cannot_be_read(tmp_path: Path) -> None:
    reason = "cannot open Packages database in /var/lib/rpm"
    assert looked_at(HostShell(tmp_path, [])) == PackagesState({}, rpm_error=reason)


@pytest.mark.parametrize("code", [124, 137])
def test_the_fact_tells_an_rpm_that_waits_for_ever(tmp_path: Path, code: int) -> None:
    shell = Shell(tmp_path)
    shell.add_tool("timeout", f"exit {code}")
    assert "does not answer within 20 seconds" in looked_at(shell).rpm_error
