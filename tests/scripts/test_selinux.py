"""SELinux where it is kept: what a load balancer's nginx is allowed, and the fact's script beside SELinux's tools."""

from __future__ import annotations

from pathlib import Path

import pytest

from k8s_ha.facts.selinux import Selinux, SelinuxState
from k8s_ha.operations.before import kept_before
from k8s_ha.operations.commands import long_command
from k8s_ha.operations.selinux import nginx_allowed
from tests.support.operation_bench import Command, Noop, Row, command, test_of
from tests.support.shell_bench import Shell

WISH = {"port": 6443, "tools": "policycoreutils-python"}
TOOLS = command(
    long_command(
        "install-selinux-tools",
        "rpm -q policycoreutils-python || yum -y install policycoreutils-python",
        seconds=900,
        lock="packages",
    )
)
LABEL = Command(
    "semanage port -a -t http_port_t -p tcp 6443 2>/dev/null || semanage port -m -t http_port_t -p tcp 6443"
)
CONNECT = Command("setsebool -P httpd_can_network_connect 1")


def kept(port_type: str, connect: str) -> Command:
    return command(kept_before([f"selinux_port 6443 {port_type}", f"httpd_can_network_connect {connect}"]))


def selinux(enforcing: bool, port_type: str | None, may_connect: bool) -> dict[type[Selinux], SelinuxState]:
    return {Selinux: SelinuxState(enforcing, port_type, may_connect)}


ROWS: dict[str, Row] = {
    "SELinux off or permissive": (
        nginx_allowed,
        WISH,
        selinux(False, None, False),
        [Noop("SELinux does not enforce")],
    ),
    "all allowed": (
        nginx_allowed,
        WISH,
        selinux(True, "http_port_t", True),
        [Noop("nginx may listen and connect")],
    ),
    "nothing allowed yet": (
        nginx_allowed,
        WISH,
        selinux(True, None, False),
        [kept("none", "off"), TOOLS, LABEL, CONNECT],
    ),
    "a port of another type": (
        nginx_allowed,
        WISH,
        selinux(True, "websm_port_t", True),
        [kept("websm_port_t", "on"), TOOLS, LABEL],
    ),
    "no connections": (
        nginx_allowed,
        WISH,
        selinux(True, "http_port_t", False),
        [kept("http_port_t", "off"), TOOLS, CONNECT],
    ),
}

test_operations = test_of(ROWS)

# Lines of the targeted policy, in semanage's own columns.
POLICY = """\
SELinux Port Type              Proto    Port Number

afs3_callback_port_t           tcp      7001
afs3_callback_port_t           udp      7001
ephemeral_port_t               tcp      32768-60999
ephemeral_port_t               udp      32768-60999
http_cache_port_t              udp      3130
http_cache_port_t              tcp      8080, 8118, 8123, 10001-10010
http_port_t                    tcp      80, 81, 443, 488, 8008, 8009, 8443, 9000
kerberos_port_t                tcp      88, 750, 4444
kerberos_port_t                udp      88, 750, 4444
pegasus_https_port_t           tcp      5989
ssh_port_t                     tcp      22
unreserved_port_t              tcp      61001-65535, 1024-32767
unreserved_port_t              udp      61001-65535, 1024-32767
"""
# With -C the host's own labels alone, else beside the policy's.
SEMANAGE = """own='{own}'
case "$*" in
    "port -l -C") [ -z "$own" ] || printf '%s\\n' 'SELinux Port Type              Proto    Port Number' '' "$own" ;;
    "port -l") printf '%s\\n' '{policy}' "$own" ;;
    *) exit 2 ;;
esac"""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A host where SELinux enforces, with its tools."""
    shell = Shell(tmp_path)
    shell.add_tool("getenforce", "echo Enforcing")
    shell.add_tool("getsebool", '[ "$*" = httpd_can_network_connect ] && echo "httpd_can_network_connect --> off"')
    label(shell, "")
    return shell


def label(shell: Shell, own: str) -> None:
    """Have labels of the host's own, as semanage prints them."""
    shell.add_tool("semanage", SEMANAGE.format(own=own, policy=POLICY))


def state(shell: Shell, port: int = 6443) -> SelinuxState:
    return Selinux().process(shell.lines(Selinux().command(port=port)))


@pytest.mark.parametrize(
    ("port", "port_type"),
    [
        (80, "http_port_t"),
        (8443, "http_port_t"),
        (9000, "http_port_t"),
        (8080, "http_cache_port_t"),
        (5989, "pegasus_https_port_t"),
        (10001, None),  # a range is not the port
        (6443, None),
        (1024, None),
        (800, None),
        (443, "http_port_t"),
        (44, None),
        (3130, None),  # UDP alone
    ],
)
def test_the_script_tells_the_type_of_a_port(shell: Shell, port: int, port_type: str | None) -> None:
    assert state(shell, port).port_type == port_type


OWN_LABELS = {
    "a port without a type": ("http_port_t                    tcp      6443", 6443, "http_port_t"),
    "a port that the policy gives another": ("http_port_t                    tcp      8080, 6443", 8080, "http_port_t"),
    "a port that the policy gives this": ("ssh_port_t                     tcp      8443", 8443, "ssh_port_t"),
}


@pytest.mark.parametrize(("own", "port", "port_type"), OWN_LABELS.values(), ids=OWN_LABELS)
def test_a_label_of_the_hosts_own_comes_before_the_policys(shell: Shell, own: str, port: int, port_type: str) -> None:
    label(shell, own)
    assert state(shell, port).port_type == port_type


@pytest.mark.parametrize(("mode", "enforcing"), [("Enforcing", True), ("Permissive", False), ("Disabled", False)])
def test_the_script_tells_whether_selinux_enforces(shell: Shell, mode: str, enforcing: bool) -> None:
    shell.add_tool("getenforce", f"echo {mode}")
    assert state(shell).enforcing == enforcing


@pytest.mark.parametrize(
    ("getsebool", "may_connect"),
    [
        ('echo "httpd_can_network_connect --> on"', True),
        ('echo "httpd_can_network_connect --> off"', False),
        ('echo "getsebool:  SELinux is disabled" >&2; exit 1', False),
    ],
)
def test_the_script_tells_whether_nginx_may_connect(shell: Shell, getsebool: str, may_connect: bool) -> None:
    shell.add_tool("getsebool", getsebool)
    assert state(shell).may_connect == may_connect


def test_a_minimal_host_has_no_semanage(shell: Shell) -> None:
    (shell.root / "tools" / "semanage").unlink()
    assert state(shell) == SelinuxState(enforcing=True, port_type=None, may_connect=False)
    assert shell.run(Selinux().command(port=6443)).stderr == ""


def test_a_host_without_selinux_says_nothing(shell: Shell) -> None:
    for tool in ("getenforce", "getsebool", "semanage"):
        (shell.root / "tools" / tool).unlink()
    assert not Selinux().process(shell.lines(Selinux().command(port=6443))).enforcing
