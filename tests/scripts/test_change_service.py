"""A runtime's configuration really checked, kept, replaced and put back, beside a systemctl of the test's own."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from k8s_ha.facts.system import ServiceState
from k8s_ha.operations.commands import edited, write
from k8s_ha.operations.runtimes import Replacement, RuntimePlan, checked
from tests.support.operation_bench import command
from tests.support.shell_bench import Shell

UNIT, CONFIG = "docker.service", "/etc/docker/daemon.json"
FOLDER = "/var/lib/k8s-ha"
RUNS = ServiceState(True, True, True, None, {})
STOPPED = ServiceState(True, False, False, None, {})
OLD, NEW = b'{"debug": true}\n', b'{"debug": false}\n'
SYSTEMCTL = """
echo "$*" >>{log}
case $1 in
    is-active) [ -e {state}/up ] && echo active || {{ echo inactive; exit 3; }} ;;
    is-enabled) echo enabled ;;
    -q) [ "$2" != is-active ] || [ -e {state}/up ] ;;
    stop) rm -f {state}/up ;;
    start | restart | reload)
        [ "$1" = reload ] || rm -f {state}/up
        grep -q bad {config} && echo "Job for docker.service failed." >&2 && exit 1
        touch {state}/up
        ;;
esac
"""


class Host:
    """A host whose service reads one file, and fails with one that says ``bad``."""

    def __init__(self, root: Path) -> None:
        self.shell = Shell(root)
        self.config = self.shell.file(CONFIG, OLD.decode(), 0o600)
        self.log = root / "log"
        values = {"log": self.log, "state": root, "config": f"{root}{CONFIG}"}
        self.shell.add_tool("systemctl", SYSTEMCTL.format(**values))
        self.shell.add_tool("journalctl", "echo 'failed to start daemon: a reason'")
        self.shell.add_tool("sleep", ":")

    def run(self, plan: RuntimePlan, current: ServiceState, stop_before: str = "") -> subprocess.CompletedProcess[str]:
        """The plan's commands until one fails, or until the operator dies before one that begins with these words."""
        for step in map(command, [*plan.tried(), *plan.carried_out(current, {"restart"} if plan.replacements else ())]):
            if stop_before and step.text.startswith(stop_before):
                break
            done = self.shell.run(step.text, step.stdin)
            if done.returncode:
                break
        return done

    def did(self) -> list[str]:
        """What systemctl was asked to do."""
        asked = self.log.read_text(encoding="utf-8").splitlines()
        return [line for line in asked if "is-active" not in line and "is-enabled" not in line]

    def held(self, path: str) -> str | None:
        file = self.shell.root / path.lstrip("/")
        return file.read_text(encoding="utf-8") if file.exists() else None


@pytest.fixture
def host(tmp_path: Path) -> Host:
    host = Host(tmp_path)
    (tmp_path / "up").touch()
    return host


def plan(content: bytes = NEW, old: bytes = OLD, answers: str = "true", replaced: bool = True) -> RuntimePlan:
    # The bench knows no paths of the test's own; the command's are moved below its root.
    replacement = {CONFIG: Replacement(content, edited(CONFIG, old, content))} if replaced else {}
    return RuntimePlan(UNIT, replacement, {"restart": "1", "reload": "2"}, answers=answers)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_change_that_is_good(host: Host) -> None:
    done = host.run(plan(), RUNS)
    assert (done.returncode, done.stderr) == (0, "")
    assert host.did() == ["daemon-reload", f"restart {UNIT}", f"-q enable {UNIT}"]
    assert (host.held(CONFIG), mode(host.config)) == (NEW.decode(), 0o600)
    assert host.held(f"{FOLDER}/{UNIT}.digest") == "restart=1 reload=2\n"
    assert host.held(f"{FOLDER}/before/daemon.json") == OLD.decode()
    assert host.held(f"{FOLDER}/before/state") == "docker active enabled\n"
    assert mode(host.shell.root / "var/lib/k8s-ha/before/daemon.json") == 0o600
    assert not (host.shell.root / "var/lib/k8s-ha/undo" / UNIT).exists()


def test_what_was_before_is_kept_once_and_only_where_it_is_the_owners(host: Host) -> None:
    host.run(plan(), RUNS, stop_before="CHANGE=")  # which leaves no record
    (host.shell.root / "up").unlink()
    host.run(plan(OLD, NEW), RUNS)
    assert host.held(f"{FOLDER}/before/daemon.json") == OLD.decode()
    assert host.held(f"{FOLDER}/before/state") == "docker active enabled\n"
    (host.shell.root / "var/lib/k8s-ha/before/daemon.json").unlink()
    host.run(plan(), RUNS)
    assert host.held(f"{FOLDER}/before/daemon.json") is None  # an earlier release has edited it
    ours = b"# Written by k8s_ha; changes are overwritten.\n"
    host.shell.file("/etc/x.toml", ours.decode())
    host.run(RuntimePlan("x", {"/etc/x.toml": Replacement(NEW, write("/etc/x.toml", NEW))}, {}), RUNS)
    assert host.held("/etc/x.toml") == NEW.decode()
    assert host.held(f"{FOLDER}/before/x.toml") is None


def test_a_service_that_does_not_come_up_gets_its_file_back(host: Host) -> None:
    done = host.run(plan(b'{"bad": 1}\n'), RUNS)
    assert done.returncode == 1
    assert done.stderr == (
        "Job for docker.service failed.\nfailed to start daemon: a reason\n"
        f"{UNIT} did not come up with what was written; it runs again with what stood there before: {CONFIG}.\n"
    )
    assert host.did() == [
        "daemon-reload",
        f"restart {UNIT}",
        "daemon-reload",
        f"reset-failed {UNIT}",
        f"restart {UNIT}",
    ]
    assert (host.held(CONFIG), mode(host.config)) == (OLD.decode(), 0o600)
    assert host.held(f"{FOLDER}/{UNIT}.digest") is None
    assert not (host.shell.root / "var/lib/k8s-ha/undo" / UNIT).exists()


def test_a_link_stays_one(host: Host) -> None:
    real = host.shell.file("/srv/d.json", OLD.decode(), 0o640)
    host.config.unlink()
    host.config.symlink_to(real)
    assert host.run(plan(b'{"bad": 1}\n'), RUNS).returncode == 1
    assert host.config.readlink() == real
    assert (host.held("/srv/d.json"), mode(real)) == (OLD.decode(), 0o640)


def test_a_file_of_two_names_stays_one(host: Host) -> None:
    other = host.config.with_name("other")
    other.hardlink_to(host.config)
    assert host.run(plan(b'{"bad": 1}\n'), RUNS).returncode == 1
    assert other.samefile(host.config)
    assert host.held(CONFIG) == OLD.decode()


def test_a_file_that_was_not_there_goes_again(host: Host) -> None:
    host.config.unlink()
    (host.shell.root / "up").unlink()
    done = host.run(plan(b'{"bad": 1}\n', b""), STOPPED)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"{UNIT} did not come up with what was written; what stood there before stands there again: {CONFIG}."
    )
    assert host.held(CONFIG) is None
    assert host.did()[-1] == f"stop {UNIT}"
    assert f"-q enable {UNIT}" not in host.did()


def test_a_service_that_comes_up_with_neither(host: Host) -> None:
    bad = b'{"bad": 0}\n'
    host.config.write_bytes(bad)
    done = host.run(plan(b'{"bad": 1}\n', bad), RUNS)
    assert done.stderr.splitlines()[-1] == (
        f"{UNIT} comes up neither with what was written nor with what stood there before: {CONFIG}."
    )
    assert host.held(CONFIG) == bad.decode()


def test_a_service_that_runs_and_does_not_answer(host: Host) -> None:
    done = host.run(plan(answers="grep -q true /etc/docker/daemon.json"), RUNS)
    assert done.returncode == 1
    first, *_, last = done.stderr.splitlines()
    assert first == f"{UNIT} is active, but not as wanted: grep -q true {CONFIG}"
    assert last.startswith(f"{UNIT} did not come up with what was written; it runs again with what stood there before")
    assert host.held(CONFIG) == OLD.decode()


def test_a_run_cut_off_before_the_restart_is_taken_back_by_the_next(host: Host) -> None:
    host.run(plan(b'{"bad": 1}\n'), RUNS, stop_before="CHANGE=")
    assert host.held(CONFIG) == '{"bad": 1}\n'
    done = host.run(plan(replaced=False), RUNS)
    assert "it runs again with what stood there before" in done.stderr
    assert host.held(CONFIG) == OLD.decode()


def test_what_somebody_has_changed_since_is_not_put_back(host: Host) -> None:
    host.run(plan(b'{"bad": 1}\n'), RUNS, stop_before="CHANGE=")
    host.config.write_text('{"bad": 2}\n', encoding="utf-8")
    done = host.run(plan(replaced=False), RUNS)
    assert (done.returncode, host.held(CONFIG)) == (1, '{"bad": 2}\n')
    assert done.stderr.splitlines()[-1] == "failed to start daemon: a reason"


def test_a_service_that_only_lacks_its_place_at_boot(host: Host) -> None:
    enabling = RuntimePlan(UNIT, {}, {"restart": "1"})
    assert host.run(enabling, ServiceState(True, True, False, "restart=1", {})).returncode == 0
    assert host.did() == ["daemon-reload", f"-q enable {UNIT}"]


# What dockerd says, of 20.10.24 and of 24.0.
UNKNOWN_KEY = (
    "unable to configure the Docker daemon with file {file}: the following directives don't match any configuration "
    "option: foo"
)
ROOTLESS = (
    "dockerd needs to be started with root privileges. To run dockerd in rootless mode as an unprivileged user, see "
    "https://docs.docker.com/go/rootless/"
)
OLD_DOCKERD = """
[ "$1" = --help ] && echo "  --version" && exit
[ "$1 $2" = "--config-file /dev/stdin" ] || exit 9
echo "$*" >{root}/words
grep -q foo /dev/stdin && echo "{unknown}" >&2 && exit 1
echo "{rootless}" >&2
exit 1
"""
NEW_DOCKERD = """
[ "$1" = --help ] && echo "  --validate  Validate daemon configuration and exit" && exit
[ "$1 $2" = "--validate --config-file" ] || exit 9
echo "$*" >{root}/words
grep -q foo "$3" && echo "{unknown_in}: $3" >&2 && exit 1
echo "configuration OK"
"""
WORDS = "-H fd:// --label 'a=b c'"


@pytest.fixture(params=["20.10", "24.0"])
def dockerd(request: pytest.FixtureRequest, host: Host) -> Host:
    script = OLD_DOCKERD if request.param == "20.10" else NEW_DOCKERD
    values = {"root": host.shell.root, "rootless": ROOTLESS, "unknown": UNKNOWN_KEY.format(file="/dev/stdin")}
    host.shell.file(
        "/usr/bin/dockerd",
        f"#!/bin/bash\n{script.format(**values, unknown_in='unable to configure the Docker daemon with file')}",
        0o755,
    )
    # Tests need no root, so nobody becomes nobody.
    host.shell.add_tool("runuser", '[ "$1 $2 $3" = "-u nobody --" ] && shift 3 && exec "$@"')
    return host


def check(host: Host, content: bytes) -> subprocess.CompletedProcess[str]:
    step = command(checked("check-docker.sh", content, TARGET=CONFIG, PROGRAM="/usr/bin/dockerd", WORDS=WORDS))
    done = host.shell.run(step.text, step.stdin)
    assert list((host.shell.root / "run/k8s-ha").iterdir()) == []
    return done


def test_dockerd_is_asked_with_the_words_of_its_unit(dockerd: Host) -> None:
    done = check(dockerd, NEW)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    words = (dockerd.shell.root / "words").read_text(encoding="utf-8")
    assert words.endswith(" -H fd:// --label a=b c\n")


def test_what_dockerd_refuses_is_not_written(dockerd: Host) -> None:
    done = check(dockerd, b'{"foo": 1}')
    assert done.returncode == 1
    words, sentence = done.stderr.splitlines()
    assert words.startswith("unable to configure the Docker daemon with file")
    assert CONFIG in words
    assert sentence == (
        f"{CONFIG} was not changed: dockerd would not start with what should stand in it; fix what it says, then run "
        "this again."
    )


def test_a_dockerd_that_cannot_be_asked_is_taken_at_its_start(host: Host) -> None:
    step = command(checked("check-docker.sh", NEW, TARGET=CONFIG, PROGRAM="/usr/bin/dockerd", WORDS=""))
    assert host.shell.run(step.text, step.stdin).returncode == 0


def test_a_containerd_that_does_not_run_is_not_taken_for_one_that_cannot_be_asked(host: Host) -> None:
    host.shell.add_tool("containerd", "echo 'containerd: libseccomp.so.2: cannot open' >&2; exit 127")
    step = command(checked("check-containerd.sh", b"version = 2\n", TARGET="/etc/containerd/config.toml"))
    done = host.shell.run(step.text, step.stdin)
    assert done.returncode == 1
    assert done.stderr == (
        "containerd: libseccomp.so.2: cannot open\n"
        "/etc/containerd/config.toml was not changed: `containerd config --help` failed; fix what it says above, then "
        "run this again.\n"
    )


CONTAINERD = """
[ "$1 $2" = "config --help" ] && echo "   {commands}" && exit
[ "$1 $3 $4" = "--config config dump" ] || exit 9
grep -q bad "$2" && echo "containerd: failed to load TOML: $2: (1, 1): a reason" >&2 && exit 1
cat "$2"
"""


@pytest.mark.parametrize(
    ("commands", "content", "code", "said"),
    [
        ("dump  see the output", b"version = 2\n", 0, ""),
        ("default  see the output", b"bad\n", 0, ""),
        (
            "dump  see the output",
            b"bad\n",
            1,
            "containerd: failed to load TOML: /etc/containerd/config.toml: (1, 1): a reason\n"
            "/etc/containerd/config.toml was not changed: containerd cannot read what should stand in it; fix what it "
            "says, then run this again.\n",
        ),
    ],
)
def test_containerd_is_asked(host: Host, commands: str, content: bytes, code: int, said: str) -> None:
    host.shell.add_tool("containerd", CONTAINERD.format(commands=commands))
    step = command(checked("check-containerd.sh", content, TARGET="/etc/containerd/config.toml"))
    done = host.shell.run(step.text, step.stdin)
    assert (done.returncode, done.stderr) == (code, said)
