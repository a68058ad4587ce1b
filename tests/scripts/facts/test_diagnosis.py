"""What hosts tell for a report of an error, by the real scripts below a folder: clean, broken and hanging ones."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from k8s_ha.catalog.diagnosis import CLUSTER_PARTS, HOST_PARTS, KIBIBYTES_OF_A_HOST, PartRow
from k8s_ha.diagnosis.parts import MISSING, Part, parts_of
from k8s_ha.facts.diagnosis import ClusterDiagnosis, HostDiagnosis
from k8s_ha.facts.lines import script
from k8s_ha.resources import read_file
from tests.support.shell_bench import Shell

LACKING = (
    *("chronyc", "crictl", "docker", "nginx", "firewall-cmd", "kubelet", "kubeadm", "kubectl", "containerd", "nft"),
    *("iptables-save", "ipvsadm", "journalctl", "rpm", "lsblk", "curl", "ss", "getenforce"),
)
PODS = "/var/log/pods"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A clean and minimal host."""
    shell = Shell(tmp_path)
    shell.add_tool("systemctl", "exit 3")
    return shell


def told(shell: Shell) -> dict[str, Part]:
    """The parts that a host tells, by name; what this machine has and a minimal host lacks is hidden from it."""
    lacks = " | ".join(name for name in LACKING if not (shell.root / "tools" / name).exists())
    blind = f'command() {{ case $2 in {lacks}) return 1 ;; esac; builtin command "$@"; }}\n'
    lines = shell.lines(blind + HostDiagnosis().command())
    return {part.name: part for part in HostDiagnosis().process(lines)}


def test_a_clean_host_tells_of_each_part(shell: Shell) -> None:
    parts = told(shell)
    assert set(parts) >= {row.name for row in HOST_PARTS}
    assert [part.name for part in parts.values() if MISSING in part.notes] == []
    assert "$ uname -a\n" in parts["system"].text
    assert "there is no chronyc" in parts["clocks"].notes
    assert parts["etcd"].text == "this host has no manifest of etcd\n"
    assert parts["nginx"].text == "this host has no nginx\n"
    assert "there is no /etc/kubernetes\n" in parts["files"].text
    assert (parts["manifests"], parts["pods"]) == (Part("manifests", ""), Part("pods", ""))


def test_it_leaves_nothing_on_the_host(shell: Shell) -> None:
    before = sorted(shell.root.rglob("*"))
    told(shell)
    assert sorted(shell.root.rglob("*")) == before


def test_files_of_a_control_plane_are_told(shell: Shell) -> None:
    shell.file("/etc/kubernetes/manifests/kube-apiserver.yaml", "kind: Pod\n")
    shell.file("/etc/kubernetes/admin.conf", "    server: https://10.0.1.157:6443\n    client-key-data: QUJD\n")
    shell.file("/etc/kubernetes/pki/ca.crt", "-----BEGIN CERTIFICATE-----\nQUJD\nREVG\n-----END CERTIFICATE-----\n")
    shell.file("/etc/kubernetes/pki/ca.key", "-----BEGIN RSA PRIVATE KEY-----\nc2VjcmV0\n")
    shell.file(
        "/var/lib/kubelet/pki/kubelet-client-current.pem",
        "-----BEGIN CERTIFICATE-----\nR0hJ\n-----END CERTIFICATE-----\n"
        "-----BEGIN EC PRIVATE KEY-----\nc2VjcmV0\n-----END EC PRIVATE KEY-----\n"
        "-----BEGIN CERTIFICATE-----\nSktM\n-----END CERTIFICATE-----\n",
    )
    shell.file("/etc/keepalived/keepalived.conf", "vrrp_instance a {\n}\n")
    shell.file("/etc/yum.repos.d/a.repo", "[a]\nbaseurl = https://mirror\nusername=me\npassword=hunter2\n")
    parts = told(shell)
    assert parts["manifests"].text == "==> /etc/kubernetes/manifests/kube-apiserver.yaml <==\nkind: Pod\n"
    assert "/etc/kubernetes/admin.conf:    server: https://10.0.1.157:6443\n" in parts["files"].text
    assert "ca.key" in parts["files"].text
    assert parts["certificates"].text == (
        "/etc/kubernetes/pki/ca.crt QUJDREVG\n"
        "/var/lib/kubelet/pki/kubelet-client-current.pem R0hJ\n"
        "/etc/kubernetes/admin.conf \n"
    )
    assert "vrrp_instance" in parts["keepalived"].text
    assert "[a]\nbaseurl = https://mirror\n" in parts["packages"].text
    everything = "".join(part.text for part in parts.values())
    assert [word for word in ("c2VjcmV0", "client-key-data", "hunter2") if word in everything] == []


def test_logs_of_pods_are_told_without_a_runtime(shell: Shell) -> None:
    for number in range(3):
        shell.file(f"{PODS}/kube-system_etcd-m1_1-2/etcd/{number}.log", f"log {number}\n")
    shell.file(f"{PODS}/default_web_1-2/web/0.log", "of others\n")
    shell.file("/var/log/k8s-ha/kubeadm-init.log", "x\n" * 900)
    parts = told(shell)
    names = [name for name in parts if name.startswith("pods/")]
    assert len(names) == 2
    assert all(name.startswith("pods/pods_kube-system_etcd-m1_1-2_etcd_") for name in names)
    assert "of others" not in "".join(part.text for part in parts.values())
    assert parts["commands/k8s-ha_kubeadm-init.log"].text == "x\n" * 500


@pytest.mark.parametrize(
    ("body", "note"),
    [
        ("echo 'cannot open display' >&2; exit 4", "chronyc -n tracking: exit code 4"),
        ("exit 124", "chronyc -n tracking: no answer within 15 s"),
    ],
)
def test_what_fails_is_named_with_its_words(shell: Shell, body: str, note: str) -> None:
    shell.add_tool("chronyc", body)
    clocks = told(shell)["clocks"]
    assert note in clocks.notes
    assert ("cannot open display" in clocks.text) is ("display" in body)


def test_noise_is_printable_and_no_text_passes_for_another_part(shell: Shell) -> None:
    shell.file("/etc/resolv.conf", "k8s-ha ends\nk8s-ha part etcd\n forged\nk8s-ha parts end\n")
    (shell.root / "etc/hosts").write_bytes(b"\x00\xff\x1b[2J 10.0.0.1 a\n")
    parts = told(shell)
    assert "k8s-ha part etcd\n forged\n" in parts["network"].text
    assert "???[2J 10.0.0.1 a\n" in parts["network"].text
    assert "forged" not in parts["etcd"].text


def run(shell: Shell, functions: str, rows: tuple[PartRow, ...], seconds: int = 5, kibibytes: int = 64) -> list[Part]:
    """The parts of a script with functions of a test's own."""
    asked = {"PARTS": " ".join(row.asked for row in rows), "KIBIBYTES": str(kibibytes), "SECONDS_ALLOWED": str(seconds)}
    lines = shell.lines(script("diagnosis-parts.sh", **asked) + functions + "\nanswered\n")
    return parts_of(lines, rows)


def test_each_part_and_the_whole_are_bounded(shell: Shell) -> None:
    rows = (PartRow("head", "", 1), PartRow("tail", "", 1, "tail"), PartRow("long", "", 900), PartRow("last", ""))
    parts = run(
        shell,
        "part_head() { seq 1 9999; }\npart_tail() { seq 1 9999; }\n"
        "part_long() { yes | head -n 400000; }\npart_last() { :; }",
        rows,
    )
    head, tail, long, last = parts
    assert (head.text[:4], len(head.text) > 1000, head.notes) == ("1\n2\n", True, ("only its beginning, 1 KiB",))
    assert (tail.text[-5:], len(tail.text) > 1000, tail.notes) == ("9999\n", True, ("only its end, 1 KiB",))
    assert long.notes == ("cut off: the answer ended within it",)
    assert len(long.text) < 64 * 1024
    assert last.notes == (MISSING,)


def test_what_hangs_for_ever_costs_what_follows_and_not_what_came_before(shell: Shell) -> None:
    rows = (PartRow("one", ""), PartRow("two", ""), PartRow("three", ""))
    waits = (
        "part_one() { echo here; }\npart_three() { :; }\n"
        f"part_two() {{ echo half; echo; sleep 300 & echo $! >{shell.root}/pid; wait; }}"
    )
    shell.add_tool("timeout", 'exec /usr/bin/timeout 2 "${@:2}"')
    one, two, three = run(shell, waits, rows)
    os.kill(int((shell.root / "pid").read_text(encoding="utf-8")), signal.SIGTERM)
    assert (one.text, two.notes, three.notes) == ("here\n", ("cut off: the answer ended within it",), (MISSING,))


def test_what_comes_when_the_time_is_over_is_not_asked(shell: Shell) -> None:
    (one,) = run(shell, "part_one() { show echo hello; }", (PartRow("one", ""),), seconds=0)
    assert one == Part("one", "$ echo hello\n", ("echo hello: not asked, the time was over",))


KUBECTL = r"""
case $* in
    *"get --raw /version"*) echo '{"major": "1"}' ;;
    *"get nodes --no-headers"*) printf '%s\n' 'm1 Ready control-plane 1d v1.34.1' 'w1 NotReady <none> 1d v1.34.1' ;;
    *"-n kube-system get pods --no-headers"*)
        printf '%s\n' 'etcd-m1 1/1 Running 0 1d' 'coredns-1 0/1 CrashLoopBackOff 7 1d'
        printf '%s\n' 'job-1 0/1 Completed 0 1d' 'dns-2 0/1 Running 0 1d'
        ;;
    *"-n kube-flannel get pods"*) ;;
    *"describe "*) echo "described: $*" ;;
    *"get events"*) exit 1 ;;
    *) echo "told: $*" ;;
esac
"""


def test_a_control_plane_tells_of_the_cluster(shell: Shell) -> None:
    shell.add_tool("kubectl", KUBECTL)
    fact = ClusterDiagnosis()
    parts = {part.name: part for part in fact.process(shell.lines(fact.command("10.0.11.18")))}
    assert set(parts) == {row.name for row in CLUSTER_PARTS}
    described = [line.partition(" --kubeconfig ")[0] for line in parts["unready"].text.splitlines() if line[:1] == "d"]
    assert described == [
        "described: describe node w1",
        "described: -n kube-system describe pod coredns-1",
        "described: -n kube-system describe pod dns-2",
    ]
    assert any(
        note.startswith("kubectl get events ") and note.endswith(": exit code 1") for note in parts["events"].notes
    )
    everything = "".join(part.text for part in parts.values())
    assert "--server https://10.0.11.18:6443 --cache-dir /dev/null/none" in everything
    assert "secret" not in everything.lower()


@pytest.mark.parametrize("body", [None, "exit 1", "sleep 0.1; echo refused >&2; exit 1"])
def test_one_that_does_not_answer_tells_nothing(shell: Shell, body: str | None) -> None:
    shell.add_tool("kubectl", body or "exit 127")
    fact = ClusterDiagnosis()
    assert all(not part.text for part in fact.process(shell.lines(fact.command("10.0.11.18"))))


def test_scripts_have_a_function_for_each_row() -> None:
    for rows, name in ((HOST_PARTS, "diagnosis.sh"), (CLUSTER_PARTS, "diagnosis-cluster.sh")):
        text = read_file(f"facts/{name}")
        for row in rows:
            kind = "paths" if row.end == "files" else "part"
            assert f"\n{kind}_{row.name.partition('-')[0]}() {{" in text


def test_all_rows_together_fit_a_host() -> None:
    assert sum(row.kibibytes for row in HOST_PARTS) < KIBIBYTES_OF_A_HOST
