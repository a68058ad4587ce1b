"""The shell that operations yield, run for real; and the texts that they compose."""

from __future__ import annotations

import logging
import os
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from k8s_ha.facts.system import ServiceState
from k8s_ha.operations.commands import long_command, write
from k8s_ha.operations.files import ServicePlan, with_block
from k8s_ha.resources import read_file
from tests.support.operation_bench import Bench, Command, command
from tests.support.shell_bench import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    for folder in ("etc", "run", "var/log"):
        (tmp_path / folder).mkdir(parents=True)
    return Shell(tmp_path)


def run(shell: Shell, given: Command) -> subprocess.CompletedProcess[str]:
    return shell.run(given.text, given.stdin)


def test_write_is_one_command_with_the_text_on_stdin() -> None:
    assert command(write("/etc/a dir/b", "text")) == Command(
        "umask 022; mkdir -p '/etc/a dir' && umask 077 && "
        "base64 -d | dd of='/etc/a dir/b.k8s-ha-new' conv=fsync status=none && "
        "[ \"$(wc -c <'/etc/a dir/b.k8s-ha-new')\" -eq 4 ] && "
        "chmod 644 '/etc/a dir/b.k8s-ha-new' && chown root:root '/etc/a dir/b.k8s-ha-new' && "
        "{ [ ! -e '/etc/a dir/b' ] || "
        "chcon --reference='/etc/a dir/b' '/etc/a dir/b.k8s-ha-new' 2>/dev/null || true; } && "
        "mv -f '/etc/a dir/b.k8s-ha-new' '/etc/a dir/b'",
        "dGV4dA==",
    )


@pytest.mark.parametrize("path", ["/etc/new/folder/x", "/etc/with blank/x y", "/etc/quote's"])
@pytest.mark.parametrize("text", ["a\n", "no newline", "unicode é\n", "$HOME `date` 'q'\n"])
def test_write_writes(shell: Shell, path: str, text: str) -> None:
    assert run(shell, command(write(path, text, "600"))).returncode == 0
    file = shell.root / path.lstrip("/")
    assert file.read_text(encoding="utf-8") == text
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [entry.name for entry in file.parent.iterdir()] == [file.name]


def test_folders_that_write_makes_can_be_entered_by_all(shell: Shell) -> None:
    run(shell, command(write("/etc/one/two/x", "a\n", "600")))
    assert [stat.S_IMODE((shell.root / folder).stat().st_mode) for folder in ("etc/one", "etc/one/two")] == [0o755] * 2


def test_write_replaces_the_file_and_not_its_text(shell: Shell) -> None:
    file = shell.file("/etc/hosts", "old\n")
    with file.open(encoding="utf-8") as reader:
        run(shell, command(write("/etc/hosts", "new\n")))
        assert reader.read() == "old\n"
    assert file.read_text(encoding="utf-8") == "new\n"


def test_half_a_text_leaves_the_old_file(shell: Shell) -> None:
    file = shell.file("/etc/hosts", "old\n")
    written = command(write("/etc/hosts", "a long new text\n"))
    assert run(shell, written._replace(stdin=str(written.stdin)[:8])).returncode != 0
    assert file.read_text(encoding="utf-8") == "old\n"


def long(shell_command: str, seconds: int = 20, unless: str = "") -> Command:
    return command(long_command("work", shell_command, seconds=seconds, unless=unless))


def test_a_long_command_succeeds_silently_with_its_output_in_a_log(shell: Shell) -> None:
    done = run(shell, long("echo out; echo err >&2"))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (shell.root / "var/log/k8s-ha/work.log").read_text(encoding="utf-8") == "out\nerr\n"


@pytest.mark.parametrize(
    ("shell_command", "seconds", "reason"),
    [
        ("echo why; exit 3", 20, "why\nwork failed with exit code 3"),
        ("echo begun; sleep 20", 1, "begun\nwork was stopped after 1 seconds"),
    ],
)
def test_a_long_command_fails_with_the_end_of_its_log(
    shell: Shell, shell_command: str, seconds: int, reason: str
) -> None:
    done = run(shell, long(shell_command, seconds))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == f"{reason}; its whole output is in /var/log/k8s-ha/work.log on this host.\n"


def test_of_a_long_log_what_matters_is_shown_and_the_end(shell: Shell) -> None:
    shell.file("/etc/log", "fine\nError: no such package\n" + "".join(f"then {number}\n" for number in range(12)))
    done = run(shell, long("cat /etc/log; exit 1"))
    shown = ["Error: no such package", *(f"then {number}" for number in range(2, 12))]
    assert done.stderr.splitlines()[:-1] == shown


def test_the_person_who_waits_is_told_of_a_long_command(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    bench = Bench(monkeypatch)
    monkeypatch.setattr(logging.getLogger("pyinfra"), "propagate", True)
    with caplog.at_level(logging.INFO, "pyinfra"):
        for executing in (False, True):
            with bench.on("worker1", executing):
                long("true")
    assert caplog.messages == [
        "worker1: work runs, for 20 s at most; its output: /var/log/k8s-ha/work.log on that host"
    ]


def test_a_long_command_that_is_done_is_not_begun(shell: Shell) -> None:
    shell.file("/etc/done")
    assert run(shell, long("exit 9", unless="[ -e /etc/done ]")).returncode == 0
    assert run(shell, long("exit 9", unless="[ -e /etc/other ]")).returncode == 1


def test_a_second_run_waits_for_the_first(shell: Shell) -> None:
    unless = "[ -e /etc/done ]"
    first = begin(shell, long("touch /etc/begun; while [ ! -e /etc/go ]; do sleep 0.05; done; touch /etc/done"))
    wait_for(shell.root / "etc/begun")
    waited = run(shell, long("exit 9", seconds=1, unless=unless))
    assert waited.stderr.startswith("work did not begin: another run held its lock for 1 seconds; ")
    shell.file("/etc/go")
    assert run(shell, long("exit 9", unless=unless)).returncode == 0
    assert first.wait(timeout=20) == 0


def test_a_long_command_outlives_the_operator(shell: Shell) -> None:
    work = "echo $$ >/etc/pid; mv /etc/pid /etc/begun; while [ ! -e /etc/go ]; do sleep 0.05; done; touch /etc/done"
    operator = begin(shell, long(work))
    wait_for(shell.root / "etc/begun")
    assert os.getsid(int((shell.root / "etc/begun").read_text(encoding="utf-8"))) != operator.pid
    os.killpg(operator.pid, signal.SIGKILL)
    operator.wait()
    shell.file("/etc/go")
    wait_for(shell.root / "etc/done")


def begin(shell: Shell, given: Command) -> subprocess.Popen[bytes]:
    """A session of an operator, in a process group of its own."""
    script = shell.moved(given.text)
    return subprocess.Popen(["bash", "--posix", "-c", script], env=shell.environment(), start_new_session=True)


def wait_for(path: Path, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < deadline, f"no {path} within {seconds} seconds"
        time.sleep(0.02)


def test_a_service_that_does_not_start_says_why(shell: Shell) -> None:
    shell.add_tool("systemctl", '[ "$1" != start ] || { echo "Job for $2 failed." >&2; exit 1; }')
    shell.add_tool("journalctl", "echo 'nginx: [emerg] bind() to 0.0.0.0:6443 failed (98: Address already in use)'")
    plan = ServicePlan("nginx.service", {}, {"reload": ""})
    stopped = ServiceState(loaded=True, active=False, enabled=True, digest=None, files={})
    (start,) = plan.carried_out(stopped, ())
    done = run(shell, command(start))
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "Job for nginx.service failed.",
        "nginx: [emerg] bind() to 0.0.0.0:6443 failed (98: Address already in use)",
    ]


def test_join_secrets_are_labelled(shell: Shell) -> None:
    shell.add_tool(
        "kubectl",
        f"""case "$*" in
    *kubeadm-certs*ownerReferences*) echo bootstrap-token-internal ;;
    *kubeadm-certs*"-o name") echo secret/kubeadm-certs ;;
    *label*) echo "$*" >>{shell.root}/etc/labelled ;;
esac""",
    )
    assert shell.run("TOKEN_ID=abcdef\nADDRESS=10.0.0.1\n" + read_file("label-join-secrets.sh")).returncode == 0
    labelled = (shell.root / "etc/labelled").read_text(encoding="utf-8").splitlines()
    assert [line.split()[-2] for line in labelled] == [
        "secret/bootstrap-token-abcdef",
        "secret/kubeadm-certs",
        "secret/bootstrap-token-internal",
    ]
    assert all(line.endswith(" app.kubernetes.io/managed-by=k8s-ha") for line in labelled)


BLOCK = "# BEGIN k8s_ha\nb\n# END k8s_ha\n"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", BLOCK),
        ("a\n", "a\n" + BLOCK),
        ("a", "a\n" + BLOCK),
        ("a\n" + BLOCK + "c\n", "a\n" + BLOCK + "c\n"),
        ("a\n# BEGIN k8s_ha\nold\nolder\n# END k8s_ha\nc\n", "a\n" + BLOCK + "c\n"),
        ("a\n# BEGIN k8s_ha\nb\n", "a\n" + BLOCK + "b\n"),
    ],
)
def test_with_block(text: str, wanted: str) -> None:
    assert with_block(text.encode(), "b\n") == wanted.encode()


LINES = st.lists(st.sampled_from(["a", "# BEGIN k8s_ha", "# END k8s_ha"]), max_size=6)


@given(lines=LINES)
def test_texts_settle_at_once(lines: list[str]) -> None:
    text = "".join(f"{line}\n" for line in lines).encode()
    assert with_block(with_block(text, "b"), "b") == with_block(text, "b")
