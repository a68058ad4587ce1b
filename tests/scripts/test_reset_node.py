"""What kubeadm has begun on a host is taken back, and what kubeadm leaves behind with it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from k8s_ha.operations.kubeadm.host_reset import reset_script
from k8s_ha.resources import read_file
from tests.support.shell_bench import Shell

VALUES = {"HOST": "worker1", "CRI_SOCKET": "unix:///any.sock", "ENDPOINT": "10.0.1.157:6443", "FLAGS": ""}
WORKER = reset_script(VALUES | {"ETCD_DATA": ""})
RULES = "*filter\\n:KUBE-FIREWALL - [0:0]\\n[1:2] -A INPUT -j KUBE-FIREWALL\\n[3:4] -A INPUT -p tcp\\nCOMMIT\\n"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    for folder in ("etc", "run", "var/log"):
        (tmp_path / folder).mkdir(parents=True)
    shell = Shell(tmp_path)
    for tool in ("kubeadm", "ip", "ipvsadm", "ipset", "systemctl", "nft"):
        shell.add_tool(tool, "exit 0")
    for family in ("iptables", "ip6tables"):
        shell.add_tool(f"{family}-save", "exit 0")
        shell.add_tool(f"{family}-restore", "cat >/dev/null")
    return shell


@pytest.mark.parametrize(
    ("save", "restore", "said"),
    [
        (f"printf '{RULES}'", "", ""),
        (f"printf '{RULES}'; exit 4", "", " ip6tables-save"),
        (f"printf '{RULES}'", "; exit 4", " ip6tables-restore"),
    ],
)
def test_rules_that_a_reset_could_not_take_away_are_told(shell: Shell, save: str, restore: str, said: str) -> None:
    given = shell.file("/given")
    given.unlink()
    shell.add_tool("iptables-save", f"printf '{RULES}'")
    shell.add_tool("iptables-restore", f"cat >{given}")
    shell.add_tool("ip6tables-save", save)
    shell.add_tool("ip6tables-restore", f"cat >/dev/null{restore}")
    done = shell.run(WORKER)
    assert given.read_text(encoding="utf-8") == "*filter\n[3:4] -A INPUT -p tcp\nCOMMIT\n"
    sentence = (
        f"packet filter rules or routes of the cluster's are left, since{said} failed; reboot it, which clears them"
    )
    assert (done.returncode, done.stderr) == ((1, f"worker1: {sentence}, then run this again.\n") if said else (0, ""))


OF_CUT_CHANGES = [
    "/var/lib/k8s-ha/certificates/etc/kubernetes/pki/apiserver.key",
    "/var/lib/k8s-ha/new-certificates/apiserver.key",
    "/var/lib/k8s-ha/new-certificate/apiserver.key",
    "/var/lib/k8s-ha/apiserver-certificate/apiserver.key",
    "/var/lib/k8s-ha/kubeconfigs/admin.conf",
    "/var/lib/k8s-ha/kubelet-certificate",
    "/run/k8s-ha/kubelet-client.1a2b.pem",
    "/run/k8s-ha/kubelet-client.1a2b.pem.k8s-ha-new",
    "/etc/kubernetes/admin.conf.k8s-ha-new",
    "/etc/kubernetes/kubelet.conf.k8s-ha-named",
]


def test_a_reset_leaves_no_key_that_a_change_was_cut_off_with(shell: Shell) -> None:
    """A host that joins anew would believe what is kept."""
    left = [shell.file(path) for path in OF_CUT_CHANGES]
    owners = shell.file("/etc/kubernetes/owners.conf")
    assert shell.run(WORKER).returncode == 0
    assert [str(path) for path in left if path.exists()] == []
    assert owners.exists()


@pytest.mark.parametrize("data", ["/var/lib/etcd/member", ""])
def test_a_reset_leaves_no_data_of_etcd_on_a_control_plane(shell: Shell, data: str) -> None:
    """kubeadm itself leaves them where a power cut has emptied etcd's manifest."""
    wal = shell.file("/var/lib/etcd/member/wal/0.wal")
    assert shell.run(reset_script(VALUES | {"ETCD_DATA": data})).returncode == 0
    assert wal.exists() is not bool(data)


HOST_GW = """
set -e
ip link add eth0 type veth peer name cable && ip link set cable up
ip address add 10.0.12.16/16 dev eth0 && ip link set eth0 up
ip link add kube-ipvs0 type bridge && ip address add 10.96.0.1/32 dev kube-ipvs0
ip route add 10.244.0.0/24 via 10.0.11.18 dev eth0
ip route add 10.244.3.0/24 via 10.0.13.37 dev eth0
ip route add 10.244.9.0/24 via 10.0.13.37 dev eth0 proto static
ip route add 10.244.200.0/28 via 10.0.13.37 dev eth0
ip route add 10.245.0.0/24 via 10.0.13.37 dev eth0
ip route add 192.168.7.0/24 via 10.0.0.1 dev eth0
ip link add cni0 type bridge && ip address add 10.244.3.1/24 dev cni0 && ip link set cni0 up
set +e
"""
LEASED = "FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.3.1/24\nFLANNEL_MTU=1500\nFLANNEL_IPMASQ=true\n"
LEFT = [
    "10.0.0.0/16 dev eth0 proto kernel scope link src 10.0.12.16",
    "10.244.9.0/24 via 10.0.13.37 dev eth0 proto static",
    "10.244.200.0/28 via 10.0.13.37 dev eth0",
    "10.245.0.0/24 via 10.0.13.37 dev eth0",
    "192.168.7.0/24 via 10.0.0.1 dev eth0",
]


def in_a_network_of_its_own(shell: Shell, script: str) -> subprocess.CompletedProcess[str]:
    """Run it by the real `ip`, in a network namespace."""
    apart = ["unshare", *([] if os.getuid() == 0 else ["--map-root-user"]), "--net"]
    if shutil.which("unshare") is None or subprocess.run([*apart, "ip", "route"], capture_output=True).returncode:
        pytest.skip("this machine lets nobody make a network namespace")
    (shell.root / "tools/ip").unlink()
    words = [*apart, "bash", "--posix", "-c", shell.moved(script)]
    return subprocess.run(words, env=shell.environment(), capture_output=True, text=True, timeout=60)


def test_flannels_routes_by_host_gw_go_and_no_other(shell: Shell) -> None:
    """The next cluster may give this host another part of the pod network, which such a route would lead elsewhere."""
    shell.file("/run/flannel/subnet.env", LEASED)
    remove = read_file("remove-pod-network.sh") + 'remove_pod_network; echo "failed:$failed"'
    done = in_a_network_of_its_own(shell, f"{HOST_GW}{remove}; ip -4 route; ip -o link | cut -d : -f 2")
    said, *routes = done.stdout.splitlines()
    assert (said, done.stderr) == ("failed:", "")
    assert sorted(line.strip() for line in routes) == sorted([*LEFT, "lo", "eth0@cable", "cable@eth0"])


def test_where_flannel_never_ran_no_route_goes(shell: Shell) -> None:
    remove = read_file("remove-pod-network.sh") + "remove_pod_network"
    done = in_a_network_of_its_own(shell, f"{HOST_GW}{remove}; ip -4 route show 10.244.0.0/24")
    assert done.stdout.split()[:3] == ["10.244.0.0/24", "via", "10.0.11.18"]


def test_where_a_route_is_left_the_next_reset_still_knows_it(shell: Shell) -> None:
    leased = shell.file("/run/flannel/subnet.env", LEASED)
    shell.add_tool("ip", "case $* in *show*) echo 10.244.0.0/24 via 10.0.11.18 dev eth0 ;; *) exit 2 ;; esac")
    done = shell.run(WORKER)
    assert done.returncode == 1
    assert "routes of the cluster's are left, since ip failed; reboot it" in done.stderr
    assert leased.exists()
    shell.add_tool("ip", "exit 0")
    assert shell.run(WORKER).returncode == 0
    assert not leased.exists()


def test_ipvs_is_cleared_where_kube_proxy_had_it_alone(shell: Shell) -> None:
    """Another balancer's virtual servers on a node whose kube-proxy has iptables are its owner's."""
    calls = shell.file("/calls")
    shell.add_tool("ipvsadm", f"echo ipvsadm >>{calls}")
    shell.add_tool("ipset", f"case $1 in list) printf 'KUBE-NODE-PORT-TCP\\nowners\\n' ;; *) echo $* >>{calls} ;; esac")
    shell.add_tool("ip", "case $* in *kube-ipvs0) exit 1 ;; esac")
    assert shell.run(WORKER).returncode == 0
    assert calls.read_text(encoding="utf-8") == "destroy KUBE-NODE-PORT-TCP\n"
    shell.add_tool("ip", "exit 0")
    assert shell.run(WORKER).returncode == 0
    assert calls.read_text(encoding="utf-8").splitlines()[1:] == ["ipvsadm", "destroy KUBE-NODE-PORT-TCP"]
