"""What a minimal install's rpm database holds: the root file system has these programs from Debian."""

from collections.abc import Iterable, Mapping

from .rpms import Package

Row = tuple[str, str, str, tuple[str, ...]]
"""Name, version, release, and the capabilities that others ask for by another name than the package's."""

_EL7: tuple[Row, ...] = (
    ("basesystem", "10.0", "7.el7.centos", ()),
    ("bash", "4.2.46", "34.el7", ("/bin/sh", "/bin/bash")),
    ("chrony", "3.4", "1.el7", ()),
    ("coreutils", "8.22", "24.el7", ()),
    ("curl", "7.29.0", "59.el7", ()),
    ("dbus", "1.10.24", "15.el7", ()),
    ("ebtables", "2.0.10", "16.el7", ()),
    ("filesystem", "3.2", "25.el7", ()),
    ("findutils", "4.5.11", "6.el7", ()),
    ("firewalld", "0.6.3", "11.el7", ()),
    ("gawk", "4.0.2", "4.el7_3.1", ()),
    ("glibc", "2.17", "317.el7", ()),
    ("gnupg2", "2.0.22", "5.el7_5", ()),
    ("grep", "2.20", "3.el7", ()),
    ("gzip", "1.5", "10.el7", ()),
    ("hostname", "3.13", "3.el7_7.1", ()),
    ("initscripts", "9.49.53", "1.el7", ()),
    ("iproute", "4.11.0", "30.el7", ("/sbin/ip", "/sbin/tc", "/usr/sbin/tc")),
    ("iptables", "1.4.21", "35.el7", ()),
    ("iputils", "20160308", "10.el7", ()),
    ("kernel", "3.10.0", "1160.el7", ()),
    ("kmod", "20", "28.el7", ()),
    ("less", "458", "9.el7", ()),
    ("libseccomp", "2.3.1", "4.el7", ()),
    ("libselinux-utils", "2.5", "15.el7", ()),
    ("openssh", "7.4p1", "21.el7", ()),
    ("openssh-clients", "7.4p1", "21.el7", ()),
    ("openssh-server", "7.4p1", "21.el7", ()),
    ("pam", "1.1.8", "23.el7", ()),
    ("passwd", "0.79", "6.el7", ()),
    ("policycoreutils", "2.5", "34.el7", ()),
    ("procps-ng", "3.3.10", "28.el7", ()),
    ("python", "2.7.5", "89.el7", ("python(abi) = 2.7",)),
    ("rpm", "4.11.3", "45.el7", ()),
    ("sed", "4.2.2", "7.el7", ()),
    ("selinux-policy", "3.13.1", "268.el7", ()),
    ("selinux-policy-targeted", "3.13.1", "268.el7", ()),
    ("setup", "2.8.71", "11.el7", ()),
    ("shadow-utils", "4.6", "5.el7", ()),
    ("sudo", "1.8.23", "10.el7", ()),
    ("systemd", "219", "78.el7", ("/usr/bin/systemctl",)),
    ("tar", "1.26", "35.el7", ()),
    ("util-linux", "2.23.2", "65.el7", ()),
    ("vim-minimal", "7.4.629", "7.el7", ()),
    ("yum", "3.4.3", "168.el7.centos", ()),
    ("yum-plugin-fastestmirror", "1.1.31", "54.el7_8", ()),
)
_EL8: tuple[Row, ...] = (
    ("basesystem", "11", "5.el8", ()),
    ("bash", "4.4.20", "5.el8", ("/bin/sh", "/bin/bash")),
    ("chrony", "4.5", "1.el8", ()),
    ("coreutils", "8.30", "15.el8", ()),
    ("curl", "7.61.1", "34.el8", ()),
    ("dbus", "1.12.8", "26.el8", ()),
    ("dnf", "4.7.0", "20.el8", ("dnf-command(install)",)),
    ("dnf-plugins-core", "4.0.21", "25.el8", ("dnf-command(config-manager)",)),
    ("filesystem", "3.8", "6.el8", ()),
    ("firewalld", "0.9.11", "9.el8", ()),
    ("findutils", "4.6.0", "22.el8", ()),
    ("gawk", "4.2.1", "4.el8", ()),
    ("glibc", "2.28", "251.el8", ()),
    ("gnupg2", "2.2.20", "3.el8", ()),
    ("grep", "3.1", "6.el8", ()),
    ("gzip", "1.9", "13.el8", ()),
    ("hostname", "3.20", "6.el8", ()),
    ("iproute", "6.2.0", "6.el8", ("/sbin/ip",)),
    ("iptables", "1.8.5", "11.el8", ()),
    ("iputils", "20180629", "11.el8", ()),
    ("kernel-core", "4.18.0", "553.el8_10", ()),
    ("kmod", "25", "20.el8", ()),
    ("less", "530", "3.el8", ()),
    ("libseccomp", "2.5.2", "1.el8", ()),
    ("libselinux-utils", "2.9", "8.el8", ()),
    ("nftables", "1.0.4", "4.el8", ()),
    ("openssh", "8.0p1", "24.el8", ()),
    ("openssh-clients", "8.0p1", "24.el8", ()),
    ("openssh-server", "8.0p1", "24.el8", ()),
    ("pam", "1.3.1", "34.el8", ()),
    ("passwd", "0.80", "4.el8", ()),
    ("platform-python", "3.6.8", "62.el8", ("python(abi) = 3.6",)),
    ("policycoreutils", "2.9", "26.el8", ()),
    ("procps-ng", "3.3.15", "14.el8", ()),
    ("rpm", "4.14.3", "31.el8", ()),
    ("sed", "4.5", "5.el8", ()),
    ("selinux-policy", "3.14.3", "139.el8", ()),
    ("selinux-policy-targeted", "3.14.3", "139.el8", ()),
    ("setup", "2.12.2", "9.el8", ()),
    ("shadow-utils", "4.6", "22.el8", ()),
    ("sudo", "1.9.5p2", "1.el8", ()),
    ("systemd", "239", "82.el8", ("/usr/bin/systemctl",)),
    ("tar", "1.30", "9.el8", ()),
    ("util-linux", "2.32.1", "46.el8", ()),
    ("vim-minimal", "8.0.1763", "19.el8", ()),
    ("yum", "4.7.0", "20.el8", ()),
)

# What a minimal install has in place of 8's row of the same name; none is gone. All other rows keep 8's version.
_SINCE_EL8: Mapping[int, Mapping[str, tuple[Row, ...]]] = {
    9: {
        "iptables": (("iptables-nft", "1.8.10", "11.el9_5", ("iptables = 1.8.10", "ebtables")),),
        "kernel-core": (
            ("kernel-core", "5.14.0", "570.el9_6", ()),
            ("kernel-modules-core", "5.14.0", "570.el9_6", ()),
            ("kernel-modules", "5.14.0", "570.el9_6", ()),
        ),
        "glibc": (("glibc", "2.34", "168.el9_6", ()),),
        "platform-python": (("python3", "3.9.21", "2.el9", ("python(abi) = 3.9",)),),
        "rpm": (("rpm", "4.16.1.3", "37.el9", ()),),
        "systemd": (("systemd", "252", "51.el9", ("/usr/bin/systemctl",)),),
    },
    10: {
        "iptables": (),
        "kernel-core": (
            ("kernel-core", "6.12.0", "55.el10_0", ()),
            ("kernel-modules-core", "6.12.0", "55.el10_0", ()),
            ("kernel-modules", "6.12.0", "55.el10_0", ()),
        ),
        "glibc": (("glibc", "2.39", "37.el10", ()),),
        "platform-python": (("python3", "3.12.9", "1.el10", ("python(abi) = 3.12",)),),
        "rpm": (("rpm", "4.19.1.1", "12.el10", ()),),
        "systemd": (("systemd", "257", "9.el10", ("/usr/bin/systemctl",)),),
    },
}


def _later(el_major: int) -> tuple[Row, ...]:
    """8's rows with what differs on a later Enterprise Linux."""
    differs = _SINCE_EL8[el_major]
    rows = [new for row in _EL8 for new in differs.get(row[0], (row,))]
    return tuple(
        (name, version, release.replace("el8", f"el{el_major}"), more) for name, version, release, more in rows
    )


def _release(name: str, version: str, release: str, upstream: str, el_major: int) -> Package:
    """The package that makes a host this release: yum and dnf take $releasever from it."""
    capabilities = (
        f"system-release = {upstream}",
        f"system-release(releasever) = {el_major}",
        f"redhat-release = {upstream}",
    )
    return Package(name, version, release, arch="noarch", provides=capabilities)


def _packages(rows: Iterable[Row]) -> tuple[Package, ...]:
    return tuple(
        Package(name, version, release, arch="noarch", provides=provides) for name, version, release, provides in rows
    )


CENTOS_7 = (*_packages(_EL7), _release("centos-release", "7", "9.2009.0.el7.centos", "7.9", 7))
RHEL_8 = (*_packages(_EL8), _release("redhat-release", "8.4", "0.6.el8", "8.4", 8))
ROCKY_8 = (*_packages(_EL8), _release("rocky-release", "8.10", "1.9.el8", "8.10", 8))
ROCKY_9 = (*_packages(_later(9)), _release("rocky-release", "9.6", "1.3.el9", "9.6", 9))
ROCKY_10 = (*_packages(_later(10)), _release("rocky-release", "10.0", "1.6.el10", "10.0", 10))
