"""The scripts that look at nginx and that give it its files, run for real beside a stand-in of nginx and systemd."""

from __future__ import annotations

import re
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest

from k8s_ha.desired.nginx import Proxy, planned
from k8s_ha.desired.nginx_capacity import LIMITS_DROP_IN
from k8s_ha.facts.nginx import Nginx
from k8s_ha.observations.nginx import NginxState
from k8s_ha.operations.nginx import endpoint_proxied
from tests.support.nginx_states import BUILD, CONFIGURED, FILES, MAIN, OWN, OWN_TEXT, SHARED, UNIT
from tests.support.operation_bench import NGINX_CONFIG, Bench, Command, Noop
from tests.support.shell_bench import Shell

RECORD = "/var/lib/k8s-ha/nginx.service.digest"
STREAM = "stream {\n    server { listen 5432; }\n}\n"

# It reads what its includes name, takes no `bad`, and no second stream block.
NGINX = r"""
config=ROOT/etc/nginx/nginx.conf dump=
while [ $# -gt 0 ]; do
    case $1 in -V) echo "BUILD" >&2; exit ;; -T) dump=yes ;; -c) config=$2; shift ;; esac
    shift
done
echo asked >>ROOT/asked
includes() { sed 's/#.*//; s/;/;\n/g' "$1" | sed -n 's/^[ {]*include  *\([^;]*\);/\1/p' | tr -d '"'; }
read_in() {
    echo "# configuration file ${1#ROOT}:"
    cat "$1"
    echo
    for included in $(set -f; includes "$1"); do
        case $included in /*) included=${included#ROOT} ;; *) included=/etc/nginx/$included ;; esac
        for file in ROOT$included; do [ ! -f "$file" ] || read_in "$file"; done
    done
}
error=
[ "$(read_in "$config" | grep -c '^stream')" -le 1 ] || error='"stream" directive is duplicate'
! read_in "$config" | grep -q bad || error='unknown directive "bad"'
if [ -n "$error" ]; then
    [ -z "$dump" ] || config=${config#ROOT}
    echo "nginx: [emerg] $error in $config:1" >&2
    exit 1
fi
echo "nginx: configuration file $config test is successful" >&2
[ -z "$dump" ] || read_in "$config"
"""

# A start or a reload has nginx listen where its files say so and nothing stands in the way.
SYSTEMCTL = r"""
[ "$1" = -q ] && quiet=yes && shift
echo "$*" >>ROOT/did
case $1 in
    show) cat ROOT/unit ;;
    is-active) [ -n "$quiet" ] || echo inactive; grep -q 'ActiveState=active' ROOT/unit ;;
    is-enabled) sed -n 's/UnitFileState=//p' ROOT/unit ;;
    start | reload)
        grep -rqs 'listen 6443' ROOT/etc/nginx/conf.d/tcp.d ROOT/etc/nginx/k8s-ha &&
            [ ! -e ROOT/stuck ] && touch ROOT/listening
        [ ! -e ROOT/broken ] || { echo "Job for nginx.service failed." >&2; exit 1; }
        sed -i 's/ActiveState=.*/ActiveState=active/' ROOT/unit
        ;;
    stop) sed -i 's/ActiveState=.*/ActiveState=inactive/' ROOT/unit ;;
    enable) sed -i 's/UnitFileState=.*/UnitFileState=enabled/' ROOT/unit ;;
esac
"""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    for name, body in {
        "nginx": NGINX.replace("BUILD", BUILD.replace("\n", " ")),
        "systemctl": SYSTEMCTL,
        "ss": 'echo State; [ ! -e ROOT/listening ] || echo "LISTEN 0 511 *:6443 *:* users:((\\"nginx\\",pid=7,fd=6))"',
        "journalctl": "echo 'nginx: [emerg] bind() failed'",
        "pgrep": "exit 1",
        "sleep": "exit 0",
    }.items():
        shell.add_tool(name, body.replace("ROOT", str(tmp_path)))
    shell.file(MAIN, NGINX_CONFIG)
    (tmp_path / "etc/nginx/conf.d").mkdir()
    running(shell)
    return shell


def running(shell: Shell, **changed: str) -> None:
    """nginx.service's properties."""
    unit = UNIT | {"ExecStart": "", "MainPID": "7"} | changed
    shell.file("/unit", "".join(f"{key}={value}\n" for key, value in unit.items()))


def looked(shell: Shell, unstarted: bool = True) -> NginxState:
    command = Nginx().command(port=6443, unstarted=unstarted)
    return Nginx().process(shell.lines(command))


def step(shell: Shell, monkeypatch: pytest.MonkeyPatch, connections: int = 1024) -> Command | Noop:
    """What the operation yields for the host as it stands."""
    (found,) = Bench(monkeypatch).steps(
        endpoint_proxied, on="master-lb", facts={Nginx: looked(shell)}, port=6443, files=FILES, connections=connections
    )
    assert isinstance(found, Command | Noop)
    return found


def run(shell: Shell, given: Command | Noop, seconds: int | None = None) -> subprocess.CompletedProcess[str]:
    assert isinstance(given, Command)
    text = given.text if seconds is None else given.text.replace("SECONDS_TO_LISTEN=15", f"SECONDS_TO_LISTEN={seconds}")
    return shell.run(text, shell.moved(given.stdin or ""))


def below(shell: Shell) -> dict[str, tuple[str, int]]:
    """Text and mode of all that is in /etc/nginx, whatever its name."""
    root = shell.root / "etc/nginx"
    return {
        f"/{path.relative_to(shell.root)}": (path.read_text("latin-1"), stat.S_IMODE(path.stat().st_mode))
        for path in root.rglob("*")
        if path.is_file()
    }


def test_the_look_without_nginx(shell: Shell) -> None:
    (shell.root / "tools/nginx").unlink()
    found = looked(shell)
    assert (found.program, found.config.files, found.own, found.listens) == ("", {}, {}, False)


def test_the_look_at_what_nginx_reads(shell: Shell) -> None:
    shell.file(OWN, FILES[OWN])
    shell.file(RECORD, "reload=1\n")
    shell.file("/listening")
    found = looked(shell)
    assert found.build == BUILD.replace("\n", " ")
    assert found.config.files == {MAIN: NGINX_CONFIG.encode()}
    assert (found.is_active, found.record, found.listens, found.is_valid, found.walked) == (
        True,
        "reload=1",
        True,
        True,
        {},
    )
    assert set(found.own) == {OWN}


@pytest.mark.parametrize(("unit", "asked"), [("active", True), ("failed", True), ("inactive", False)])
def test_an_nginx_that_never_ran_is_not_asked_by_preflight(shell: Shell, unit: str, asked: bool) -> None:
    running(shell, ActiveState=unit)
    found = looked(shell, unstarted=False)
    assert (shell.root / "asked").exists() is asked
    assert found.is_valid is (True if asked else None)
    assert found.config.files[MAIN] == NGINX_CONFIG.encode()


def test_the_pid_file_that_the_question_leaves_is_removed(shell: Shell) -> None:
    shell.add_tool("nginx", f"case $1 in -T) touch {shell.root}/run/nginx.pid ;; esac")
    (shell.root / "run").mkdir()
    running(shell, ActiveState="failed")
    looked(shell)
    assert not (shell.root / "run/nginx.pid").exists()
    shell.file("/run/nginx.pid", "")
    looked(shell)
    assert (shell.root / "run/nginx.pid").exists()


def test_files_of_a_configuration_that_nginx_does_not_take_are_found_by_their_includes(shell: Shell) -> None:
    texts = {
        MAIN: "bad;\nhttp { include web.d/*.conf; }\n# include secret.key;\ninclude 'tcp.conf';\n",
        "/etc/nginx/web.d/a.conf": "server { }\n",
        "/etc/nginx/tcp.conf": "include tcp.conf;\n# \xb3\xbb\n",
    }
    for path, text in texts.items():
        shell.file(path).write_text(text, "latin-1")
    shell.file("/etc/nginx/secret.key", "SECRET")
    found = looked(shell)
    assert found.is_valid is False
    assert found.words == f'unknown directive "bad" in {MAIN}:1'
    assert {path: text.decode("latin-1") for path, text in found.walked.items()} == texts


@pytest.mark.parametrize(
    ("lines", "listens"),
    [
        ('LISTEN 0 1 *:6443 *:* users:(("nginx",pid=7,fd=6),("nginx",pid=8,fd=6))', True),
        ("LISTEN 0 1 [::]:6443 [::]:*", True),
        ('LISTEN 0 1 0.0.0.0:6443 0.0.0.0:* users:(("haproxy",pid=7,fd=6))', False),
        ('LISTEN 0 1 0.0.0.0:16443 0.0.0.0:* users:(("nginx",pid=7,fd=6))', False),
        ("", False),
    ],
)
def test_who_listens(shell: Shell, lines: str, listens: bool) -> None:
    shell.add_tool("ss", f"cat <<'END'\n{lines}\nEND")
    assert looked(shell).listens is listens


def test_a_virgin_nginx_is_configured_and_started(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    running(shell, ActiveState="inactive", UnitFileState="disabled")
    done = run(shell, step(shell, monkeypatch))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert below(shell) == {MAIN: (CONFIGURED, 0o644), OWN: (OWN_TEXT, 0o644)}
    assert [
        line for line in (shell.root / "did").read_text("utf-8").splitlines() if line[:2] in ("st", "re", "en")
    ] == [
        "start nginx.service",
        "enable nginx.service",
    ]


def test_whether_it_ran_before_is_kept_once(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    state = shell.file("/var/lib/k8s-ha/before/state", "selinux Enforcing\n")
    assert run(shell, step(shell, monkeypatch)).returncode == 0
    kept = state.read_text(encoding="utf-8")
    assert kept.startswith("selinux Enforcing\nnginx inactive ")
    (shell.root / RECORD[1:]).unlink()
    assert run(shell, step(shell, monkeypatch)).returncode == 0
    assert state.read_text(encoding="utf-8") == kept


def test_a_second_run_has_nothing_to_do(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(shell, step(shell, monkeypatch)).returncode == 0
    assert step(shell, monkeypatch) == Noop("nginx passes on the endpoint's port")
    (shell.root / "listening").unlink()
    assert run(shell, step(shell, monkeypatch)).returncode == 0
    assert step(shell, monkeypatch) == Noop("nginx passes on the endpoint's port")


def test_more_connections_come_with_a_reload_and_stay_after_a_boot(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    with subprocess.Popen(["prlimit", "--nofile=1024:", "sleep", "60"]) as nginx:
        running(shell, MainPID=str(nginx.pid), LimitNOFILE="262144", LimitNOFILESoft="1024")
        assert run(shell, step(shell, monkeypatch, connections=3072)).returncode == 0
        limits = Path(f"/proc/{nginx.pid}/limits").read_text("utf-8")
        running(shell, MainPID=str(nginx.pid), LimitNOFILE="4096", LimitNOFILESoft="4096")
        assert step(shell, monkeypatch, connections=3072) == Noop("nginx passes on the endpoint's port")
        nginx.kill()
    assert re.findall(r"Max open files +(\d+) +(\d+)", limits) == [("4096", "4096")]
    assert "LimitNOFILE=4096\n" in (shell.root / LIMITS_DROP_IN[1:]).read_text("utf-8")
    assert "worker_connections 3072;" in below(shell)[MAIN][0]
    did = (shell.root / "did").read_text("utf-8").splitlines()
    assert [line for line in did if line[:2] in ("st", "re", "da")] == ["daemon-reload", "reload nginx.service"]


def test_a_drop_in_is_taken_back_with_the_rest(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.file("/stuck")
    before = below(shell)
    running(shell, MainPID="0")
    assert run(shell, step(shell, monkeypatch, connections=3072), seconds=0).returncode == 1
    assert below(shell) == before
    assert not (shell.root / LIMITS_DROP_IN[1:]).parent.exists()
    did = (shell.root / "did").read_text("utf-8").splitlines()
    assert did.count("daemon-reload") == 2


def test_the_owners_file_keeps_mode_and_link(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    real = shell.file("/etc/nginx/real", NGINX_CONFIG + STREAM, 0o640)
    (shell.root / MAIN[1:]).unlink()
    (shell.root / MAIN[1:]).symlink_to("real")
    assert run(shell, step(shell, monkeypatch)).returncode == 0
    assert (shell.root / MAIN[1:]).is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert f"stream {{\n    include {SHARED};\n" in real.read_text("utf-8")


def test_a_file_of_two_names_keeps_both(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    (shell.root / "etc/nginx/other").hardlink_to(shell.root / MAIN[1:])
    assert run(shell, step(shell, monkeypatch)).returncode == 0
    assert (shell.root / "etc/nginx/other").read_text("utf-8") == CONFIGURED


def test_what_nginx_refuses_is_not_put_in_place(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    before = below(shell)
    monkeypatch.setitem(FILES, OWN, "bad;\n")
    shell.file(RECORD, "config=1\n")
    done = run(shell, step(shell, monkeypatch))
    assert done.returncode == 1
    assert done.stderr.splitlines()[0] == f'nginx: [emerg] unknown directive "bad" in {MAIN}:1'
    assert done.stderr.splitlines()[-1].startswith(
        "master-lb: nginx refuses its configuration with the endpoint's proxy"
    )
    assert below(shell) == before
    assert "reload" not in (shell.root / "did").read_text("utf-8")
    assert (shell.root / RECORD[1:]).exists()


def test_what_the_owner_wrote_meanwhile_is_not_lost(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    given = step(shell, monkeypatch)
    shell.file(MAIN, "# mine\n" + NGINX_CONFIG)
    before = below(shell)
    done = run(shell, given)
    assert (done.returncode, below(shell)) == (1, before)
    assert done.stderr == f"master-lb: {MAIN} was changed while this ran; nothing was changed; run this again.\n"


def test_a_mistake_of_the_owners_meanwhile_is_told_as_theirs(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.file(MAIN, NGINX_CONFIG + STREAM + "include /etc/nginx/more.conf;\n")
    given = step(shell, monkeypatch)
    shell.file("/etc/nginx/more.conf", "bad;\n")
    before = below(shell)
    done = run(shell, given)
    assert (done.returncode, below(shell)) == (1, before)
    assert "refuses its configuration as it stands; nothing was changed" in done.stderr


@pytest.mark.parametrize("active", ["active", "inactive"])
@pytest.mark.parametrize("trouble", ["stuck", "broken"])
def test_an_nginx_that_does_not_come_up_gets_its_files_back(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, trouble: str, active: str
) -> None:
    running(shell, ActiveState=active)
    shell.file("/var/log/nginx/error.log", "[emerg] old\n")
    shell.file(RECORD, "config=1\n")
    given = step(shell, monkeypatch)
    (shell.root / MAIN[1:]).chmod(0o600)
    before = below(shell)
    if trouble == "broken":  # it was told to listen, and the unit failed
        shell.add_tool("ss", "exit 0")
    shell.file(f"/{trouble}")
    done = run(shell, given, seconds=0)
    assert done.returncode == 1
    assert below(shell) == before
    assert list((shell.root / "etc/nginx/conf.d").iterdir()) == []
    assert not (shell.root / RECORD[1:]).exists()
    assert "nginx: [emerg] bind() failed" in done.stderr
    assert "old" not in done.stderr
    assert "does not run with its configuration on port 6443; its files are as they were" in done.stderr
    did = [line.split()[0] for line in (shell.root / "did").read_text("utf-8").splitlines()]
    assert [word for word in did if word in ("start", "reload", "stop", "enable")] == (
        ["reload", "reload"] if active == "active" else ["start", "stop"]
    )


def test_a_reload_counts_when_it_has_new_workers(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.add_tool("pgrep", "printf '8\\n9\\n'")
    given = step(shell, monkeypatch)
    done = run(shell, given, seconds=0)
    assert done.returncode == 1  # it listens, but with workers of before
    shell.add_tool("pgrep", f"[ -e {shell.root}/second ] && echo 10; touch {shell.root}/second; echo 9")
    assert run(shell, given, seconds=0).returncode == 0


def test_half_of_a_configuration_is_none(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    given = step(shell, monkeypatch)
    assert isinstance(given, Command)
    before = below(shell)
    for part in ((given.stdin or "").removesuffix("end\n"), (given.stdin or "")[:500], ""):
        done = run(shell, given._replace(stdin=part))
        assert (done.returncode, below(shell)) == (1, before)
        assert "came only in part" in done.stderr


def test_a_run_that_is_ended_puts_everything_back(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    given = step(shell, monkeypatch)
    assert isinstance(given, Command)
    before = below(shell)
    shell.file("/stuck")
    shell.add_tool("sleep", f"touch {shell.root}/waits; exec /bin/sleep 0.1")
    operator = subprocess.Popen(
        ["bash", "--posix", "-c", shell.moved(given.text)],
        env=shell.environment(),
        stdin=subprocess.PIPE,
        text=True,
    )
    assert operator.stdin
    with operator.stdin:
        operator.stdin.write(shell.moved(given.stdin or ""))
    deadline = time.monotonic() + 20
    while not (shell.root / "waits").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert below(shell) != before
    operator.send_signal(signal.SIGTERM)
    assert operator.wait(timeout=20) != 0
    assert below(shell) == before


def test_what_a_run_left_that_was_killed_is_removed(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    shell.file("/etc/nginx/nginx.conf.k8s-ha-new", "bad;\n")
    shell.file("/etc/nginx/.k8s-ha-new/0.before", "old")
    shell.file("/etc/nginx/.nginx.conf.k8s-ha-new", "half")
    assert run(shell, step(shell, monkeypatch)).returncode == 0
    assert set(below(shell)) == {MAIN, OWN}


def test_what_earlier_releases_left_is_mended(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    # Relative, since the test moves the files and not what is in them.
    shell.file(MAIN, CONFIGURED.replace("/etc/nginx/conf.d/tcp.d", "conf.d/tcp.d") + STREAM)
    shell.file(OWN, FILES[OWN])
    running(shell, ActiveState="failed")
    found = looked(shell)
    proxy = planned(found, 6443)
    assert isinstance(proxy, Proxy)
    assert (found.is_valid, proxy.dropped) == (False, (OWN,))
    assert run(shell, step(shell, monkeypatch)).returncode == 0
    assert set(below(shell)) == {MAIN, SHARED}
