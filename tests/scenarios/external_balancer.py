"""``python -m tests.scenarios.external_balancer``: clusters behind a balancer that is not this package's.

It stands on the lab's host of the balancer, which the inventory leaves out: Debian's HAProxy by a DNS name, then the
nginx of EL by an address, each with the example that ``k8s_ha.external_balancer`` writes. Before that wrong ones are
tried, which must be refused with nothing changed: one that is not there, a name that nobody knows, and one that speaks
TLS itself. HAProxy leads to one control plane alone at first, which verify tells of.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from subprocess import CompletedProcess
from tempfile import TemporaryDirectory
from typing import Final

from tests.lab import network, state
from tests.lab.build.cache import open_cache
from tests.lab.build.machine import unpacked_packages
from tests.lab.checks import ready_nodes
from tests.lab.client import Lab, until
from tests.scenarios.own_folder import Project
from tests.support.finding_rows import rows

BALANCER: Final = "master-lb"
ADDRESS, NAME, PORT = "10.0.1.157", "api.lab.example", 6443
HAPROXY: Final = ("haproxy", "liblua5.3-0", "libopentracing-c-wrapper0", "libopentracing1")
NOBODY: Final = "10.0.1.250"
LEFT_OUT: Final = {BALANCER: None}
DEFAULTS: Final = "global\n    maxconn 4000\n\n"
_TLS: Final = """
import http.server, ssl, sys
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(*sys.argv[2:])
server = http.server.ThreadingHTTPServer(("", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""


class Behind(Project):
    """The lab without its own balancer."""

    def with_endpoint(self, endpoint: str, *flags: str, **more: str) -> CompletedProcess[str]:
        return self.run(*flags, **more, of_hosts=LEFT_OUT, endpoint={"external": endpoint})

    def example(self, name: str) -> str:
        return (self.folder / "reports" / "balancer" / name).read_text(encoding="utf-8")


@contextmanager
def at_balancer(*command: object, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program of this machine's in the network of the balancer's host."""
    where = ["ip", "netns", "exec", network.namespace(state.current().topology.host(BALANCER))]
    with (
        log.open("wb") as output,
        subprocess.Popen([*where, *map(str, command)], stdout=output, stderr=output) as program,
    ):
        try:
            yield program
        finally:
            program.terminate()


def up(lab: Lab) -> None:
    lab.up()
    lab.host(BALANCER, "systemctl stop firewalld")  # whoever runs it has its port open


def refused(project: Behind, endpoint: str, sentence: str) -> None:
    """A run says so, and has changed nothing; a dry run says the same."""
    before = project.lab.digest()
    for flag in ("--dry", "-y"):
        done = project.with_endpoint(endpoint, flag)
        assert done.returncode == 1, done.stderr[-4000:]
        told = [row.found for row in rows(done.stderr) if row.check == "endpoint"]
        assert any(sentence in found for found in told), f"{sentence!r} was not said:\n{done.stderr[-4000:]}"
    changed = sorted(project.lab.digest() ^ before)
    assert not changed, changed[:5]
    print(f"{endpoint}: refused, nothing changed: {sentence}", flush=True)


def wrong_ones(project: Behind) -> None:
    refused(project, f"{NOBODY}:{PORT}", f"nothing answers at the endpoint {NOBODY}:{PORT}")
    refused(project, f"nowhere.lab.example:{PORT}", "cannot resolve the endpoint's name nowhere.lab.example")
    authority = state.current().artifacts.ca_certificate
    words = [sys.executable, "-c", _TLS, PORT, authority / "server.crt", authority / "server.key"]
    with at_balancer(*words, log=project.folder / "tls.log"):
        until(lambda: _listens(project.lab), 20, "somebody speaks TLS there")
        refused(project, f"{NAME}:{PORT}", "speaks TLS")


def _listens(lab: Lab) -> bool:
    return "open" in lab.host("worker1", f"timeout 2 bash -c ': </dev/tcp/{ADDRESS}/{PORT}' && echo open", check=False)


def haproxy(project: Behind, members: Sequence[str]) -> list[object]:
    """HAProxy's command, with the example for these members alone."""
    example = project.example("haproxy.cfg").splitlines()
    kept = [line for line in example if "    server " not in line or line.split()[1] in members]
    config = project.folder / "haproxy.cfg"
    config.write_text(DEFAULTS + "\n".join(kept) + "\n", encoding="utf-8")
    debs = unpacked_packages(open_cache(print), "haproxy", HAPROXY)
    libraries = ":".join(str(path) for path in debs.glob("*/usr/lib/x86_64-linux-gnu"))
    return ["env", f"LD_LIBRARY_PATH={libraries}", debs / "haproxy/usr/sbin/haproxy", "-db", "-f", config]


def built(project: Behind, endpoint: str) -> float:
    """Seconds of a build, after which all nodes are Ready and one more run changes nothing."""
    started = time.monotonic()
    done = project.with_endpoint(endpoint, "-y")
    assert done.returncode == 0, done.stderr[-6000:]
    seconds = time.monotonic() - started
    lab = project.lab
    assert len(ready_nodes(lab)) == 5, ready_nodes(lab)
    before = lab.digest()
    again = project.with_endpoint(endpoint, "-y")
    assert again.returncode == 0, again.stderr[-4000:]
    assert not lab.digest() ^ before, sorted(lab.digest() ^ before)[:5]
    return seconds


def examples(project: Behind, endpoint: str) -> None:
    done = project.with_endpoint(endpoint, "-y", deploy="k8s_ha.external_balancer")
    assert done.returncode == 0, done.stderr
    assert f"The balancer at {endpoint} passes TCP on to:" in done.stderr


def unmet(project: Behind, endpoint: str) -> list[str]:
    """Control planes that verify has met nowhere behind the balancer."""
    done = project.with_endpoint(endpoint, "-y", deploy="k8s_ha.verify")
    assert done.returncode == 0, done.stderr[-4000:]
    return [row.host for row in rows(done.stderr) if row.check == "balancer"]


def behind_haproxy(project: Behind) -> None:
    endpoint, log = f"{NAME}:{PORT}", project.folder / "haproxy.log"
    examples(project, endpoint)
    with at_balancer(*haproxy(project, ["master1"]), log=log):
        until(lambda: _listens(project.lab), 20, "HAProxy listens")
        print(f"behind HAProxy, {endpoint}: built in {built(project, endpoint):.0f} s", flush=True)
        found = unmet(project, endpoint)
        assert found == ["master2", "master3"], found
        print("  it led to master1 alone: verify names master2 and master3", flush=True)
    with at_balancer(*haproxy(project, ["master1", "master2", "master3"]), log=log):
        until(lambda: not unmet(project, endpoint), 120, "each control plane is met")
        print("  it leads to all: verify says nothing of it", flush=True)


def behind_nginx(project: Behind) -> None:
    """On clean hosts."""
    endpoint, lab = f"{ADDRESS}:{PORT}", project.lab
    up(lab)
    examples(project, endpoint)
    lab.host(BALANCER, "dnf -qy install nginx nginx-mod-stream")
    text = project.example("nginx.conf")
    lab.host(BALANCER, f"cat >>/etc/nginx/nginx.conf <<'END'\n{text}END\nnginx -t && systemctl start nginx")
    print(f"behind an nginx of somebody's, {endpoint}: built in {built(project, endpoint):.0f} s", flush=True)
    found = unmet(project, endpoint)
    assert not found, found


def main() -> None:
    lab = Lab(options=("--line", "1.37"))
    up(lab)
    with TemporaryDirectory() as folder:
        project = Behind(lab, Path(folder))
        wrong_ones(project)
        behind_haproxy(project)
        behind_nginx(project)
    lab.run("down", check=True)


if __name__ == "__main__":
    main()
