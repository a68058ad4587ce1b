"""kube-proxy's pods restarted, and add-ons applied, beside a kubectl of the test's own."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from k8s_ha.resources import read_file, shell_variables
from tests.support.shell_bench import Shell

CONFIG = "/run/k8s-ha/addons.yaml"

# Lines "NODE READY POD REVISION WAITING" of the cluster, on which a pod that is deleted is one of the newest revision,
# up a look later; on a node that is not Ready it stays where it is, being deleted.
KUBECTL = r"""
cd {root} || exit 1
case $* in *get*) ;; *) echo "$*" >>log ;; esac
revision=$(cat revision)
case $* in
    *"rollout restart"*) echo $((revision + 1)) >revision ;;
    *"rollout status"*) [ -e rolled ] ;;
    *"get daemonset"*) echo "$revision/$(cat seen 2>/dev/null || echo "$revision")"; rm -f seen ;;
    *"get controllerrevisions"*) seq 1 "$revision" | sed 's/.*/& hash&/' | sort -r ;;
    *"get nodes"*) awk '{{ print "Node/" $1 "/" $2 }}' cluster ;;
    *"get pods -l k8s-app=kube-proxy "*)
        [ ! -e unread ] || {{ rm unread; exit 1; }}
        echo . >>looks
        if [ -e crashes-after ] && [ "$(wc -l <looks)" -gt "$(cat crashes-after)" ]; then
            awk '{{ if ($4 > 1) $5 = "CrashLoopBackOff"; print }}' cluster >next && mv next cluster
        fi
        awk '{{
            ready = $5 == "-" ? "True" : "False"
            waiting = $5 ~ /^[A-Z]/ ? $5 : ""
            print "Pod/" $3 "/" $1 "/hash" $4 "/" ready "/" $6 "/" waiting "/0" }}' cluster
        awk '{{ if ($5 == "coming") $5 = "-"; print }}' cluster >next && mv next cluster
        ;;
    *"delete pod"*)
        for pod in ${{*##*--wait=false}}; do
            awk -v pod="$pod" -v revision="$revision" -v waits="$(cat waits 2>/dev/null || echo coming)" '
                $3 == pod && $2 == "True" {{ $3 = pod "x"; $4 = revision; $5 = waits }}
                $3 == pod && $2 != "True" {{ $6 = "deleted" }}
                {{ print }}' cluster >next && mv next cluster
        done
        ;;
    *"--previous"*) echo "F1127 server.go: a reason" ;;
esac
"""
NODES = "a True p-a 1 -\nb True p-b 1 -\nc True p-c 1 -\n"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    shell.add_tool("kubectl", KUBECTL.format(root=tmp_path))
    shell.add_tool("kubeadm", f'echo "kubeadm $*" >>{tmp_path}/log; [ ! -e {tmp_path}/kubeadm-fails ]')
    shell.add_tool("sleep", "exec /bin/sleep 0.01")
    shell.file("/cluster", NODES)
    shell.file("/revision", "1")
    shell.file(CONFIG, "", 0o600)
    return shell


def run(shell: Shell, script: str, **more: str) -> subprocess.CompletedProcess[str]:
    values = {
        "HOST": "master1",
        "KUBECTL": "kubectl --server x",
        "AT_ONCE": "1",
        "SECONDS_ALLOWED": "30",
        "SECONDS_UP": "0",
    } | more
    return shell.run(shell_variables(values) + read_file("kube-proxy-pods.sh") + read_file(script))


def log(shell: Shell) -> list[str]:
    return [
        line.removeprefix("--server x -n kube-system ")
        for line in (shell.root / "log").read_text(encoding="utf-8").splitlines()
    ]


def deleted(shell: Shell) -> list[str]:
    return [line.removeprefix("delete pod --wait=false ") for line in log(shell) if line.startswith("delete")]


@pytest.mark.parametrize(("at_once", "rounds"), [(1, [1, 1, 1]), (2, [2, 1]), (9, [3])])
def test_pods_go_so_many_at_once_and_each_is_waited_for(shell: Shell, at_once: int, rounds: list[int]) -> None:
    shell.file("/seen", "0")  # the controller has not seen the change yet
    done = run(shell, "roll-kube-proxy.sh", AT_ONCE=str(at_once))
    assert done.returncode == 0, done.stderr
    assert [len(line.split()) for line in deleted(shell)] == rounds
    assert sorted(" ".join(deleted(shell)).split()) == ["p-a", "p-b", "p-c"]
    assert log(shell)[0] == "rollout restart daemonset/kube-proxy"


def test_one_that_ends_a_moment_after_it_was_ready_is_seen(shell: Shell) -> None:
    """All may be Ready in one look: kube-proxy has no probe."""
    shell.file("/crashes-after", "4")
    done = run(shell, "roll-kube-proxy.sh", AT_ONCE="9", SECONDS_UP="20")
    assert (done.returncode, "did not come up" in done.stderr) == (1, True)


def test_a_node_that_is_not_ready_is_left_and_named(shell: Shell) -> None:
    shell.file("/cluster", NODES + "d Unknown p-d 1 -\n")
    done = run(shell, "roll-kube-proxy.sh")
    assert (done.returncode, sorted(deleted(shell))) == (0, ["p-a", "p-b", "p-c"])
    assert "on d, which is not Ready, it comes when that is back" in done.stdout


def test_one_that_is_not_ready_anyway_takes_nobodys_turn(shell: Shell) -> None:
    shell.file("/cluster", NODES.replace("p-c 1 -", "p-c 1 CrashLoopBackOff"))
    assert run(shell, "roll-kube-proxy.sh").returncode == 0
    assert "p-c" in deleted(shell)[0].split()
    assert len(deleted(shell)[0].split()) == 2


def test_an_api_server_that_does_not_answer_for_a_moment_has_not_said_that_all_run(shell: Shell) -> None:
    shell.file("/unread")
    assert run(shell, "roll-kube-proxy.sh").returncode == 0
    assert sorted(deleted(shell)) == ["p-a", "p-b", "p-c"]


@pytest.mark.parametrize("waiting", ["CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull", "coming-never"])
def test_pods_that_do_not_come_up_are_named_with_their_words_and_no_other_goes(shell: Shell, waiting: str) -> None:
    shell.file("/waits", waiting)
    named = waiting != "coming-never"
    seconds = "20" if named else "1"
    done = run(shell, "roll-kube-proxy.sh", SECONDS_ALLOWED=seconds)
    assert (done.returncode, len(deleted(shell))) == (1, 1)
    assert (f"did not come up, on any node more for {seconds} seconds" in done.stderr, "(p-" in done.stderr) == (
        True,
        named,
    )
    assert ("a reason" in done.stdout) is named


def test_add_ons_are_applied_and_waited_for(shell: Shell) -> None:
    shell.file("/rolled")
    shell.file("/revision", "2")
    done = run(shell, "configure-addons.sh", CONFIG=CONFIG, ADDONS="coredns kube-proxy")
    assert done.returncode == 0, done.stderr
    assert [line.replace(str(shell.root), "") for line in log(shell)][:3] == [
        f"kubeadm init phase addon coredns --config {CONFIG}",
        f"kubeadm init phase addon kube-proxy --config {CONFIG}",
        "rollout status deployment/coredns --timeout=20s",
    ]
    assert sorted(deleted(shell)) == ["p-a", "p-b", "p-c"]
    assert not (shell.root / CONFIG.lstrip("/")).exists()


def test_an_add_on_that_does_not_come_up_is_said(shell: Shell) -> None:
    done = run(shell, "configure-addons.sh", CONFIG=CONFIG, ADDONS="coredns", SECONDS_ALLOWED="1")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "master1: coredns does not run as wanted after 1 seconds; see the lines above, then run this again."
    )


def test_an_add_on_that_kubeadm_does_not_apply_is_said(shell: Shell) -> None:
    shell.file("/kubeadm-fails")
    done = run(shell, "configure-addons.sh", CONFIG=CONFIG, ADDONS="coredns kube-proxy")
    assert (done.returncode, len(log(shell))) == (1, 1)
    assert "kubeadm did not apply coredns" in done.stderr
