"""What differs between Kubernetes lines (1.x), and which of them runs on which host, as tables with their sources.

A cluster follows its weakest host. On a host a line is allowed, refused with a reason, or allowed with caveats that
users accept by name.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

MAJOR = 1


@dataclass(frozen=True)
class KubernetesLine:
    """One Kubernetes minor version.

    + minor: the x of 1.x
    + config_api: newest kubeadm configuration API version that this line's kubeadm reads
    + pause: tag of the pause image that this line's kubeadm expects
    + patch: the newest release of the line that this table knows, which is taken where users name no version
    """

    minor: int
    config_api: str
    pause: str
    patch: int

    @property
    def name(self) -> str:
        """The line as users write it, such as "1.30"."""
        return f"{MAJOR}.{self.minor}"


# config_api: v1beta3 came with 1.22 (kubernetes/kubernetes#101129), v1beta4 with 1.31 (#125029); v1beta2 was removed
# in 1.27 (#114540), v1beta3 in 1.36 (#136016).
# pause: what `kubeadm config images list` prints: 1.20 built and run, 1.21 to 1.31 minikube's table of kubeadm images,
# later ones Kubernetes' changelogs and kubespray.
# patch: up to 1.31 the last of a line that has ended; then the newest seen in kubernetes.io/releases, kubespray's
# checksums or the Go module proxy.
_ROWS = (
    KubernetesLine(20, "v1beta2", "3.2", 15),
    KubernetesLine(21, "v1beta2", "3.4.1", 14),
    KubernetesLine(22, "v1beta3", "3.5", 17),
    KubernetesLine(23, "v1beta3", "3.6", 17),
    KubernetesLine(24, "v1beta3", "3.7", 17),
    KubernetesLine(25, "v1beta3", "3.8", 16),
    KubernetesLine(26, "v1beta3", "3.9", 15),
    KubernetesLine(27, "v1beta3", "3.9", 16),
    KubernetesLine(28, "v1beta3", "3.9", 15),
    KubernetesLine(29, "v1beta3", "3.9", 15),
    KubernetesLine(30, "v1beta3", "3.9", 14),
    KubernetesLine(31, "v1beta4", "3.10", 14),
    KubernetesLine(32, "v1beta4", "3.10", 13),
    KubernetesLine(33, "v1beta4", "3.10", 13),
    KubernetesLine(34, "v1beta4", "3.10.1", 11),
    KubernetesLine(35, "v1beta4", "3.10.1", 9),
    KubernetesLine(36, "v1beta4", "3.10.2", 4),
    KubernetesLine(37, "v1beta4", "3.10.2", 2),
)
LINES = {row.minor: row for row in _ROWS}
OLDEST = LINES[min(LINES)]
NEWEST = LINES[max(LINES)]

# kube-proxy's nftables mode: behind a feature gate that is on by default from 1.31 (KEP-3866).
NFTABLES_PROXY_SINCE = 31
NFTABLES_PROXY_KERNEL = (5, 13)
# Their iptables is a layer over nftables, whose modules (nft_compat, xt_*, ip_set) images come without
# (kubernetes/kops#17789, #18724).
EL_WITH_NFTABLES_ALONE = (10,)
# kubeadm puts CoreDNS under <repository>/coredns/ when the repository is its own default, which was k8s.gcr.io in the
# first patch releases of these lines: with registry.k8s.io they would ask for an image that is not there
# (kubernetes/kubernetes#102502).
COREDNS_NEEDS_PATH = range(21, 25)
UPSTREAM_REGISTRY = "registry.k8s.io"
FORMER_REGISTRY = "k8s.gcr.io"
DOCKER_HUB = "docker.io"

Runtime = Literal["containerd", "docker"]
Caveat = Literal["SystemVerification", "cgroup-v1"]

EL_MAJORS: Final = (7, 8, 9, 10)
"""Enterprise Linux majors that are supported."""

ARCHITECTURES: Final = ("x86_64",)
"""rpm architectures that are supported."""

CAVEATS: Final[Mapping[Caveat, str]] = {
    "SystemVerification": "kubeadm's check of the kernel and the cgroups is ignored there",
    "cgroup-v1": "the kubelet runs on cgroup v1, which Kubernetes has deprecated and will drop",
}
"""What users accept by name in ``accepted_risks``."""


@dataclass(frozen=True)
class Platform:
    """What of a host decides: EL major, the kernel's first two numbers, and the cgroup version, 1 or 2."""

    el_major: int
    kernel: tuple[int, int]
    cgroup: int

    def __str__(self) -> str:
        return f"EL{self.el_major}, kernel {self.kernel[0]}.{self.kernel[1]}, cgroup v{self.cgroup}"


@dataclass(frozen=True)
class Verdict:
    """``refused`` is why the line does not run there; ``caveats`` must be accepted."""

    refused: str | None = None
    caveats: tuple[Caveat, ...] = ()


@dataclass(frozen=True)
class Rule:
    """Lines ``since`` to ``until`` on hosts that fit all that is given: refused for ``reason``, or with ``caveats``.

    + el_major, cgroup: None fits any
    + kernel_below: fits kernels that are older; None fits any
    """

    since: int
    until: int
    reason: str
    caveats: tuple[Caveat, ...] = ()
    el_major: int | None = None
    cgroup: int | None = None
    kernel_below: tuple[int, int] | None = None

    def fits(self, minor: int, platform: Platform) -> bool:
        """Whether it speaks of this line on this platform."""
        return (
            self.since <= minor <= self.until
            and self.el_major in (None, platform.el_major)
            and self.cgroup in (None, platform.cgroup)
            and (self.kernel_below is None or platform.kernel < self.kernel_below)
        )


_EVER: Final = 999

# The first refusal counts; caveats add up.
RULES: Final = (
    # containerd's RELEASES.md ("Kubernetes Support") asks for 1.6.34 with 1.31; docker-ce-packaging#1028 ended EL7.
    Rule(31, _EVER, "the last containerd.io built for EL7, 1.6.33, carries Kubernetes up to 1.30", el_major=7),
    # system-validators v1.9 in kubeadm 1.32 and 1.33 asks for 4.19 or any 5.x or 6.x (kubernetes#129462); from 1.34 on
    # (kubernetes#131919) it only warns.
    Rule(32, 33, "its kubeadm asks for kernel 4.19", caveats=("SystemVerification",), kernel_below=(4, 19)),
    # failCgroupV1 is true from 1.35 on (kubernetes#134298), and system-validators v1.12 makes it an error.
    Rule(35, _EVER, "its kubelet asks for cgroup v2", caveats=("SystemVerification", "cgroup-v1"), cgroup=1),
)


def verdict(minor: int, platform: Platform) -> Verdict:
    """What this host says of the line 1.``minor``."""
    fitting = [rule for rule in RULES if rule.fits(minor, platform)]
    refused = next((rule.reason for rule in fitting if not rule.caveats), None)
    return Verdict(refused, tuple(dict.fromkeys(caveat for rule in fitting for caveat in rule.caveats)))


def asks_more(minor: int, platform: Platform) -> bool:
    """Whether the line 1.``minor`` does not run there, or not without a caveat."""
    found = verdict(minor, platform)
    return found.refused is not None or bool(found.caveats)


def reason(minor: int, platform: Platform) -> str:
    """Why the line 1.``minor`` does not run there unaided; only where it does not."""
    return next(rule.reason for rule in RULES if rule.fits(minor, platform))


@dataclass(frozen=True)
class Refusal:
    """Why the cluster cannot run a version: hosts that cannot, by name, the weakest one's reason, what works."""

    version: str
    platforms: Mapping[str, Platform]
    reason: str
    remedy: str

    def __str__(self) -> str:
        hosts = ", ".join(f"{name} ({platform})" for name, platform in self.platforms.items())
        return f"Kubernetes {self.version} does not run on {hosts}: {self.reason}; {self.remedy}"


def cluster_refusal(
    version: str, minor: int, platforms: Mapping[str, Platform], accepted: Collection[str]
) -> Refusal | None:
    """Why the cluster cannot run this version; None where it can.

    + platforms: of every node, by name
    + accepted: names of caveats that the user accepts
    """
    unwilling = {name: platform for name, platform in platforms.items() if not _runs(minor, platform, accepted)}
    if not unwilling:
        return None
    refused = [platform for platform in unwilling.values() if verdict(minor, platform).refused]
    weakest = [*refused, *unwilling.values()][0]
    nearest = _nearest(minor, platforms, accepted)
    remedies = [f"choose Kubernetes {' or '.join(nearest)}"] if nearest else []
    caveats = {caveat for platform in unwilling.values() for caveat in verdict(minor, platform).caveats}
    if not refused:
        missing = [name for name in CAVEATS if name in caveats]
        remedies.append(f"set accepted_risks = {missing} ({'; '.join(CAVEATS[name] for name in missing)})")
        if (
            all(platform.cgroup == 1 and platform.el_major >= 8 for platform in unwilling.values())
            and "cgroup-v1" in caveats
        ):
            remedies.append("boot these hosts with systemd.unified_cgroup_hierarchy=1")
    remedies.append("leave these hosts out")
    return Refusal(version, unwilling, reason(minor, weakest), f"{', '.join(remedies[:-1])}, or {remedies[-1]}")


def _runs(minor: int, platform: Platform, accepted: Collection[str]) -> bool:
    found = verdict(minor, platform)
    return found.refused is None and set(found.caveats) <= set(accepted)


def _nearest(minor: int, platforms: Mapping[str, Platform], accepted: Collection[str]) -> list[str]:
    """The nearest line below and above that runs on every host."""
    running = [other for other in LINES if all(_runs(other, host, accepted) for host in platforms.values())]
    below = [other for other in running if other < minor][-1:]
    above = [other for other in running if other > minor][:1]
    return [LINES[other].name for other in below + above]


@dataclass(frozen=True)
class Pin:
    """Shell patterns of the packages' versions for lines ``since`` to ``until`` on an EL major (None: any other)."""

    since: int
    until: int
    el_major: int | None
    containerd: str
    docker: str


DOCKERSHIM_UNTIL: Final = 23
"""Newest line whose kubelet speaks to Docker itself; later ones need cri-dockerd (docs, install-kubeadm)."""

# EL7: the last builds are containerd.io 1.6.33 and docker-ce 26.1.4, and linux/centos/7 has nothing newer.
# Up to 1.25: containerd 2 no longer speaks CRI v1alpha2, which these kubelets may ask for (containerd's RELEASES.md).
# Up to 1.23: Docker 29 no longer speaks dockershim's API, 1.43 and older (docs.docker.com, Engine 29 release notes).
# From 1.36: containerd 2.2 is the oldest that containerd's RELEASES.md names.
PINS: Final = (
    Pin(0, _EVER, 7, "1.[67].*", "2[0-6].*"),
    Pin(0, DOCKERSHIM_UNTIL, None, "1.*", "2[0-8].*"),
    Pin(DOCKERSHIM_UNTIL + 1, 25, None, "1.*", "2[0-9].*"),
    Pin(26, 35, None, "[12].*", "2[0-9].*"),
    Pin(36, _EVER, None, "2.*", "2[0-9].*"),
)


def runtime_packages(minor: int, el_major: int, runtime: Runtime) -> dict[str, str]:
    """Shell pattern of the version by name, for each package of the container runtime."""
    pin = next(pin for pin in PINS if pin.since <= minor <= pin.until and pin.el_major in (None, el_major))
    docker = {"docker-ce": pin.docker, "docker-ce-cli": pin.docker} if runtime == "docker" else {}
    return {"containerd.io": pin.containerd, **docker}


def containerd_major(minor: int, el_major: int) -> int:
    """The containerd major that is installed: the newest that its pattern takes."""
    return 1 if runtime_packages(minor, el_major, "containerd")["containerd.io"].startswith("1") else 2


def cri(minor: int, runtime: Runtime) -> Literal["containerd", "dockershim", "cri-dockerd"]:
    """What the kubelet speaks to."""
    if runtime == "containerd":
        return "containerd"
    return "dockershim" if minor <= DOCKERSHIM_UNTIL else "cri-dockerd"


_RUNC_USERS: Final = ("podman", "buildah", "runc")

CONFLICTS: Final[Mapping[int, tuple[str, ...]]] = {
    # EL7's extras also have Docker 1.13, which docker-ce conflicts with (docs.docker.com/engine/install).
    7: (*_RUNC_USERS, "docker", "docker-common", "docker-client", "docker-engine", "docker-latest"),
    8: _RUNC_USERS,
    9: _RUNC_USERS,
    10: _RUNC_USERS,
}
"""Packages by EL major that containerd.io or docker-ce cannot stand beside."""

CONFLICTING_NAMES: Final = tuple(sorted({name for names in CONFLICTS.values() for name in names}))


def conflicting(el_major: int, installed: Iterable[str]) -> list[str]:
    """Those of the installed packages that stand in the way, in the table's order."""
    present = set(installed)
    return [name for name in CONFLICTS[el_major] if name in present]
