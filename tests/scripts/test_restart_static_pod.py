"""A static pod is restarted by its manifest, which is put back whatever happens."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from k8s_ha.resources import read_file, shell_variables
from tests.support.shell_bench import Shell

MANIFESTS, OUTSIDE = "/etc/kubernetes/manifests", "/etc/kubernetes/k8s-ha"
COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")

RUNTIME = """
out=$(cd {root}/etc/kubernetes/k8s-ha 2>/dev/null && ls)
echo "$* [$out]" >>{root}/calls
case "$*" in
{cases}
    *) exit 9 ;;
esac
"""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    for component in COMPONENTS:
        shell.file(f"{MANIFESTS}/{component}.yaml", f"{component}\n")
    shell.add_tool("systemctl", '[ "$*" = "-q is-active kubelet" ]')
    shell.add_tool("kubectl", "echo kubectl $* >>" + str(tmp_path / "asked"))
    shell.add_tool("curl", f'echo curl "$@" >>{tmp_path}/asked; echo \'{{"health":"true"}}\'')
    runtime(shell)
    return shell


def runtime(shell: Shell, pods: str = "", containers: str = "", tool: str = "crictl") -> None:
    """A runtime beside a kubelet that runs what is in its folder, unless shell says otherwise."""
    folder = f"{shell.root}{MANIFESTS}"
    runs = f'for file in $(ls {folder}); do case "$* " in *=${{file%.yaml}}\\ *) echo 1 ;; esac; done'
    listed = {"crictl": ("pods -q --state ready *", "ps -q --state running *")}.get(
        tool, ("ps -q --filter label=component=*", "ps -q --filter label=io.kubernetes.container.name=*")
    )
    escaped = [pattern.replace(" ", "\\ ") for pattern in listed]
    cases = f"    {escaped[0]}) {pods or runs} ;;\n    {escaped[1]}) {containers or runs} ;;"
    shell.add_tool(tool, RUNTIME.format(root=shell.root, cases=cases))


def restart(
    shell: Shell, component: str = "etcd", runtime: str = "containerd", limit: int = 2
) -> subprocess.CompletedProcess[str]:
    values = {"HOST": "master1", "ADDRESS": "10.0.11.18", "RUNTIME": runtime, "COMPONENT": component}
    given = shell_variables(values | {"LIMIT": str(limit)})
    pid = f"echo $$ >{shell.root}/pid\n"
    return shell.run(pid + given + read_file("facts/etcd.sh") + read_file("restart-static-pod.sh"))


def manifests(shell: Shell, folder: str = MANIFESTS) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in (shell.root / folder[1:]).glob("*")}


WHOLE = {f"{component}.yaml": f"{component}\n" for component in COMPONENTS}


def assert_put_back(shell: Shell) -> None:
    assert (manifests(shell), manifests(shell, OUTSIDE)) == (WHOLE, {})


READY = {
    "etcd": "https://127.0.0.1:2379/health",
    "kube-apiserver": "kubectl --kubeconfig /etc/kubernetes/admin.conf --server https://10.0.11.18:6443 "
    "--request-timeout=5s get --raw /readyz",
    "kube-controller-manager": "https://127.0.0.1:10257/healthz",
    "kube-scheduler": "https://127.0.0.1:10259/healthz",
}


@pytest.mark.parametrize("tool", ["crictl", "docker"])
@pytest.mark.parametrize(("component", "ready"), READY.items(), ids=READY)
def test_it_is_out_until_nothing_of_it_runs_and_back_until_it_serves(
    shell: Shell, component: str, ready: str, tool: str
) -> None:
    (shell.root / "tools/crictl").unlink()
    runtime(shell, tool=tool)
    done = restart(shell, component, runtime="docker" if tool == "docker" else "containerd")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert_put_back(shell)
    calls = (shell.root / "calls").read_text(encoding="utf-8").splitlines()
    pods, containers = {
        "crictl": (
            f"pods -q --state ready --label component={component} --label tier=control-plane",
            f"ps -q --state running --label io.kubernetes.container.name={component} "
            "--label io.kubernetes.pod.namespace=kube-system",
        ),
        "docker": (
            f"ps -q --filter label=component={component} --filter label=tier=control-plane",
            f"ps -q --filter label=io.kubernetes.container.name={component} "
            "--filter label=io.kubernetes.pod.namespace=kube-system",
        ),
    }[tool]
    out = f"[{component}.yaml]"
    assert calls == [f"{pods} []", f"{containers} []", f"{pods} {out}", f"{containers} {out}", f"{containers} []"]
    asked = (shell.root / "asked").read_text(encoding="utf-8").replace(str(shell.root), "").splitlines()
    assert asked[-1].endswith(ready)


def test_a_component_is_asked_where_it_listens(shell: Shell) -> None:
    shell.file(f"{MANIFESTS}/kube-scheduler.yaml", "    - --bind-address=10.0.11.18\n")
    assert restart(shell, "kube-scheduler").returncode == 0
    assert "https://10.0.11.18:10259/healthz" in (shell.root / "asked").read_text(encoding="utf-8")


Breakage = Callable[[Shell], object]
FAILURES: dict[str, tuple[Breakage, str]] = {
    "a pod that stays": (
        lambda shell: runtime(shell, pods="echo 1"),
        "its container did not end within 2 seconds; see `journalctl -u kubelet` there",
    ),
    "a container that stays": (
        lambda shell: runtime(shell, containers="echo 1"),
        "its container did not end within 2 seconds; see `journalctl -u kubelet` there",
    ),
    "a runtime that falls silent": (
        lambda shell: runtime(shell, pods=f"[ -e {shell.root}{MANIFESTS}/etcd.yaml ]"),
        "its container did not end within 2 seconds; see `journalctl -u kubelet` there",
    ),
    "no runtime": (lambda shell: runtime(shell, pods="exit 1"), "`crictl ps` failed; see the error above"),
    "no kubelet": (lambda shell: shell.add_tool("systemctl", "exit 3"), "the kubelet is not running; start it"),
}


@pytest.mark.parametrize(("breakage", "reason"), FAILURES.values(), ids=FAILURES)
def test_what_fails_is_told_and_the_manifest_stands_where_it_stood(
    shell: Shell, breakage: Breakage, reason: str
) -> None:
    breakage(shell)
    done = restart(shell)
    sentence = f"master1: etcd was not restarted: {reason}, then run this again."
    assert (done.returncode, done.stderr) == (1, f"{sentence}\n")
    assert len(sentence.split()) <= 25
    assert_put_back(shell)


@pytest.mark.parametrize(("containers", "health"), [(":", "true"), ("", "false")])
def test_one_that_does_not_serve_again_is_told(shell: Shell, containers: str, health: str) -> None:
    runtime(shell, containers=containers)
    shell.add_tool("curl", f'echo \'{{"health":"{health}"}}\'')
    done = restart(shell)
    sentence = "master1: etcd was restarted and does not serve after 2 seconds; see `crictl ps -a` and its log there"
    assert (done.returncode, done.stderr) == (1, f"{sentence}, then run this again.\n")
    assert_put_back(shell)


def test_a_pod_of_somebody_elses_is_none_of_its(shell: Shell) -> None:
    done = restart(shell, "../keepalived")
    assert done.stderr == (
        "master1: ../keepalived was not restarted: it is none of kubeadm's static pods; name one of them, "
        "then run this again.\n"
    )


def test_a_missing_manifest_is_not_restarted(shell: Shell) -> None:
    (shell.root / MANIFESTS[1:] / "etcd.yaml").unlink()
    assert restart(shell).stderr == (
        f"master1: etcd was not restarted: {MANIFESTS}/etcd.yaml is missing; write it again, then run this again.\n"
    )


@pytest.mark.parametrize("signal", ["TERM", "HUP", "PIPE"])
def test_a_run_that_is_stopped_puts_it_back(shell: Shell, signal: str) -> None:
    out = f"[ ! -e {shell.root}{MANIFESTS}/etcd.yaml ]"
    runtime(shell, pods=f"{out} && kill -{signal} $(cat {shell.root}/pid); echo 1")
    done = restart(shell, limit=120)
    assert (done.returncode, done.stderr) == (1, "")
    assert_put_back(shell)


@pytest.mark.parametrize("component", ["etcd", "kube-scheduler"])
def test_what_a_cut_run_left_outside_is_put_back_first(shell: Shell, component: str) -> None:
    (shell.root / OUTSIDE[1:]).mkdir(mode=0o700)
    (shell.root / MANIFESTS[1:] / "etcd.yaml").rename(shell.root / OUTSIDE[1:] / "etcd.yaml")
    assert restart(shell, component).returncode == 0
    assert_put_back(shell)


def test_one_that_was_written_meanwhile_stays_its_writers(shell: Shell) -> None:
    shell.file(f"{OUTSIDE}/etcd.yaml", "old\n")
    assert restart(shell).stderr == (
        f"master1: etcd was not restarted: {OUTSIDE} has etcd.yaml beside the one in {MANIFESTS}; "
        "remove the one that is not wanted, then run this again.\n"
    )
    assert (manifests(shell), manifests(shell, OUTSIDE)) == (WHOLE, {"etcd.yaml": "old\n"})


def test_one_that_is_written_while_it_is_out_stays_its_writers(shell: Shell) -> None:
    runtime(shell, pods=f"echo etcd >{shell.root}{MANIFESTS}/etcd.yaml", containers=":")
    assert "remove the one that is not wanted" in restart(shell).stderr
    assert (manifests(shell), manifests(shell, OUTSIDE)) == (WHOLE, {"etcd.yaml": "etcd\n"})
