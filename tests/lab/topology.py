"""Which hosts a lab has: the topology file (TOML), read and checked."""

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from tests.lab import LabError

DEFAULT = Path(__file__).with_name("topology.toml")
NETWORK = IPv4Network("10.0.0.0/16")
GATEWAY = IPv4Address("10.0.0.1")
"""Where the operator stands, and the name server and the package mirrors answer."""
REGISTRY = IPv4Address("10.0.0.2")
"""Where the image registry answers."""

HOST_KEYS = ("address", "flavour", "group", "groups", "login")
LOGIN_KEYS = ("user", "sudo_password")
HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")
GROUP_NAME = re.compile(r"[a-z][a-z0-9_]*")
FLAVOUR_NAME = re.compile(r"[a-z]+-[0-9]+")
USER_NAME = re.compile(r"[a-z_][a-z0-9_-]{0,30}")


@dataclass(frozen=True)
class Login:
    """How to log in by SSH key. A user other than root may sudo: with `sudo_password`, or without one if it is None."""

    user: str = "root"
    sudo_password: str | None = None


@dataclass(frozen=True)
class Host:
    """One host of the lab; `groups` are its inventory groups, `flavour` the EL release it is dressed as ("rocky-8")."""

    name: str
    address: str
    flavour: str
    groups: tuple[str, ...]
    login: Login

    @property
    def group(self) -> str:
        """The group that says what the host is for: the first."""
        return self.groups[0]

    @property
    def first_hostname(self) -> str:
        """The hostname before any deploy: a cloud's, never the inventory name."""
        return "ip-" + self.address.replace(".", "-")


@dataclass(frozen=True)
class Topology:
    """All hosts, in the order of the file."""

    hosts: tuple[Host, ...]

    def host(self, name: str) -> Host:
        """The host of that name; LabError when there is none."""
        for host in self.hosts:
            if host.name == name:
                return host
        names = ", ".join(host.name for host in self.hosts)
        raise LabError(f"{name}: no such host in this lab; it has {names}")

    def groups(self) -> dict[str, list[Host]]:
        """Hosts by group, both in the order of the file."""
        groups: dict[str, list[Host]] = {}
        for host in self.hosts:
            for group in host.groups:
                groups.setdefault(group, []).append(host)
        return groups

    @property
    def flavours(self) -> list[str]:
        return sorted({host.flavour for host in self.hosts})


def load(path: Path) -> Topology:
    """Read a topology file; LabError when it cannot be read or says something wrong."""
    try:
        content = tomllib.loads(path.read_text())
    except OSError as error:
        raise LabError(f"{path}: {error.strerror}; give --topology a file that can be read") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LabError(f"{path}: not TOML ({error}); see {DEFAULT.name} for the form") from None
    try:
        return parse(content)
    except LabError as error:
        raise LabError(f"{path}: {error}") from None


def parse(content: Mapping[str, object]) -> Topology:
    """The topology in a parsed file; LabError at the first mistake."""
    _check_keys("the file", content, ("hosts",))
    tables = content.get("hosts")
    if not isinstance(tables, dict) or not tables:
        raise LabError("it names no host; add at least one [hosts.NAME] table")
    hosts = tuple(_host(name, table) for name, table in tables.items())
    owners: dict[str, str] = {}
    for host in hosts:
        if other := owners.get(host.address):
            raise LabError(f"{host.name}: address {host.address} is {other}'s already; every host needs its own")
        owners[host.address] = host.name
    return Topology(hosts)


def _host(name: str, table: object) -> Host:
    if not HOST_NAME.fullmatch(name):
        raise LabError(f"{name!r}: not a host name; use at most 32 lower-case letters, digits and inner hyphens")
    if not isinstance(table, dict):
        raise LabError(f"{name}: not a table; write [hosts.{name}] with {', '.join(HOST_KEYS)}")
    _check_keys(name, table, HOST_KEYS)
    return Host(
        name=name,
        address=_address(name, _text(name, table, "address")),
        flavour=_match(name, table, "flavour", FLAVOUR_NAME, "rocky-8"),
        groups=_groups(name, table),
        login=_login(name, table.get("login", {})),
    )


def _address(name: str, text: str) -> str:
    try:
        address = IPv4Address(text)
    except ValueError:
        raise LabError(f"{name}: address {text!r} is not an IPv4 address; use one in {NETWORK}") from None
    if address not in NETWORK:
        raise LabError(f"{name}: address {address} is outside the lab's network; use one in {NETWORK}")
    if address in (GATEWAY, REGISTRY, NETWORK.network_address, NETWORK.broadcast_address):
        raise LabError(f"{name}: address {address} is the lab's own; use another one in {NETWORK}")
    return str(address)


def _groups(name: str, table: Mapping[str, object]) -> tuple[str, ...]:
    """The names in `groups`, or the one in `group`."""
    names = table.get("groups")
    if names is None:
        return (_match(name, table, "group", GROUP_NAME, "control_plane"),)
    if "group" in table:
        raise LabError(f"{name}: it has group and groups; keep one of them")
    if not isinstance(names, list) or not names or len(set(map(str, names))) < len(names):
        raise LabError(f'{name}: groups is {names!r}; give a list of different names, such as ["workers", "admins"]')
    return tuple(_match(name, {"groups": each}, "groups", GROUP_NAME, "control_plane") for each in names)


def _login(name: str, table: object) -> Login:
    if not isinstance(table, dict):
        raise LabError(f'{name}: login is not a table; write login = {{ user = "ops" }}')
    _check_keys(f"{name}, login", table, LOGIN_KEYS)
    if not table:
        return Login()
    user = _match(f"{name}, login", table, "user", USER_NAME, "ops")
    if "sudo_password" not in table:
        return Login(user)
    if user == "root":
        raise LabError(f"{name}, login: root has a sudo_password; leave it out, or name another user")
    return Login(user, _text(f"{name}, login", table, "sudo_password"))


def _check_keys(where: str, table: Mapping[str, object], allowed: tuple[str, ...]) -> None:
    for key in table:
        if key not in allowed:
            near = difflib.get_close_matches(key, allowed, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"allowed are {', '.join(allowed)}"
            raise LabError(f"{where}: unknown key {key!r}; {hint}")


def _text(where: str, table: Mapping[str, object], key: str) -> str:
    value = table.get(key)
    if not isinstance(value, str) or not value or not value.isprintable():
        found = "is missing" if value is None else f"is {value!r}"
        raise LabError(f"{where}: {key} {found}; give it as text in quotes")
    return value


def _match(where: str, table: Mapping[str, object], key: str, pattern: re.Pattern[str], example: str) -> str:
    value = _text(where, table, key)
    if not pattern.fullmatch(value):
        raise LabError(f"{where}: {key} {value!r} is not of the form {example!r} ({pattern.pattern})")
    return value
