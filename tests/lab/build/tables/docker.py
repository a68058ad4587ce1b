"""Docker's repositories: real programs of Debian under the layout of linux/centos/7 and of linux/rhel."""

from ..rpms import Package


def containerd(release: str, provides: tuple[str, ...]) -> Package:
    """containerd.io with runc inside; what it provides is what differs between the trees."""
    return Package(
        "containerd.io",
        "1.6.20",
        release,
        requires=("container-selinux >= 2:2.74", "libseccomp"),
        provides=provides,
        obsoletes=("containerd", "runc"),
        conflicts=("containerd", "runc"),
        tree="containerd.io",
        files={
            "usr/bin": "debs/containerd/usr/bin",
            "usr/lib/systemd/system/containerd.service": "debs/containerd/lib/systemd/system/containerd.service",
            "usr/bin/runc.real": "debs/runc/usr/sbin/runc",
        },
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
    containerd("3.1.el7", ("containerd", "runc")),
    *docker(7),
)


# containerd.io of linux/rhel/8 does not, and so stays visible; what is newer than Kubernetes 1.20 can use is empty.
def rhel(el_major: int) -> tuple[Package, ...]:
    """linux/rhel of that major."""
    newer = f"1.el{el_major}"
    selinux = ("container-selinux >= 2:2.74",)
    return (
        containerd(f"3.1.el{el_major}", ("containerd",)),
        Package("containerd.io", "2.2.0", newer, requires=selinux, provides=("containerd",)),
        *docker(el_major),
        Package("docker-ce", "29.0.0", newer, epoch=3, requires=("containerd.io >= 1.7.27", "docker-ce-cli")),
        Package("docker-ce-cli", "29.0.0", newer, epoch=1),
    )


RHEL_8, RHEL_9, RHEL_10 = (rhel(el_major) for el_major in (8, 9, 10))
