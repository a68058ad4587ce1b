"""What stands on a host: its script run for real, and its parser on lines of any kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from k8s_ha.facts.lines import fields
from k8s_ha.facts.surroundings import surroundings
from k8s_ha.observations.surroundings import Filters, Resolver, Surroundings, UnitLine, Zone
from k8s_ha.resources import read_file
from tests.support.shell_bench import Shell

SCRIPT = read_file("facts/surroundings.sh") + "\nsurroundings"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    for name in ("nft", "iptables-save", "sshd"):
        shell.add_tool(name, "exit 1")
    return shell


def reported(shell: Shell) -> Surroundings:
    return surroundings(fields(shell.lines(SCRIPT)))


def test_a_host_with_nothing(shell: Shell) -> None:
    found = reported(shell)
    assert (found.filters, found.resolvers, found.sshd) == (Filters(), {}, {})
    assert (found.cloud, found.cloud_writes_hosts, found.kubelet, found.kubelet_environment) == ({}, False, (), ())
    assert "lo" in found.links


def test_packet_filters(shell: Shell) -> None:
    listed = "table inet own\ntable ip nat\ntable ip kube-proxy\ntable ip6 own\ntable bridge own\ntable ip mine"
    shell.add_tool(
        "nft",
        f'case "$*" in "list tables") printf "{listed}" ;; "list table"*) printf "table $3 $4 {{\\n\\t}}\\n" ;; esac',
    )
    rules = "*nat\n-A A -j X\nCOMMIT\n*filter\n:INPUT ACCEPT [0:0]\n-A KUBE-X -j DROP\n-A INPUT -j KUBE-X\nCOMMIT"
    shell.add_tool("iptables-save", f"cat <<'END'\n{rules}\nEND")
    shell.file("/etc/sysconfig/iptables", "*filter\n-A INPUT -j DROP\n")
    shell.file("/etc/sysconfig/nftables.conf", '# nothing\n\n  include "x"\n')
    found = reported(shell).filters
    assert found.nft == ("table inet own {", "\t}")
    assert found.iptables == ("*filter", ":INPUT ACCEPT [0:0]", "-A INPUT -j KUBE-X", "COMMIT")
    assert (found.saved, found.nft_saved, found.cut) == (("*filter", "-A INPUT -j DROP"), True, ())


def test_a_file_of_comments_loads_nothing(shell: Shell) -> None:
    shell.file("/etc/sysconfig/nftables.conf", "# Uncomment the include statement here to load the default config\n\n")
    assert not reported(shell).filters.nft_saved


def test_rules_without_end_are_cut(shell: Shell) -> None:
    shell.add_tool("iptables-save", "echo '*filter'; seq -f '-A INPUT -p %g -j ACCEPT' 6000; echo COMMIT")
    found = reported(shell).filters
    assert (len(found.iptables), found.cut) == (5000, ("iptables",))


def test_zones(shell: Shell) -> None:
    shell.file(
        "/etc/firewalld/zones/drop.xml",
        '<?xml version="1.0" encoding="utf-8"?>\n<zone target="DROP">\n  <short>Drop</short>\n'
        '  <source address="10.0.0.0/16"/><source mac="00:11:22:33:44:55"/>\n  <source ipset="nodes"/>\n</zone>\n',
    )
    shell.file("/etc/firewalld/zones/public.xml", '<zone>\n  <service name="ssh"/>\n</zone>\n')
    shell.file("/etc/firewalld/zones/block.xml", '<zone version="1" target="%%REJECT%%">\n</zone>\n')
    shell.file("/etc/firewalld/firewalld.conf", "# x\nAllowZoneDrifting=yes\n")
    found = reported(shell).filters
    assert found.drifting
    assert {zone.name: zone for zone in found.zones} == {
        "drop": Zone("drop", "DROP", ("10.0.0.0/16", "00:11:22:33:44:55", "ipset:nodes")),
        "block": Zone("block", "REJECT", ()),
    }


def test_resolvers(shell: Shell) -> None:
    shell.file(
        "/etc/resolv.conf",
        "# x\nsearch a b\nnameserver 127.0.0.53 # stub\n nameserver\t::1\noptions edns0\n#nameserver 1.1.1.1\n",
    )
    shell.file("/run/systemd/resolve/resolv.conf")
    assert reported(shell).resolvers == {
        "/etc/resolv.conf": Resolver(("127.0.0.53", "::1")),
        "/run/systemd/resolve/resolv.conf": Resolver(),
    }


def test_a_dead_link(shell: Shell) -> None:
    (shell.root / "etc").mkdir()
    (shell.root / "etc/resolv.conf").symlink_to("../run/NetworkManager/resolv.conf")
    assert reported(shell).resolvers == {"/etc/resolv.conf": Resolver((), "../run/NetworkManager/resolv.conf")}


def test_sshd(shell: Shell) -> None:
    shell.add_tool("sshd", '[ "$1 $2" = "-T -C" ] && echo "args $3" >&2 && printf "port 22\\nmaxsessions 2\\n"')
    assert reported(shell).sshd == {"maxsessions": "2"}


def test_cloud_init(shell: Shell) -> None:
    shell.add_tool("cloud-init", "exit 0")
    shell.file(
        "/etc/cloud/cloud.cfg",
        "preserve_hostname: false\nmanage_etc_hosts: false\ncloud_init_modules:\n - update_etc_hosts\n",
    )
    shell.file("/etc/cloud/cloud.cfg.d/05_a.cfg", "manage_etc_hosts: true  # names\n")
    shell.file("/etc/cloud/cloud.cfg.d/README", "manage_etc_hosts: localhost\n")
    found = reported(shell)
    assert found.cloud == {
        "preserve_hostname": ("false", "/etc/cloud/cloud.cfg"),
        "manage_etc_hosts": ("true", "/etc/cloud/cloud.cfg.d/05_a.cfg"),
    }
    assert found.cloud_writes_hosts
    shell.file(
        "/var/lib/cloud/instance/cloud-config.txt", "#cloud-config\npassword: secret\nmanage_etc_hosts : 'localhost'\n"
    )
    assert reported(shell).cloud["manage_etc_hosts"] == ("localhost", "/var/lib/cloud/instance/cloud-config.txt")
    assert "secret" not in shell.run(SCRIPT).stdout
    shell.file("/etc/cloud/cloud-init.disabled")
    assert reported(shell).cloud == {}


def test_the_kubelets_files(shell: Shell) -> None:
    unit = "/etc/systemd/system/kubelet.service"
    shell.file(unit, "[Service]\nExecStart=/usr/local/bin/kubelet \\\n  --a=1 \\\n  --b=2\nRestart=always\n")
    shell.file(
        f"{unit}.d/20.conf", f"[Service]\n#Environment=X\nEnvironmentFile=-{shell.root}/etc/kubernetes/kubelet.env\n"
    )
    shell.file("/etc/kubernetes/kubelet.env", '# --c\nKUBELET_ARGS="--d \\\n --e"\nEMPTY\n')
    shell.file("/etc/sysconfig/kubelet", "KUBELET_EXTRA_ARGS=\n")
    found = reported(shell)
    assert found.kubelet == (
        UnitLine(unit, "ExecStart=/usr/local/bin/kubelet --a=1 --b=2"),
        UnitLine(f"{unit}.d/20.conf", "EnvironmentFile=-/etc/kubernetes/kubelet.env"),
    )
    assert set(found.kubelet_environment) == {
        UnitLine("/etc/kubernetes/kubelet.env", 'KUBELET_ARGS="--d --e"'),
        UnitLine("/etc/sysconfig/kubelet", "KUBELET_EXTRA_ARGS="),
    }


def test_odd_lines_are_passed_over() -> None:
    lines = ["zone_file", "zone_file a", "zone_file a <zone", "resolver", "resolver /x"]
    lines += ["sshd", "cloud", "cloud a", "kubelet a", "nft"]
    found = surroundings(fields(lines))
    assert (found.resolvers, found.kubelet) == (None, ())
    assert found.filters.zones == (Zone("a", "", ()),)
