"""The syntax of single values: each check returns the value itself or raises ValueError("rule; remedy")."""

import posixpath
import re
from ipaddress import AddressValueError, IPv4Address, IPv4Network, ip_address
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from k8s_ha.catalog import compatibility
from k8s_ha.untrusted import whole_number

WORKERS_AT_MOST = 10_000
"""Twice what Kubernetes is made for."""

_DNS_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DNS_SUBDOMAIN = re.compile(rf"{_DNS_LABEL}(?:\.{_DNS_LABEL})*")
_QUALIFIED_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_TAINT_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")

# The kubelet refuses other labels of the kubernetes.io and k8s.io domains on its own node (NodeRestriction, KEP-279);
# hostname, os and arch it sets itself.
_RESERVED_DOMAINS = ("kubernetes.io", "k8s.io")
_NODE_LABEL_DOMAINS = ("node.kubernetes.io", "kubelet.kubernetes.io")
_NODE_LABELS = ("topology.kubernetes.io/region", "topology.kubernetes.io/zone")


def check_share(value: object) -> object:
    """A number of at least one, or a percentage of at least one and at most 100."""
    number, percent, rest = value.partition("%") if isinstance(value, str) else ("", "", "")
    count = value if type(value) is int else whole_number(number)
    if rest or count is None or not 1 <= count <= (100 if percent else WORKERS_AT_MOST):
        raise ValueError(
            f"it is a number from 1 to {WORKERS_AT_MOST}, or a share from '1%' to '100%'; write one such as '10%'"
        )
    if not percent and isinstance(value, str):
        raise ValueError("a number is written without quotes; remove them")
    return value


def is_dns_name(value: str) -> bool:
    """Whether it is an RFC 1123 subdomain in lower case: labels of up to 63 characters, 253 in all."""
    return len(value) <= 253 and bool(_DNS_SUBDOMAIN.fullmatch(value))


def looks_like_address(value: str) -> bool:
    """Whether its last label is a number, as no top-level domain is."""
    return re.fullmatch(r"[0-9]+", value.rsplit(".", 1)[-1]) is not None


def _can_be_hostname(value: str) -> bool:
    is_own = value.split(".")[0] != "localhost" and not looks_like_address(value)
    return is_dns_name(value) and len(value) <= 63 and is_own


def check_hostname(value: str) -> str:
    """A hostname that can be a Kubernetes node's name."""
    if not is_dns_name(value):
        lower = value.lower().replace("_", "-")
        remedy = f"set hostname to {lower!r}" if _can_be_hostname(lower) else "set hostname to such a name"
        raise ValueError(
            "a hostname is an RFC 1123 name: lower-case letters, digits and '-', labels of up to 63 characters joined "
            f"by '.'; {remedy}"
        )
    if len(value) > 63:
        raise ValueError(
            "a hostname has at most 63 characters, because the kubelet makes a label of it; set a shorter hostname"
        )
    if not _can_be_hostname(value):
        raise ValueError("a hostname is a name of its own, neither localhost nor an address; set hostname")
    return value


def check_dns_domain(value: str) -> str:
    """A DNS domain in lower case."""
    if not is_dns_name(value):
        raise ValueError("a DNS domain is RFC 1123 labels in lower case joined by '.'; write one such as cluster.local")
    return value


_ADDRESS = "set k8s_ha_host = {'address': …} to the one that the other nodes reach it by"


def check_address(value: str) -> str:
    """An IPv4 address that a host can have."""
    if ":" in value:
        raise ValueError("IPv6 is not supported; give the host's IPv4 address")
    try:
        IPv4Address(value)
    except AddressValueError:
        raise ValueError(f"a host's address is an IPv4 address; {_ADDRESS}") from None
    if not _is_reachable(value):
        raise ValueError(
            "a host's address is one that other hosts reach, not loopback, unspecified, multicast or link-local; "
            f"{_ADDRESS}"
        )
    return value


def check_network(value: str) -> str:
    """An IPv4 network as ADDRESS/PREFIX without host bits."""
    if ":" in value:
        raise ValueError("IPv6 is not supported; give an IPv4 network")
    try:
        network = IPv4Network(value if "/" in value else "", strict=False)
    except ValueError:
        raise ValueError("a network is written ADDRESS/PREFIX; write one such as 10.244.0.0/16") from None
    if str(network) != value:
        raise ValueError(f"a network is written ADDRESS/PREFIX without host bits; write {network}")
    return value


def check_version(value: str) -> str:
    """A Kubernetes version x.y.z of a line that compatibility.py knows."""
    match = re.fullmatch(r"(\d{1,4})\.(\d{1,4})\.(\d{1,4})", value, re.ASCII)
    if not match:
        short = re.fullmatch(r"v?(\d{1,4}\.\d{1,4})(\.\d{1,4})?", value, re.ASCII)
        remedy = f"name the patch release, such as {short[1]}.0" if short else "write one such as 1.30.14"
        if short and short[2]:
            remedy = f"write {short[1]}{short[2]}"
        raise ValueError(f"a Kubernetes version is written x.y.z; {remedy}")
    major, minor, _ = map(int, match.groups())
    if major != compatibility.MAJOR or minor not in compatibility.LINES:
        oldest, newest = compatibility.OLDEST.name, compatibility.NEWEST.name
        raise ValueError(f"Kubernetes {oldest} to {newest} are known; choose a version of these lines")
    return value


def is_port(text: str) -> bool:
    """Whether it is a TCP port, without zeros in front."""
    number = whole_number(text)
    return number is not None and 1 <= number <= 65535 and not text.startswith("0")


def split_endpoint(value: str) -> tuple[str, int]:
    """Host and port of "HOST:PORT"."""
    host, _, port = value.rpartition(":")
    return host, int(port)


def check_endpoint(value: str) -> str:
    """HOST:PORT with a name or an IPv4 address that every host can reach."""
    host, _, port = value.rpartition(":")
    if ":" in host:
        raise ValueError("IPv6 is not supported; write an IPv4 address or a name, and the port")
    if not is_dns_name(host):
        raise ValueError("the endpoint is written HOST:PORT with a name or an IPv4 address; write ADDRESS:6443")
    if looks_like_address(host) and not _is_reachable(host):
        raise ValueError(
            "the endpoint is an IPv4 address that other hosts reach, or a name that does not end like an address; "
            "correct it"
        )
    if not is_port(port):
        raise ValueError("a port is a number from 1 to 65535; write HOST:6443")
    return value


def is_inside(address: str, network: IPv4Network) -> bool:
    """Whether it is an IPv4 address of the network, and no name."""
    try:
        return IPv4Address(address) in network
    except AddressValueError:
        return False


def check_endpoint_name(value: str) -> str:
    """A DNS name that is no address."""
    if not is_dns_name(value) or looks_like_address(value) or value.split(".")[0] == "localhost":
        raise ValueError("it is a DNS name in lower case; write one such as api.k8s.example")
    return value


def _is_reachable(value: str) -> bool:
    """Whether it is an IPv4 address that other hosts can reach."""
    try:
        address = IPv4Address(value)
    except AddressValueError:
        return False
    return not (address.is_loopback or address.is_unspecified or address.is_multicast or address.is_link_local)


def check_certificate_name(value: str) -> str:
    """A DNS name, also with a leading "*.", or an IP address."""
    try:
        ip_address(value.replace("%", " "))  # an address with a zone is of one host alone
    except ValueError:
        if not is_dns_name(value.removeprefix("*.")) or looks_like_address(value):
            raise ValueError("a certificate names DNS names in lower case and IP addresses; correct it") from None
    return value


def _check_key(key: str, what: str) -> None:
    domain, slash, name = key.rpartition("/")
    if (slash and not is_dns_name(domain)) or not _QUALIFIED_NAME.fullmatch(name):
        raise ValueError(
            f"a {what} key is [DOMAIN/]NAME, the name of up to 63 letters, digits, '-', '_', '.'; correct it"
        )


def _within(domain: str, parents: tuple[str, ...]) -> bool:
    return any(domain == parent or domain.endswith(f".{parent}") for parent in parents)


def check_label_key(key: str) -> str:
    """The key of a label that the kubelet may give to its own node."""
    _check_key(key, "label")
    domain = key.rpartition("/")[0]
    if _within(domain, _RESERVED_DOMAINS) and not _within(domain, _NODE_LABEL_DOMAINS) and key not in _NODE_LABELS:
        allowed = ", ".join([f"{name}/*" for name in _NODE_LABEL_DOMAINS] + list(_NODE_LABELS))
        raise ValueError(
            f"of the kubernetes.io and k8s.io labels a node may give itself only {allowed}; use a domain of your own, "
            "or kubectl label once the node has joined"
        )
    return key


def check_label_value(value: str) -> str:
    """A label's value, which may be empty."""
    if value and not _QUALIFIED_NAME.fullmatch(value):
        raise ValueError("a label value is up to 63 letters, digits, '-', '_', '.'; correct it")
    return value


def split_taint(taint: str) -> tuple[str, str, str]:
    """Key, value and effect of "key[=value]:Effect"."""
    rest, _, effect = taint.rpartition(":")
    key, _, value = rest.partition("=")
    return key, value, effect


def check_taint(taint: str) -> str:
    """A taint written key[=value]:Effect."""
    key, value, effect = split_taint(taint)
    if effect not in _TAINT_EFFECTS or (value and not _QUALIFIED_NAME.fullmatch(value)):
        raise ValueError(
            f"a taint is written key=value:Effect with an effect of {', '.join(_TAINT_EFFECTS)}; correct it"
        )
    _check_key(key, "taint")
    return taint


def check_taints(taints: list[str]) -> list[str]:
    """Taints of which no two have one key and one effect: a node has one of these."""
    kinds = [split_taint(taint)[::2] for taint in taints]
    if len(set(kinds)) < len(kinds):
        raise ValueError("a node has one taint of a key and an effect; take the others out")
    return taints


def check_registry(value: str) -> str:
    """A registry's HOST[:PORT]."""
    host, _, port = value.partition(":")
    if not is_dns_name(host) or (":" in value and not is_port(port)):
        raise ValueError("a registry is HOST[:PORT] in lower case; write one such as docker.io")
    return value


def check_folder(value: str) -> str:
    """A folder on the operator's machine that holds this package's files alone."""
    if "\0" in value:
        raise ValueError("a path has no NUL in it; correct it")
    if value.startswith("~") and not re.match(r"~(/|$)", value):
        raise ValueError("only ~/ stands for a home folder, yours; write the whole path")
    if not value.strip() or PurePosixPath(posixpath.normpath(value)).name in ("", "..", "~"):
        raise ValueError("it is a folder of its own, since git ignores all in it; write one such as 'reports'")
    return value


Folder = Annotated[str, AfterValidator(check_folder)]
Hostname = Annotated[str, AfterValidator(check_hostname)]
DnsDomain = Annotated[str, AfterValidator(check_dns_domain)]
Address = Annotated[str, AfterValidator(check_address)]
Network = Annotated[str, AfterValidator(check_network)]
Version = Annotated[str, AfterValidator(check_version)]
Endpoint = Annotated[str, AfterValidator(check_endpoint)]
EndpointName = Annotated[str, AfterValidator(check_endpoint_name)]
CertificateName = Annotated[str, AfterValidator(check_certificate_name)]
Labels = dict[Annotated[str, AfterValidator(check_label_key)], Annotated[str, AfterValidator(check_label_value)]]
Taint = Annotated[str, AfterValidator(check_taint)]
Taints = Annotated[list[Taint], AfterValidator(check_taints)]
Registry = Annotated[str, AfterValidator(check_registry)]
Share = Annotated[int | str, BeforeValidator(check_share)]
