"""Which yum repositories a host gets from this package, and how CentOS's own are pointed at the vault."""

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from k8s_ha.catalog import package_sets
from k8s_ha.catalog.mirrors import Profile
from k8s_ha.observations import openpgp

DOCKER_REPOSITORY: Final = "k8s-ha-docker"
EPEL_REPOSITORY: Final = "k8s-ha-epel"
EXTRAS_REPOSITORY: Final = "k8s-ha-extras"
KUBERNETES_REPOSITORY: Final = "k8s-ha-kubernetes"

# Docker's tree by EL major. linux/rhel has nothing for 7; linux/centos/8 is frozen at 26.1.3, while linux/rhel serves
# RHEL's rebuilds as well.
DOCKER_DISTRIBUTION: Final = {7: "centos", 8: "rhel", 9: "rhel", 10: "rhel"}

CENTOS_VAULT: Final = {7: "7.9.2009", 8: "8.5.2111"}
"""The last release of each CentOS that has ended; its mirrors are gone (mirrorlist.centos.org since July 2024)."""


def has_ended(os_id: str, el_major: int) -> bool:
    """Whether it is a CentOS of which only the vault is left."""
    return os_id == "centos" and el_major in CENTOS_VAULT


UNFINISHED: Final = "/var/lib/k8s-ha/packages-unfinished"
"""File on a host that names the packages which yum was at work on, while it is and after it was cut off."""

RPM_REMEDY: Final = "while no rpm or yum runs there, run `rm -f /var/lib/rpm/__db.*; rpm --rebuilddb`"
"""What helps where rpm cannot read its database: what a killed rpm held in it goes, as it does at boot."""

# What nginx on EL7 comes with; everything else of EPEL stays out of the host's sight.
_EPEL_INCLUDES: Final = ("nginx", "nginx-*", "openssl11-libs", "gperftools-libs")


def matches(version: str | None, pattern: str) -> bool:
    """Whether an installed version, with or without its release, fits a shell pattern; None is not installed."""
    return version is not None and (fnmatchcase(version, pattern) or fnmatchcase(version, f"{pattern}-*"))


def is_older(version: str, pattern: str) -> bool:
    """Whether it is certainly older than all that the pattern takes: a version, or what begins with one."""
    found = re.fullmatch(r"(\d+(?:\.\d+)*)(\.\*)?", pattern)
    if found is None:
        return False
    wanted, held = _numbers(found[1]), _numbers(version.partition("-")[0])
    return (held[: len(wanted)] if found[2] else held) < wanted


def _numbers(version: str) -> list[tuple[int, str]]:
    """Those of a version, of whatever length: each as its digits, to be compared by their count first."""
    digits = (number.lstrip("0") for number in re.findall(r"[0-9]+", version))
    return [(len(number), number) for number in digits]


@dataclass(frozen=True)
class Repository:
    """One yum/dnf repository, ready to be rendered into a .repo file.

    + repo_gpgcheck is off everywhere: Aliyun's legacy index fails it, EPEL and Docker sign none; packages are checked
    + gpgkeys: URLs of its keys
    + fingerprints: of the keys that are pinned; without any, yum takes what stands at their URLs
    + exclude: packages hidden from every `yum update`; they are installed with --disableexcludes=ID
    + includepkgs: the only packages visible; empty means all
    + module_hotfixes: keep EL8's modular filtering from hiding this repository's packages
    """

    id: str
    name: str
    baseurl: str
    gpgkeys: tuple[str, ...]
    fingerprints: tuple[str, ...] = ()
    enabled: bool = True
    gpgcheck: bool = True
    repo_gpgcheck: bool = False
    module_hotfixes: bool = False
    exclude: tuple[str, ...] = ()
    includepkgs: tuple[str, ...] = ()

    @property
    def key_file(self) -> str | None:
        """Where its keys lie when they are found to be the pinned ones; another path for other keys.

        None for one without pinned keys, or that nothing is installed from.
        """
        if not (self.fingerprints and self.enabled):
            return None
        told = hashlib.sha256(" ".join((*self.gpgkeys, *self.fingerprints)).encode()).hexdigest()[:8]
        return f"/etc/pki/rpm-gpg/RPM-GPG-KEY-{self.id}-{told}"

    @property
    def yum_gpgkeys(self) -> tuple[str, ...]:
        """Where yum finds its keys: no URL where they are pinned, since that may serve others by then."""
        return (f"file://{self.key_file}",) if self.key_file else self.gpgkeys


@dataclass(frozen=True)
class ServedKeys:
    """What stands at the URLs of keys.

    + reason: why one of them could not be fetched, which may be empty; None where all were
    """

    text: str
    reason: str | None = None


def key_refusal(repository: Repository, text: str) -> str | None:
    """Why what is served as a repository's keys is not what they are pinned to; None where it is."""
    wanted = f"mirror.gpgkey_fingerprints pins them to {' '.join(repository.fingerprints)}"
    try:
        strangers = set(openpgp.fingerprints(text)) - set(repository.fingerprints)
    except ValueError as error:
        return f"what it serves cannot be read as a key ({error}), and {wanted}"
    return f"it serves the key {' '.join(sorted(strangers))}, and {wanted}" if strangers else None


def repositories(
    profile: Profile,
    *,
    roles: Collection[str],
    family: str,
    el_major: int,
    arch: str,
    extras: bool,
    kubernetes_minor: int,
) -> tuple[Repository, ...]:
    """The package's own repositories for one host.

    + roles: of the host
    + family: os-release's ID, such as centos or rhel
    + el_major: 7, 8, 9 or 10; another one is a KeyError
    + arch: rpm's name of the architecture, such as x86_64
    + extras: whether the host has a repository with EL7's extras
    + kubernetes_minor: the x of 1.x
    """
    values = {"minor": kubernetes_minor, "el": el_major, "arch": arch, "distribution": DOCKER_DISTRIBUTION[el_major]}

    def expand(url: str) -> str:
        return url.format(**values)

    found = []
    is_node = bool({"control_plane", "worker"} & set(roles))
    if is_node:
        found.append(
            Repository(
                id=DOCKER_REPOSITORY,
                name="Docker CE stable",
                baseurl=expand(profile.docker_baseurl),
                gpgkeys=(expand(profile.docker_gpgkey),),
                fingerprints=profile.docker_fingerprints,
                # EL8's container-tools module otherwise hides containerd.io ("package containerd.io is excluded").
                module_hotfixes=el_major >= 8,
                exclude=package_sets.DOCKER,
            )
        )
    source = profile.kubernetes_source(kubernetes_minor)
    if source and (is_node or "admin" in roles):
        found.append(
            Repository(
                id=KUBERNETES_REPOSITORY,
                name=f"Kubernetes 1.{kubernetes_minor}",
                baseurl=expand(source.baseurl),
                gpgkeys=tuple(map(expand, source.gpgkeys)),
                fingerprints=source.fingerprints,
                exclude=package_sets.KUBERNETES,
            )
        )
    # CentOS 7 has container-selinux in its own extras; a RHEL 7 without subscription to them has it nowhere.
    if is_node and el_major == 7 and family != "centos" and not extras:
        found.append(
            Repository(
                id=EXTRAS_REPOSITORY,
                name="CentOS 7 extras, for container-selinux alone",
                baseurl=f"{expand(profile.vault_baseurl)}/{CENTOS_VAULT[7]}/extras/{arch}",
                gpgkeys=(expand(profile.vault_gpgkey),),
                fingerprints=profile.vault_fingerprints,
                includepkgs=("container-selinux",),
            )
        )
    if el_major in profile.epel:
        # Nothing but nginx for EL7's load balancers comes from it; elsewhere it is there to be enabled by hand.
        used = el_major == 7 and "load_balancer" in roles
        found.append(
            Repository(
                id=EPEL_REPOSITORY,
                name=f"EPEL {el_major}",
                baseurl=expand(profile.epel[el_major]),
                gpgkeys=(expand(profile.epel_gpgkey),),
                fingerprints=profile.epel_fingerprints.get(el_major, ()),
                enabled=used,
                includepkgs=_EPEL_INCLUDES if used else (),
            )
        )
    return tuple(found)


_SECTION: Final = re.compile(r"^(?=\[)", re.MULTILINE)
_MIRRORLIST: Final = re.compile(r"^(?=mirrorlist\s*=)", re.MULTILINE)
_BASEURL: Final = re.compile(
    r"^#?\s*baseurl\s*=\s*https?://mirror\.centos\.org/(?:centos|\$contentdir)/\$(releasever|stream)/", re.MULTILINE
)


def pointed_at_vault(content: bytes, vault: str, el_major: int) -> bytes:
    """One of CentOS's own .repo files with its dead mirrors replaced by the vault, all else as it was.

    + vault: the vault's URL
    + el_major: 7 or 8
    """
    folders = {"releasever": CENTOS_VAULT[el_major], "stream": f"{el_major}-stream"}
    sections = []
    # Each byte is a character of Latin-1, whatever a comment is written in.
    for section in _SECTION.split(content.decode("latin-1")):
        moved, count = _BASEURL.subn(lambda found: f"baseurl={vault.rstrip('/')}/{folders[found[1]]}/", section)
        sections.append(_MIRRORLIST.sub("#", moved) if count else section)
    return "".join(sections).encode("latin-1")
