"""A balancer's part in an address that moves: the scripts run for real beside tools of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from k8s_ha.facts.virtual_address import OwnInterface, VirtualAddress
from k8s_ha.observations.virtual_address import InterfaceAddress, VirtualAddressState
from tests.support.shell_bench import Shell

SHOWN = "1: lo    inet 127.0.0.1/8 scope host lo\n2: eth0    inet 10.0.1.157/24 brd 10.0.1.255 scope global eth0\n"
VLAN = "7: bond0.5    inet 10.0.1.157/26 brd 10.0.1.191 scope global bond0.5\n"
HERE = SHOWN + "2: eth0    inet 10.0.1.100/24 scope global secondary eth0\n"
CONF = "/etc/keepalived/keepalived.conf"
OURS = "# Written by k8s_ha; changes are overwritten.\n"
ETH0 = InterfaceAddress("eth0", 24)
FREE = VirtualAddressState(ETH0, is_taken=False, heard=())


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    shell.add_tool("systemctl", "echo inactive")
    shell.add_tool("ip", f"cat {tmp_path}/shown")
    shell.add_tool("arping", "exit 0")
    python(shell, '[ "$1 $3 $4 $5" = "-c eth0 10.0.1.157 100" ] && echo virtual listened')
    shell.add_tool("rpm", "exit 0")
    shell.file("/shown", SHOWN)
    return shell


def python(shell: Shell, body: str) -> None:
    shell.file("/usr/bin/python3", f"#!/bin/bash\n{body}\n", 0o755)


def told(shell: Shell) -> VirtualAddressState:
    lines = shell.lines(VirtualAddress().command(address="10.0.1.157", virtual="10.0.1.100", router=100))
    found = VirtualAddress().process(lines)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("shown", "place"), [(SHOWN, ETH0), (VLAN, InterfaceAddress("bond0.5", 26)), ("", InterfaceAddress())]
)
def test_its_own_interface(shell: Shell, shown: str, place: InterfaceAddress) -> None:
    shell.file("/shown", shown)
    assert OwnInterface().process(shell.lines(OwnInterface().command(address="10.0.1.157"))) == place


@pytest.mark.parametrize(
    ("shown", "arping", "state"),
    [
        (SHOWN, "exit 0", FREE),
        (SHOWN, "exit 1", VirtualAddressState(ETH0, is_taken=True, heard=())),
        (SHOWN, "exit 2", VirtualAddressState(ETH0, heard=())),
        (HERE, "exit 1", VirtualAddressState(ETH0, is_here=True)),
        ("", "exit 0", VirtualAddressState()),
    ],
    ids=["free", "taken", "arping fails", "here", "not its address"],
)
def test_where_an_address_is(shell: Shell, shown: str, arping: str, state: VirtualAddressState) -> None:
    shell.file("/shown", shown)
    shell.add_tool("arping", f'[ "$*" = "-D -q -c 2 -w 3 -I eth0 10.0.1.100" ] || exit 2; {arping}')
    assert told(shell) == state


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("echo virtual listened; echo virtual_router 10.0.1.9; echo virtual_router 10.0.1.8", ("10.0.1.9", "10.0.1.8")),
        ("exit 1", None),
    ],
)
def test_who_speaks_for_its_router(shell: Shell, said: str, heard: tuple[str, ...] | None) -> None:
    python(shell, said)
    assert told(shell).heard == heard


def test_nobody_is_asked_while_its_own_keepalived_runs(shell: Shell) -> None:
    """Another balancer may have the address."""
    shell.file(CONF, OURS)
    shell.add_tool("systemctl", "echo active")
    shell.add_tool("arping", "exit 1")
    assert told(shell) == VirtualAddressState(ETH0, is_kept=True)


CHANGED, MISSING = f"[ $1 = -q ] || echo 'S.5....T.  c {CONF}'", "exit 1"


@pytest.mark.parametrize(
    ("text", "unit", "rpm", "is_owned"),
    [
        ("! Configuration File\n", "inactive", "exit 0", False),
        ("! Configuration File\n", "active", "exit 0", True),
        ("vrrp_instance VI_1 {\n", "inactive", CHANGED, True),
        ("vrrp_instance VI_1 {\n", "inactive", MISSING, True),
        (OURS, "active", CHANGED, False),
    ],
    ids=["the package's", "the package's, running", "changed", "without the package", "this package's"],
)
def test_whose_keepalived_it_is(shell: Shell, text: str, unit: str, rpm: str, is_owned: bool) -> None:
    shell.file(CONF, text)
    shell.add_tool("systemctl", f"echo {unit}")
    shell.add_tool("rpm", shell.moved(rpm))
    assert told(shell).is_owned is is_owned
