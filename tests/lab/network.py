"""The lab's network: one bridge in the operator's network namespace, one namespace a host, no way out."""

import subprocess
from pathlib import Path

from tests.lab import LabError
from tests.lab.topology import GATEWAY, NETWORK, REGISTRY, Host

OPERATOR = "lab"
"""The network namespace where the operator and the services stand."""
BRIDGE = "br0"
BRIDGE_MAC = "02:00:0a:00:00:00"
"""Of its own: else it is a cable's, and changes with the power of a host, which the others notice too late."""
NETNS = Path("/run/netns")

# At the operator's end of a host's cable: swallows IP and answers ARP, as a dead host behind a router seems from
# another subnet.
DROP = """
table bridge {port} {{
  chain in {{ type filter hook prerouting priority -300; iifname {port} ether type {{ ip, ip6 }} drop; }}
  chain out {{ type filter hook postrouting priority 300; oifname {port} ether type {{ ip, ip6 }} drop; }}
}}
"""


def namespace(host: Host) -> str:
    """The name of a host's network namespace."""
    return f"lab-{host.name}"


def path(namespace: str) -> Path:
    """The file by which nsenter and systemd-nspawn find a network namespace."""
    return NETNS / namespace


def port(host: Host) -> str:
    """The operator's end of a host's cable: a link on the bridge (a link's name has at most 15 characters)."""
    third, fourth = host.address.split(".")[2:]
    return f"v{third}x{fourth}"


def cable(host: Host) -> dict[str, str]:
    """What guard.sh is told of a host's network, which each boot makes anew."""
    third, fourth = map(int, host.address.split(".")[2:])
    return {
        "LAB_OPERATOR": OPERATOR,
        "LAB_BRIDGE": BRIDGE,
        "LAB_NAMESPACE": namespace(host),
        "LAB_PORT": port(host),
        "LAB_MAC": f"02:00:0a:00:{third:02x}:{fourth:02x}",
        "LAB_ADDRESS": f"{host.address}/{NETWORK.prefixlen}",
        "LAB_GATEWAY": str(GATEWAY),
    }


# Between two hosts alone, ARP with it, as where the cable between two switches is cut.
DROP_BETWEEN = """
table bridge {one}-{other} {{
  chain between {{
    type filter hook forward priority 0
    iifname {one} oifname {other} drop
    iifname {other} oifname {one} drop
  }}
}}
"""


def create() -> None:
    """Make the operator's place, and the bridge for every host's cable."""
    _ip(None, f"netns add {OPERATOR}")
    _ip(
        OPERATOR,
        "link set lo up",
        f"link add {BRIDGE} address {BRIDGE_MAC} type bridge forward_delay 0",
        *(f"addr add {address}/{NETWORK.prefixlen} dev {BRIDGE}" for address in (GATEWAY, REGISTRY)),
        f"link set {BRIDGE} up",
    )
    # Without this, a packet for the outside would vanish; with it, the sender hears "network unreachable" at once.
    _run(["ip", "netns", "exec", OPERATOR, "sysctl", "--quiet", "--load", "-"], "net.ipv4.ip_forward=1\n", "routing")


def remove() -> None:
    """Delete every network namespace of the lab; what is still inside one keeps it alive until it ends."""
    _ip(None, *(f"netns delete {name}" for name in existing()))


def existing() -> list[str]:
    """The lab's network namespaces on the machine."""
    names = sorted(entry.name for entry in NETNS.glob(f"{OPERATOR}*"))
    return [name for name in names if name == OPERATOR or name.startswith(f"{OPERATOR}-")]


def link_down(host: Host, nft: list[str]) -> None:
    """Pull the cable: the others find no neighbour, so new connections fail with an error after three seconds."""
    link_up(host, nft)
    _ip(OPERATOR, f"link set {port(host)} down")
    for name in existing():
        _ip(name, f"neigh flush to {host.address}")  # what they still know would let them wait much longer


def link_drop(host: Host, nft: list[str]) -> None:
    """Swallow every packet from and to the host without a word; connections to it hang."""
    link_up(host, nft)
    _nft(nft, DROP.format(port=port(host)))


def link_up(host: Host, nft: list[str]) -> None:
    """Undo `link_down` and `link_drop`."""
    _ip(OPERATOR, f"link set {port(host)} up")
    table = f"table bridge {port(host)}"
    _nft(nft, f"{table}\ndelete {table}\n")  # declared first, so deleting it never fails


def power_off(host: Host) -> None:
    """Have a host answer nobody, not even ARP, until it boots, which makes its network anew."""
    _ip(namespace(host), "link set eth0 down")


def link_between(one: Host, other: Host, action: str, nft: list[str]) -> None:
    """Swallow every frame between two hosts (``drop``), or none any more (``up``); others reach both."""
    ports = sorted((port(one), port(other)))
    table = f"table bridge {'-'.join(ports)}"
    _nft(nft, f"{table}\ndelete {table}\n")
    if action == "drop":
        _nft(nft, DROP_BETWEEN.format(one=ports[0], other=ports[1]))


def _ip(namespace: str | None, *commands: str) -> None:
    where = ["-netns", namespace] if namespace else []
    text = "".join(f"{command}\n" for command in commands)
    _run(["ip", *where, "-batch", "-"], text, "the lab's network")


def _nft(nft: list[str], rules: str) -> None:
    _run(["ip", "netns", "exec", OPERATOR, *nft, "-f", "-"], rules, "the bridge's packet filter")


def _run(command: list[str], text: str, what: str) -> None:
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    if done.returncode:
        words = " ".join(done.stderr.split())
        raise LabError(f"{what} could not be changed ({words}); run down, then up again")
