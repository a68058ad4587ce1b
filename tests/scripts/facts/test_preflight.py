"""The second look at a host: its script run for real, its parser on what real hosts printed."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from k8s_ha.facts.preflight import PreflightFacts
from k8s_ha.observations.host_repositories import HostRepositories, HostRepository
from k8s_ha.preflight_checks.model import Disk, DownloadSource, HostPreflight, Listener, SourceAnswer
from tests.support.mirror_bench import mirror
from tests.support.node_views import CLEAN
from tests.support.shell_bench import Shell, bare_host


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = bare_host(tmp_path)
    shell.add_tool("env", 'case "$*" in "") ;; *) exec /usr/bin/env "$@" ;; esac')
    return shell


def looked(
    shell: Shell,
    *sources: DownloadSource,
    repositories: bool = False,
    balancer: bool = False,
    etcd_folder: str = "/var/lib/etcd",
) -> HostPreflight:
    fact = PreflightFacts()
    command = fact.command(
        address="10.0.12.16",
        endpoint="10.0.1.157",
        folders=["/var", "/var/lib/kubelet"],
        modules=["of_no_kernel"],
        names=["master1", "worker1"],
        runtime="containerd",
        sources=sources,
        repositories=repositories,
        balancer=balancer,
        etcd_folder=etcd_folder,
    )
    return fact.process(shell.lines(command))


def test_mirrors_and_registries_are_asked_with_logins_that_stand_on_stdin(shell: Shell) -> None:
    told = shell.file("/arguments")
    shell.add_tool("curl", f'echo "$@" >>{told}; exec /usr/bin/curl "$@"')
    with mirror() as served:
        sources = [DownloadSource("repository", f"{served.url}/r"), DownloadSource("registry", f"{served.url}/v2/")]
        fact = PreflightFacts()
        command = fact.command(
            address="10.0.12.16",
            endpoint="10.0.1.157",
            folders=[],
            modules=[],
            names=[],
            runtime="containerd",
            sources=sources,
            logins=True,
        )
        done = shell.run(command, f"login {served.url} ci:s3cret\n")
    found = fact.process(done.stdout.splitlines())
    assert found.answers == {source.url: SourceAnswer(200) for source in sources}
    assert {request.user for request in served.requests} == {"ci:s3cret"}
    assert "s3cret" not in command + done.stdout + done.stderr + told.read_text(encoding="utf-8")


def test_a_virgin_host(shell: Shell) -> None:
    shell.add_tool("nproc", "echo 4")
    shell.add_tool("ip", "exit 1")
    preflight = looked(shell)
    assert (preflight.cpus, replace(preflight.view, clock=None), preflight.answers) == (4, CLEAN, {})
    assert preflight.memory_mib
    assert preflight.clock
    # This machine is the operator's too: the bounds are no further apart than the look took.
    assert preflight.clock.low <= 0 <= preflight.clock.high
    assert (preflight.cni, preflight.etcd, preflight.units, preflight.product_uuid) == ((), (), (), "")


def test_clocks_are_compared_with_the_operators(shell: Shell) -> None:
    shell.add_tool("date", "exec /usr/bin/date --date='90 seconds ago' \"$@\"")
    clock = looked(shell).clock
    assert clock
    assert clock.low <= -90 <= clock.high


def test_file_systems(shell: Shell) -> None:
    shell.add_tool("df", "printf 'header\\n/dev/sda2 xfs 10485760 1 5242880 50%% /var\\n'")
    shell.add_tool("xfs_info", 'echo "naming   =version 2  bsize=4096  ascii-ci=0 ftype=0"')
    assert looked(shell).disks == tuple(
        Disk(folder, "xfs", 10485760, 5242880, "/var", False) for folder in ("/var", "/var/lib/kubelet")
    )


LISTENING = """LISTEN 0 128 *:6443 *:* users:(("httpd",pid=812,fd=3),("httpd",pid=811,fd=3))
LISTEN 0 128 [::]:22 [::]:* users:(("sshd",pid=65,fd=4))
LISTEN 0 128 127.0.0.1:25 0.0.0.0:*"""


def test_listeners(shell: Shell) -> None:
    shell.add_tool("ss", f"cat <<'END'\nState Recv-Q Send-Q\n{LISTENING}\nEND")
    assert looked(shell).listeners == (Listener(6443, "httpd", 812), Listener(22, "sshd", 65), Listener(25))


def test_a_load_balancers_nginx_is_checked_and_nobody_elses(shell: Shell) -> None:
    shell.add_tool("nginx", "echo 'nginx version: nginx/1.20.1' >&2")
    shell.file("/etc/nginx/nginx.conf", "# \u00e9\nevents { }\n")
    assert looked(shell).nginx is None
    nginx = looked(shell, balancer=True).nginx
    assert nginx
    assert (nginx.build, nginx.answer) == ("nginx version: nginx/1.20.1", None)
    assert nginx.config.files == {"/etc/nginx/nginx.conf": "# \u00e9\nevents { }\n".encode()}


def test_names_in_hosts(shell: Shell) -> None:
    shell.file("/etc/hosts", "127.0.0.1 localhost\n127.0.1.1 w.example worker1 # cloud-init\n#10.9.9.9 master1\n")
    assert looked(shell).hosts_lines == ("127.0.1.1 w.example worker1",)


def test_routes(shell: Shell) -> None:
    answers = (
        '"-4 route get 10.0.1.157") echo "RTNETLINK answers: Network is unreachable" >&2; exit 2 ;;'
        ' "-4 route show") echo "10.244.0.0/16 dev eth1 scope link " ;;'
    )
    shell.add_tool("ip", f'case "$*" in {answers} esac')
    preflight = looked(shell)
    assert preflight.endpoint_route == "RTNETLINK answers: Network is unreachable"
    assert preflight.routes == ("10.244.0.0/16 dev eth1 scope link",)


def test_proxies_without_their_passwords(shell: Shell) -> None:
    shell.file("/etc/environment", "export HTTPS_PROXY=http://ops:secret@10.0.0.9:3128\nLANG=C\nhttp_proxy=\n")
    shell.add_tool(
        "systemctl", '[ "$*" = show-environment ] && printf "http_proxy=http://x\\nNO_PROXY=localhost,10.0.0.0/8\\n"'
    )
    assert looked(shell).proxies == {
        "environment": {"https_proxy": "set"},
        "systemd": {"http_proxy": "set", "no_proxy": "localhost,10.0.0.0/8"},
    }


def test_what_systemd_quotes_as_a_shell(shell: Shell) -> None:
    shell.add_tool(
        "systemctl", """[ "$*" = show-environment ] && printf "https_proxy=http://x\\nno_proxy=\\$'*.a,b'\\n\""""
    )
    assert looked(shell).proxies == {"systemd": {"https_proxy": "set", "no_proxy": "*.a,b"}}


def test_the_kubelets_own_proxies(shell: Shell) -> None:
    text = '[Service]\nEnvironment="HTTPS_PROXY=http://me:pw%%40@x" "NO_PROXY=10.0.0.0/8, b"\n'
    shell.file("/etc/systemd/system/kubelet.service.d/proxy.conf", text)
    assert looked(shell).proxies == {"kubelet": {"https_proxy": "set", "no_proxy": "10.0.0.0/8, b"}}


def test_the_hosts_own_repositories_are_asked_where_packages_are_lacking(shell: Shell) -> None:
    with serving() as url:
        shell.file("/etc/yum.repos.d/x.repo", f"[x]\nbaseurl={url}\n[y]\nbaseurl={url}/gone\nenabled=0\n")
        assert looked(shell).repositories == HostRepositories()
        assert Server.asked == []
        found = looked(shell, repositories=True).repositories
    assert found == HostRepositories(
        read=True, enabled=(HostRepository("x", "/etc/yum.repos.d/x.repo", url, status=200),)
    )
    assert Server.asked == [("GET", "/repodata/repomd.xml")]


def test_what_lies_in_a_moved_folder_of_etcds_is_told(shell: Shell) -> None:
    shell.file("/var/lib/etcd/lost+found/x")
    shell.file("/data/etcd/member/snap/db")
    preflight = looked(shell, etcd_folder=f"{shell.root}/data/etcd")
    assert preflight.etcd == ("member",)
    assert preflight.view
    assert [path.replace(str(shell.root), "") for path in preflight.view.artifacts] == ["/data/etcd/member"]


def test_what_is_left_of_older_clusters(shell: Shell) -> None:
    shell.file("/etc/cni/net.d/10-calico.conflist")
    shell.file("/var/lib/etcd/lost+found/x")
    shell.file("/var/lib/etcd/.hidden")
    shell.file("/etc/kubernetes/pki/ca.crt", "pem")
    preflight = looked(shell)
    assert (preflight.cni, sorted(preflight.etcd)) == (("10-calico.conflist",), [".hidden", "lost+found"])
    assert preflight.view
    assert preflight.view.artifacts == ("/etc/kubernetes/pki/ca.crt",)


def works(shell: Shell) -> bool:
    view = looked(shell).view
    assert view
    return view.busy


def test_a_kubeadm_that_is_still_at_work(shell: Shell) -> None:
    lock = shell.file("/run/k8s-ha/kubeadm.lock")
    assert not works(shell)
    holder = subprocess.Popen(["flock", str(lock), "-c", "echo held; read _"], stdin=-1, stdout=-1)
    assert holder.stdout
    assert holder.stdin
    holder.stdout.readline()
    assert works(shell)
    holder.communicate(b"\n")
    assert not works(shell)


def test_modules_and_units(shell: Shell) -> None:
    shell.add_tool("modprobe", "exit 1")
    asked = "is-active firewalld.service docker.service crio.service"
    shell.add_tool("systemctl", f'[ "$*" = "{asked}" ] && printf "active\\ninactive\\nactive\\n"')
    shell.add_tool("getenforce", "echo Enforcing")
    preflight = looked(shell)
    assert (preflight.units, preflight.firewalld, preflight.selinux) == (("crio.service",), True, "Enforcing")
    assert preflight.lacking_modules == ("of_no_kernel",)
    shell.add_tool("modprobe", '[ "$*" = "-n -q of_no_kernel" ]')
    assert looked(shell).lacking_modules == ()


class Server(BaseHTTPRequestHandler):
    """Mirrors and registries; an archive is asked for its head only."""

    asked: ClassVar[list[tuple[str, str]]] = []

    def answer(self) -> None:
        self.asked.append((self.command, self.path))
        if self.path == "/slow":
            time.sleep(1)
        self.send_response({"/moved": 302, "/v2/": 401, "/gone": 404}.get(self.path, 200))
        self.send_header("Location", "/there")
        self.end_headers()

    do_GET = do_HEAD = answer

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Server)
    Server.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_sources_are_asked(shell: Shell) -> None:
    with serving() as url:
        closed = "http://127.0.0.1:1/repodata/repomd.xml"
        answers = looked(
            shell,
            DownloadSource("repository", f"{url}/moved"),
            DownloadSource("key", f"{url}/gone"),
            DownloadSource("archive", f"{url}/archive"),
            DownloadSource("registry", f"{url}/v2/"),
            DownloadSource("repository", closed),
        ).answers
    assert answers
    reason = answers.pop(closed).reason
    assert answers == {
        f"{url}/moved": SourceAnswer(200),
        f"{url}/gone": SourceAnswer(404),
        f"{url}/archive": SourceAnswer(200),
        f"{url}/v2/": SourceAnswer(401),
    }
    assert reason.startswith("(7) ")
    assert sorted(Server.asked) == [
        ("GET", "/gone"),
        ("GET", "/moved"),
        ("GET", "/there"),
        ("GET", "/v2/"),
        ("HEAD", "/archive"),
    ]


def test_repositories_are_asked_through_yums_proxy_and_registries_through_the_runtimes(shell: Shell) -> None:
    with serving() as url:
        shell.file("/etc/yum.conf", f"[main]\nproxy = {url}\n")
        shell.file(
            "/etc/systemd/system/containerd.service.d/proxy.conf",
            f'[Service]\nEnvironment="HTTP_PROXY={url}" "NO_PROXY=localhost"\n',
        )
        repository, registry = "http://mirror.invalid/repomd.xml", "http://registry.invalid/v2/"
        answers = looked(shell, DownloadSource("repository", repository), DownloadSource("registry", registry)).answers
    assert answers == {repository: SourceAnswer(200), registry: SourceAnswer(200)}
    assert sorted(Server.asked) == [("GET", repository), ("GET", registry)]


def test_a_host_without_curl(shell: Shell) -> None:
    for name in ("bash", "id", "date", "cat", "sed", "sh", "tail", "head", "nproc", "tr", "timeout", "df", "grep"):
        if not (shell.root / "tools" / name).exists():
            shell.add_tool(name, f'exec /usr/bin/{name} "$@"')
    fact = PreflightFacts()
    command = fact.command(
        address="10.0.12.16",
        endpoint="10.0.1.157",
        folders=["/var"],
        modules=[],
        names=[],
        runtime="docker",
        sources=[],
    )
    done = subprocess.run(
        ["/bin/bash", "--posix", "-c", shell.moved(command)],
        env={"PATH": str(shell.root / "tools")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    preflight = fact.process(done.stdout.splitlines())
    assert (done.returncode, preflight.answers, replace(preflight.view, clock=None)) == (0, None, CLEAN)


ODD = {
    "nothing": [],
    "a banner": ["Last login: yesterday", "", "cpus", "memory much", "began now", "ended x"],
    "half lines": [
        "disk /var",
        "disk /var xfs a b - /",
        "listen",
        "listen 0",
        "answer",
        "answer u",
        "proxy",
        "node",
        "route",
    ],
}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("curl: (7) Failed to connect to a.example after 2 ms: Refused", "(7) Failed to connect to a.example: Refused"),
        ("curl: (28) Timed out after 5001 milliseconds with 0 bytes", "(28) Timed out with 0 bytes"),
    ],
)
def test_the_same_fault_has_the_same_words_on_each_host(answer: str, reason: str) -> None:
    """Its hosts are one row of the table, so the milliseconds that curl took are left out."""
    url = "https://a.example/repodata/repomd.xml"
    told = PreflightFacts()
    told.sources = (DownloadSource("repository", url),)
    assert told.parse([f"answer 0 status=000 {answer}"]).answers == {url: SourceAnswer(0, reason)}


@pytest.mark.parametrize("output", ODD.values(), ids=ODD)
def test_odd_output_is_passed_over(output: list[str]) -> None:
    preflight = PreflightFacts().parse(output)
    assert (preflight.cpus, preflight.memory_mib, preflight.clock, preflight.disks, preflight.listeners) == (
        None,
        None,
        None,
        (),
        (),
    )
    assert preflight.view is None
