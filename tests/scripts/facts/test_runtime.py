"""Container runtimes as a host has them: the script run for real, and what its parser makes of it."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

from k8s_ha.facts import runtime
from k8s_ha.facts.answers import marked
from k8s_ha.facts.lines import fields
from k8s_ha.facts.runtime import RuntimeService, runtime_script, runtime_state
from k8s_ha.observations import runtimes as limits
from k8s_ha.observations.runtimes import RuntimeState
from k8s_ha.observations.service_command import UnitLook
from tests.support.shell_bench import Shell

DOCKER, CONTAINERD = "docker.service", "containerd.service"
DAEMON_JSON, TOML = "/etc/docker/daemon.json", "/etc/containerd/config.toml"
ETC, RUN, USR = (f"{folder}/systemd/system" for folder in ("/etc", "/run", "/usr/lib"))


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    shell.add_tool("systemctl", "exit 1")
    return shell


def looked(shell: Shell) -> RuntimeState:
    lines = fields(shell.lines(runtime_script([DOCKER, CONTAINERD], [DAEMON_JSON, TOML])))["runtime"]
    return runtime_state(lines)


def test_a_virgin_host(shell: Shell) -> None:
    assert looked(shell) == RuntimeState({DOCKER: UnitLook(), CONTAINERD: UnitLook()})


def test_the_first_folder_has_the_unit_and_drop_ins_are_sorted_by_name(shell: Shell) -> None:
    for folder in (ETC, USR):
        shell.file(f"{folder}/{DOCKER}", f"[Service]\n# {folder}\n")
    for folder, name in ((USR, "b.conf"), (ETC, "c.conf"), (ETC, "not"), (RUN, "a.conf")):
        shell.file(f"{folder}/{DOCKER}.d/{name}", f"{folder}/{DOCKER}.d/{name}")
    for folder in (ETC, RUN):
        shell.file(f"{folder}/{DOCKER}.d/d e.conf", folder)
    files = looked(shell).unit(DOCKER).files
    assert files == {
        f"{ETC}/{DOCKER}": f"[Service]\n# {ETC}\n",
        f"{RUN}/{DOCKER}.d/a.conf": f"{RUN}/{DOCKER}.d/a.conf",
        f"{USR}/{DOCKER}.d/b.conf": f"{USR}/{DOCKER}.d/b.conf",
        f"{ETC}/{DOCKER}.d/c.conf": f"{ETC}/{DOCKER}.d/c.conf",
        f"{ETC}/{DOCKER}.d/d e.conf": ETC,
    }
    assert [Path(path).name for path in files] == [DOCKER, "a.conf", "b.conf", "c.conf", "d e.conf"]


def test_environment_files_and_a_daemon_json_that_they_name(shell: Shell) -> None:
    elsewhere = shell.file("/srv/d.json", '{"a": 1}')
    sysconfig = shell.file("/etc/sysconfig/docker", f"OPTIONS='--config-file {elsewhere}'\n")
    shell.file("/etc/sysconfig/docker-more", "MORE=-D\n")
    shell.file(
        f"{ETC}/{DOCKER}.d/a.conf",
        f'[Service]\nEnvironmentFile=-{shell.root}/missing\nEnvironmentFile=-"{sysconfig}"\n'
        f"EnvironmentFile={sysconfig}-*\n",
    )
    runtime_state = looked(shell)
    assert runtime_state.unit(DOCKER).environment == {
        "/etc/sysconfig/docker": f"OPTIONS='--config-file {elsewhere}'\n",
        "/etc/sysconfig/docker-more": "MORE=-D\n",
    }
    assert runtime_state.configs == {"/srv/d.json": b'{"a": 1}'}


@pytest.mark.parametrize("word", ["--config-file=", "--config-file "])
def test_a_daemon_json_elsewhere(shell: Shell, word: str) -> None:
    elsewhere = shell.file("/srv/d.json", '{"a": 1}')
    shell.file(f"{ETC}/{DOCKER}", f'[Service]\nExecStart=/usr/bin/dockerd "{word}{elsewhere}" -D\n')
    assert looked(shell).configs == {"/srv/d.json": b'{"a": 1}'}


def test_properties_and_the_running_process(shell: Shell) -> None:
    shell.add_tool(
        "systemctl",
        f'[ "${{!#}}" = {DOCKER} ] && printf "LoadState=loaded\\nMainPID={os.getpid()}\\nNeedDaemonReload=yes\\n"',
    )
    unit = looked(shell).unit(DOCKER)
    assert unit.properties == {"LoadState": "loaded", "MainPID": str(os.getpid()), "NeedDaemonReload": "yes"}
    assert list(unit.running) == Path("/proc/self/cmdline").read_text(encoding="utf-8").split("\0")[:-1]


def test_a_dockerd_that_was_started_by_hand(shell: Shell) -> None:
    shell.file("/run/docker.pid", "77")
    shell.add_tool("cat", 'case "$1" in /proc/77/comm) echo dockerd ;; *) exec /usr/bin/cat "$@" ;; esac')
    assert looked(shell).docker_pid == "77"
    shell.add_tool("cat", 'case "$1" in /proc/77/comm) echo other ;; *) exec /usr/bin/cat "$@" ;; esac')
    assert looked(shell).docker_pid == ""


def test_configuration_byte_for_byte(shell: Shell) -> None:
    content = bytes(range(256)) * 20
    shell.file(DAEMON_JSON).write_bytes(content)
    shell.file(TOML)
    assert looked(shell).configs == {DAEMON_JSON: content, TOML: b""}


def test_what_is_too_large_is_not_read(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "LARGEST", 4)
    shell.file(DAEMON_JSON, "{  }")
    shell.file(TOML, "[a]  ")
    runtime_state = looked(shell)
    assert (runtime_state.configs, runtime_state.unread) == ({DAEMON_JSON: b"{  }"}, (TOML,))
    assert limits.LARGEST == 262144


def test_namespaces_of_running_containers(shell: Shell) -> None:
    for name in ("v2.task/k8s.io/1", "v2.task/k8s.io/2", "v1.linux/moby/3"):
        (shell.root / f"run/containerd/io.containerd.runtime.{name}").mkdir(parents=True)
    assert looked(shell).namespaces == ("k8s.io", "moby")


def test_a_service_with_all_that_it_reads(shell: Shell) -> None:
    shell.file(DAEMON_JSON, "{}")
    shell.file("/var/lib/k8s-ha/docker.service.digest", "restart=1 reload=2\n")
    shell.file(f"{USR}/{DOCKER}", "[Service]\nExecStart=/usr/bin/dockerd A=b\n")
    shell.add_tool("systemctl", 'printf "LoadState=loaded\\nActiveState=active\\nUnitFileState=enabled\\n"')
    fact = RuntimeService()
    service, runtime_state = fact.process(shell.lines(fact.command(unit=DOCKER, config=DAEMON_JSON)))
    assert (service.loaded, service.active, service.enabled, service.digest) == (True, True, True, "restart=1 reload=2")
    assert [word.text for word in runtime_state.unit(DOCKER).command_line()] == ["/usr/bin/dockerd", "A=b"]
    assert runtime_state.configs == {DAEMON_JSON: b"{}"}


@pytest.mark.parametrize("line", ["", "x", "x y", "x property", "x property y", "files", "containers"])
def test_odd_lines_are_passed_over(line: str) -> None:
    assert runtime_state([line]).configs == {}


def test_what_is_no_base64_is_not_believed() -> None:
    with pytest.raises(ValueError):
        runtime_state([f"files config =e30 {base64.b64encode(b'x').decode()}"])


def test_the_script_runs_between_marks(shell: Shell) -> None:
    done = shell.run(marked(runtime_script([DOCKER], [DAEMON_JSON])))
    assert (done.returncode, done.stderr) == (0, "")
