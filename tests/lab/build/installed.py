"""What a minimal install's rpm database holds: the root file system has these programs from Debian."""

from .rpms import Package

# name, version, release, and the capabilities that others ask for by another name than the package's.
_EL8 = (
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
EL8 = tuple(
    Package(name, version, release, arch="noarch", provides=provides) for name, version, release, provides in _EL8
)
ROCKY_8 = (
    *EL8,
    Package(
        "rocky-release",
        "8.10",
        "1.9.el8",
        arch="noarch",
        provides=("system-release = 8.10", "system-release(releasever) = 8", "redhat-release = 8.10"),
    ),
)
