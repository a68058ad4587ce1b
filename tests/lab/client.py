"""The lab's command line, as tests and benchmarks use it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tests.lab import LabError, access, hosts, state
from tests.lab.build.tables.lines import find
from tests.lab.digest import KINDS, lines
from tests.lab.settings import HOSTS, OVERRIDES
from tests.support.paths import PROJECT

KUBECONFIG = PROJECT / "kubeconfig" / "admin.conf"
REPORTS = PROJECT / "reports"
PYINFRA = [sys.executable, "-m", "pyinfra"]
DEPLOY = ["tests/lab/inventory.py", "deploy.py"]
TODAY, NEXT = find("1.36").version, find("1.37").version
"""The Kubernetes of the tests' own lab, and what it is upgraded to at last; the document's is 1.20.2."""


@dataclass(frozen=True)
class Lab:
    """One lab; every method blocks until its command has ended.

    + inventory: pyinfra's, with the settings beside it in group_data
    + topology: the file that says which hosts there are
    + options: more of ``up``'s, such as the Kubernetes line
    """

    inventory: str = DEPLOY[0]
    topology: str = "tests/lab/topology.toml"
    options: tuple[str, ...] = ()

    def up(self) -> None:
        """Boot clean hosts, whatever lab is up now."""
        self.run("down", check=True)
        self.run("up", "--topology", self.topology, *self.options, check=True)

    def run(
        self,
        *arguments: str,
        check: bool = False,
        timeout: float = 3600,
        settings: Mapping[str, Any] | None = None,
        stdin: str = "",
    ) -> subprocess.CompletedProcess[str]:
        """``python -m tests.lab ARGUMENTS``. What an interrupted lab builds stays visible on the terminal.

        + settings: what to set otherwise than the lab's group_data does
        + stdin: what the command reads
        """
        done = _run([sys.executable, "-m", "tests.lab", *arguments], os.environ, timeout, settings, stdin)
        if check:
            _succeeded(done, " ".join(arguments))
        return done

    # Asked so often that a Python of their own for each would cost more than the answers: the next two are no `run`.

    def operator(
        self,
        *command: str,
        check: bool = False,
        timeout: float = 3600,
        settings: Mapping[str, Any] | None = None,
        of_hosts: Mapping[str, Any] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """A command where the operator stands, in the project's folder.

        + settings: as for ``run``
        + of_hosts: what to set of hosts, by name; None for one that is left out of the inventory
        """
        words, environment = access.at_operator(command, state.current())
        done = _run(words, {**environment, HOSTS: json.dumps(of_hosts or {})}, timeout, settings)
        if check:
            _succeeded(done, " ".join(command))
        return done

    def host(self, name: str, script: str, check: bool = True) -> str:
        """The output of a shell script inside a host, as root; of one that is off nothing."""
        try:
            words = hosts.inside(state.current().topology.host(name), ["sh", "-c", script])
        except LabError as error:
            assert not check, error
            return ""
        done = _run(words, os.environ)
        if check:
            _succeeded(done, f"{name}: {script}")
        return done.stdout

    def pyinfra(
        self,
        *options: str,
        deploy: str = "deploy.py",
        of_hosts: Mapping[str, Any] | None = None,
        **settings: Any,
    ) -> subprocess.CompletedProcess[str]:
        """pyinfra's CLI over the lab's inventory.

        + deploy: what to run: the project's deploy.py, or a function such as ``k8s_ha.verify``
        + of_hosts: as for ``operator``
        """
        words = (*PYINFRA, self.inventory, deploy, *options)
        return self.operator(*words, timeout=1800, settings=settings, of_hosts=of_hosts)

    def results(self, **settings: Any) -> dict[str, Any]:
        """What one run did, by pyinfra's own report; AssertionError if it failed."""
        run = self.pyinfra("-y", "--json", **settings)
        assert run.returncode == 0, f"{run.stderr}\n{self.containers()}"
        found: dict[str, Any] = json.loads(run.stdout)["results"]
        assert found["failed_hosts"] == []
        return found

    def kubectl(self, *arguments: str, check: bool = True) -> str:
        """kubectl where the operator stands, with the kubeconfig that the deploy fetched."""
        return self.operator("kubectl", "--kubeconfig", str(KUBECONFIG), *arguments, check=check).stdout

    def containers(self) -> str:
        """What nodes say of their pods and containers, and the ends of their kubelets' journals; for a failed test."""
        script = (
            "hostname; docker ps -a 2>/dev/null || crictl ps -a; ss -ltnp | grep -e :2379 -e :6443; "
            "journalctl -u kubelet -n 25 --no-pager"
        )
        asked = [host.name for host in state.current().topology.hosts]
        told = [self.kubectl("get", "nodes,pods", "-A", "-o", "wide", check=False)]
        return "\n".join(told + [self.host(name, f"{{ {script}; }} 2>&1 || true", check=False) for name in asked])

    def registry_requests(self) -> list[tuple[str, str]]:
        """Host name and path of each request that the image registry has answered, from its own log."""
        log = (state.LOGS / "registry.log").read_text(encoding="utf-8")
        return re.findall(r'response completed.* http\.request\.host=(\S+) .*http\.request\.uri="?([^" ]+)', log)

    def digest(self, kinds: Sequence[str] = KINDS, without: str = "") -> frozenset[str]:
        """One line a file, package, unit and running container of each host.

        What differs between two is ``one ^ other``; comparing them by == would have pytest print them whole.

        + kinds: which of them
        + without: a host that is left out
        """
        asked = tuple(host for host in state.current().topology.hosts if host.name != without)
        return frozenset(lines(asked, kinds))


def _run(
    words: Sequence[str],
    environment: Mapping[str, str],
    timeout: float = 3600,
    settings: Mapping[str, Any] | None = None,
    stdin: str = "",
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        words,
        cwd=PROJECT,
        env={**environment, OVERRIDES: json.dumps(settings or {})},
        capture_output=True,
        text=True,
        timeout=timeout,
        input=stdin,
    )


def _succeeded(done: subprocess.CompletedProcess[str], what: str) -> None:
    assert done.returncode == 0, f"{what} ended with {done.returncode}:\n{done.stdout}{done.stderr}"


# kubernetes#97294: where etcd has changed its leader, a watch of 1.20 may hear of nothing until it ends, after 5 to 10
# minutes; then a kubelet, a controller or kube-proxy does late what it else does at once.
SECONDS_FOR_A_WATCH = 660


def until(condition: Callable[[], bool], seconds: float, what: str) -> float:
    """Poll until ``condition`` holds and return how long that took; AssertionError after ``seconds``."""
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > seconds:
            raise AssertionError(f"not within {seconds:.0f} s: {what}")
        time.sleep(0.5)
    return time.monotonic() - started


@contextmanager
def meanwhile(act: Callable[[], object], every_seconds: float) -> Iterator[None]:
    """Have ``act`` called again and again, beside what the block does."""
    ended = threading.Event()

    def repeat() -> None:
        while not ended.wait(every_seconds):
            act()

    repeating = threading.Thread(target=repeat)
    repeating.start()
    try:
        yield
    finally:
        ended.set()
        repeating.join()
