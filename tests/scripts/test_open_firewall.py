"""firewalld where it is kept: what the operation adds to each layer, and the fact's script beside a firewall-cmd."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from k8s_ha.facts.firewall import Firewall, FirewallState
from k8s_ha.operations.firewall import firewall_opened
from k8s_ha.resources import read_file, shell_variables
from tests.support.operation_bench import Bench, Command, Noop, Row, Step, test_of
from tests.support.shell_bench import Shell

WISH: dict[str, Any] = {
    "address": "10.0.11.18",
    "ports": ("6443/tcp", "30000-32767/udp"),
    "sources": ("10.0.12.55", "10.244.0.0/16"),
}
OPENED = {
    ("port", "6443/tcp"): "public port 6443/tcp",
    ("port", "30000-32767/udp"): "public port 30000-32767/udp",
    ("source", "10.0.12.55"): "trusted source 10.0.12.55",
    ("source", "10.244.0.0/16"): "trusted source 10.244.0.0/16",
}
NOW = [f"runtime {opening}" for opening in OPENED.values()]
AFTER_A_REBOOT = [f"permanent {opening}" for opening in OPENED.values()]
RUNTIME = frozenset(("runtime", *what) for what in OPENED)
PERMANENT = frozenset(("permanent", *what) for what in OPENED)


def firewall(*opened: tuple[str, str, str], zone: str | None = "public") -> dict[type[Firewall], FirewallState]:
    return {Firewall: FirewallState(zone, frozenset(opened))}


def opens(*openings: str) -> list[Step]:
    """One command, however many there are."""
    return [Command(shell_variables({"OPENINGS": "\n".join(openings)}) + read_file("open-firewall.sh"))]


ROWS: dict[str, Row] = {
    "no firewalld": (firewall_opened, WISH, firewall(zone=None), [Noop("firewalld does not run")]),
    "nothing open yet": (firewall_opened, WISH, firewall(), opens(*NOW, *AFTER_A_REBOOT)),
    "all open": (
        firewall_opened,
        WISH,
        firewall(*RUNTIME, *PERMANENT),
        [Noop("firewalld lets in what the cluster needs")],
    ),
    "open until a reboot": (firewall_opened, WISH, firewall(*RUNTIME), opens(*AFTER_A_REBOOT)),
    "open after a reboot": (firewall_opened, WISH, firewall(*PERMANENT), opens(*NOW)),
    "a host more": (
        firewall_opened,
        WISH | {"sources": (*WISH["sources"], "10.0.13.37")},
        firewall(*RUNTIME, *PERMANENT),
        opens("runtime trusted source 10.0.13.37", "permanent trusted source 10.0.13.37"),
    ),
    "what others opened stays": (
        firewall_opened,
        WISH,
        firewall(*RUNTIME, *PERMANENT, ("runtime", "port", "80/tcp"), ("permanent", "source", "192.0.2.1")),
        [Noop("firewalld lets in what the cluster needs")],
    ),
    "an interface in another zone": (
        firewall_opened,
        {"address": "10.0.11.18", "ports": ("6443/tcp",), "sources": ()},
        firewall(zone="internal"),
        opens("runtime internal port 6443/tcp", "permanent internal port 6443/tcp"),
    ),
}

test_operations = test_of(ROWS)

# Keeps each layer's ports and sources in files; eth1 has a zone, eth0 has none. It lists as firewalld 1.3.3 does.
FIREWALL_CMD = """cd {state} || exit 1
layer=runtime
for word in "$@"; do
    value=${{word#*=}}
    case $word in
        -q) ;;
        --permanent) layer=permanent ;;
        --zone=*) zone=$value ;;
        --list-all-zones)
            for zone in drop internal public trusted; do
                active= interfaces=
                [ "$layer $zone" != "runtime internal" ] || active=" (active)" interfaces=eth1
                echo "$zone$active"
                echo "  target: default"
                echo "  interfaces: $interfaces"
                echo "  sources: $(cat $layer-$zone-source 2>/dev/null | xargs)"
                echo "  services: ssh"
                echo "  ports: $(cat $layer-$zone-port 2>/dev/null | xargs)"
                echo "  source-ports: 123/udp"
                echo "  rich rules: "
                printf '\\trule family="ipv4" port port="99" protocol="tcp" accept\\n\\n'
            done
            ;;
        --list-ports) cat $layer-$zone-port 2>/dev/null | xargs ;;
        --list-sources) cat $layer-$zone-source 2>/dev/null | xargs ;;
        --add-port=*) echo "$value" >>$layer-$zone-port ;;
        --add-source=192.0.2.*) echo "ZONE_CONFLICT: $value" >&2 ;;
        --add-source=*) echo "$value" >>$layer-$zone-source ;;
        --get-default-zone) echo public ;;
        *) echo "usage: $word" >&2; exit 2 ;;
    esac
done"""
# The same on D-Bus, in the words of systemd's busctl.
BUSCTL = """cd {state} || exit 1
[ "$1 $2" = "call org.fedoraproject.FirewallD1" ] || exit 1
quoted() {{ for one; do printf ' "%s"' "$one"; done; echo; }}
parts() {{ tr / ' ' <$1 2>/dev/null | xargs; }}
case "$5 $3" in
    getZoneOfInterface*) [ "$7" = eth1 ] && echo 's "internal"' || echo 's ""' ;;
    getDefaultZone*) echo 's "public"' ;;
    getZoneByName*) echo "o \\"/config/zone/$7\\"" ;;
    "getPorts /config"*) echo "a(ss) 9$(quoted $(parts permanent-${{3##*/}}-port))" ;;
    "getSources /config"*) echo "as 9$(quoted $(cat permanent-${{3##*/}}-source 2>/dev/null))" ;;
    getPorts*) echo "aas 9$(quoted $(parts runtime-$7-port))" ;;
    getSources*) echo "as 9$(quoted $(cat runtime-$7-source 2>/dev/null))" ;;
    *) exit 1 ;;
esac"""
ADDRESSES = r"""
echo '1: lo    inet 127.0.0.1/8 scope host lo\       valid_lft forever preferred_lft forever'
echo '2: eth0    inet 10.0.11.18/16 brd 10.0.255.255 scope global eth0\       valid_lft forever preferred_lft forever'
echo '3: eth1    inet 192.168.7.3/24 brd 192.168.7.255 scope global eth1\       valid_lft forever'"""


@pytest.fixture(params=[BUSCTL, "exit 1"], ids=["on D-Bus", "by firewall-cmd"])
def shell(tmp_path: Path, request: pytest.FixtureRequest) -> Shell:
    """A host where firewalld runs and nothing is open."""
    shell = Shell(tmp_path)
    shell.add_tool("busctl", request.param.format(state=tmp_path / "firewalld"))
    (tmp_path / "firewalld").mkdir()
    shell.add_tool("systemctl", '[ "$*" = "-q is-active firewalld.service" ]')
    shell.add_tool("firewall-cmd", FIREWALL_CMD.format(state=tmp_path / "firewalld"))
    shell.add_tool("ip", ADDRESSES)
    return shell


def state(shell: Shell, address: str = "10.0.11.18") -> FirewallState:
    return Firewall().process(shell.lines(Firewall().command(address=address)))


@pytest.mark.parametrize(
    ("address", "zone"),
    [("192.168.7.3", "internal"), ("10.0.11.18", "public"), ("10.0.11.1", "public"), ("192.0.2.1", "public")],
)
def test_the_script_tells_the_zone_of_the_node_addresses_interface(shell: Shell, address: str, zone: str) -> None:
    assert state(shell, address) == FirewallState(zone, frozenset())


def test_the_script_tells_each_layer_and_of_sources_the_trusted_zones_alone(shell: Shell) -> None:
    for addition in (
        "--zone=public --add-port=6443/tcp",
        "--zone=public --add-port=80/tcp",
        "--zone=internal --add-port=22/tcp",
        "--zone=trusted --add-source=10.0.12.55",
        "--zone=drop --add-source=198.51.100.1",
        "--permanent --zone=public --add-port=30000-32767/tcp",
        "--permanent --zone=trusted --add-source=10.244.0.0/16",
    ):
        shell.lines(f"firewall-cmd {addition}")
    assert state(shell).opened == {
        ("runtime", "port", "6443/tcp"),
        ("runtime", "port", "80/tcp"),
        ("runtime", "source", "10.0.12.55"),
        ("permanent", "port", "30000-32767/tcp"),
        ("permanent", "source", "10.244.0.0/16"),
    }


@pytest.mark.parametrize("systemctl", ["exit 3", "exit 127"], ids=["stopped", "no systemctl"])
def test_where_firewalld_does_not_run_the_script_says_nothing(shell: Shell, systemctl: str) -> None:
    shell.add_tool("systemctl", systemctl)
    shell.add_tool("firewall-cmd", "echo FirewallD is not running >&2; exit 252")
    lines = shell.lines(Firewall().command(address="10.0.11.18"))
    assert Firewall().process(lines) == FirewallState(None, frozenset())


def test_the_script_fails_where_firewalld_does_not_answer(shell: Shell) -> None:
    shell.add_tool("firewall-cmd", "exit 252")
    shell.add_tool("busctl", "exit 1")
    assert shell.run(Firewall().command(address="10.0.11.18")).returncode == 1


def test_on_d_bus_no_firewall_cmd_is_asked(shell: Shell, request: pytest.FixtureRequest) -> None:
    if "on D-Bus" in request.node.name:
        shell.add_tool("firewall-cmd", "exit 252")
    assert state(shell) == FirewallState("public", frozenset())


def opened(shell: Shell, bench: Bench, wanted: Mapping[str, Any]) -> subprocess.CompletedProcess[str]:
    """What the operation's one command comes to."""
    (addition,) = bench.steps(firewall_opened, facts={Firewall: state(shell)}, **wanted)
    assert isinstance(addition, Command)
    return shell.run(addition.text)


def test_what_was_opened_is_found_open(shell: Shell, bench: Bench) -> None:
    assert opened(shell, bench, WISH).returncode == 0
    assert bench.steps(firewall_opened, facts={Firewall: state(shell)}, **WISH) == [
        Noop("firewalld lets in what the cluster needs")
    ]


def test_what_was_opened_is_kept_so_that_it_can_be_closed_and_nothing_else(shell: Shell, bench: Bench) -> None:
    shell.lines("firewall-cmd --zone=public --add-port=80/tcp")
    opened(shell, bench, WISH)
    kept = shell.root / "var/lib/k8s-ha/before/opened"
    assert kept.read_text(encoding="utf-8").splitlines() == sorted([*NOW, *AFTER_A_REBOOT])
    opened(shell, bench, WISH | {"ports": (*WISH["ports"], "80/tcp", "443/tcp")})
    # One that the owner has open now is opened by this package for the next boot alone.
    more = ["permanent public port 443/tcp", "permanent public port 80/tcp", "runtime public port 443/tcp"]
    assert kept.read_text(encoding="utf-8").splitlines() == sorted([*NOW, *AFTER_A_REBOOT, *more])


def test_what_firewalld_has_not_taken_is_named_though_it_took_others(shell: Shell, bench: Bench) -> None:
    """A source that another zone has: firewall-cmd warns, and ends well because of the others."""
    run = opened(shell, bench, WISH | {"sources": ("192.0.2.7", *WISH["sources"])})
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1] == "firewalld has not taken the source 192.0.2.7 into its zone trusted (runtime)"
    assert ("permanent", "source", "10.244.0.0/16") in state(shell).opened
