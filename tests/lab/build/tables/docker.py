"""Docker's repositories: real programs of Debian under the layout of linux/centos/7 and of linux/rhel."""

from collections.abc import Iterable, Sequence

from ..rpms import Package
from .containerd import CONTAINERDS, Containerd
from .lines import DEFAULT, Line


def containerd(version: Containerd, release: str, provides: tuple[str, ...]) -> Package:
    """containerd.io with runc inside; what it provides is what differs between the trees."""
    return Package(
        "containerd.io",
        version.version,
        release,
        requires=("container-selinux >= 2:2.74", "libseccomp"),
        provides=provides,
        obsoletes=("containerd", "runc"),
        conflicts=("containerd", "runc"),
        tree="containerd.io",
        files={
            **version.programs,
            "usr/lib/systemd/system/containerd.service": "debs/containerd/lib/systemd/system/containerd.service",
            "usr/bin/runc.real": "debs/runc/usr/sbin/runc",
        },
        links=version.links,
        unit="containerd.service",
    )


def docker(el_major: int) -> tuple[Package, ...]:
    """docker-ce and its client."""
    return (
        Package(
            "docker-ce",
            "20.10.24",
            f"3.el{el_major}",
            epoch=3,
            requires=(
                "container-selinux >= 2:2.74",
                "containerd.io >= 1.4.1",
                "docker-ce-cli",
                "iptables",
                "libseccomp >= 2.3",
                "systemd",
                "tar",
            ),
            tree="docker-ce",
            files={
                "usr/bin/dockerd": "debs/docker.io/usr/sbin/dockerd",
                "usr/bin/docker-proxy": "debs/docker.io/usr/sbin/docker-proxy",
                "usr/bin/docker-init": "debs/tini/usr/bin/tini-static",
            },
            directories=("etc/docker",),
            unit="docker.service",
            pre="getent group docker >/dev/null || groupadd --system docker",
        ),
        Package(
            "docker-ce-cli",
            "20.10.24",
            f"3.el{el_major}",
            epoch=1,
            files={"usr/bin/docker": "debs/docker.io/usr/bin/docker"},
        ),
    )


def older(version: str, release: str) -> Package:
    """A containerd.io without content, of the document's days."""
    return Package("containerd.io", version, release, provides=("containerd", "runc"))


# containerd.io of linux/centos/7 provides runc, as a package of EL8's container-tools module does: modular filtering
# hides it there.
CENTOS_7 = (
    older("1.2.6", "3.3.el7"),
    older("1.2.13", "3.1.el7"),
    containerd(CONTAINERDS["1.6"], "3.1.el7", ("containerd", "runc")),
    *docker(7),
)


def rhel(el_major: int, lines: Iterable[Line], containerds: Sequence[str]) -> tuple[Package, ...]:
    """Docker's packages for an EL major with these containerds, keys of CONTAINERDS.

    containerd.io of linux/rhel does not provide runc, and so stays visible. What is newer than Kubernetes 1.20 can use
    is empty: Docker 29, and beside no newer line containerd 2.
    """
    newer = f"1.el{el_major}"
    empty = Package(
        "containerd.io", "2.2.0", newer, requires=("container-selinux >= 2:2.74",), provides=("containerd",)
    )
    as_ever = all(line.version == DEFAULT for line in lines) and list(containerds) == ["1.6"]
    served = [CONTAINERDS[name] for name in containerds]
    return (
        *(containerd(each, f"{each.release}.el{el_major}", ("containerd",)) for each in served),
        *([empty] if as_ever else []),
        *docker(el_major),
        Package("docker-ce", "29.0.0", newer, epoch=3, requires=("containerd.io >= 1.7.27", "docker-ce-cli")),
        Package("docker-ce-cli", "29.0.0", newer, epoch=1),
    )
