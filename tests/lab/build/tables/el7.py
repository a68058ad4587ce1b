"""CentOS 7 and EPEL 7: what a minimal install does not have, real programs of Debian under EL7's names and versions."""

from dataclasses import replace

from ..rpms import Package
from .el8 import NGINX, by_name

RELEASE = "1.el7"

BASE = (
    Package(
        "conntrack-tools",
        "1.4.4",
        "7.el7",
        provides=("conntrack = 1.4.4",),
        files=by_name("conntrack-tools").files,
    ),
    Package("socat", "1.7.3.2", "2.el7", files=by_name("socat").files),
    Package("ethtool", "4.8", "10.el7", epoch=2, files=by_name("ethtool").files),
    Package(
        "ebtables",
        "2.0.10",
        "16.el7",
        links={f"usr/sbin/ebtables{part}": "xtables-nft-multi" for part in ("", "-save", "-restore")},
    ),
    Package("ipset", "7.1", "1.el7", files=by_name("ipset").files),
    replace(by_name("keepalived"), version="1.3.5", release="19.el7"),
    Package("ipvsadm", "1.27", "8.el7", files=by_name("ipvsadm").files),
    Package("yum-utils", "1.1.31", "54.el7_8", arch="noarch", tree="yum-utils-el7"),
    Package("policycoreutils-python", "2.5", "34.el7", requires=("policycoreutils",), tree="semanage"),
)
# The document's first error: docker-ce asks for it, and a host without extras has it nowhere.
EXTRAS = (Package("container-selinux", "2.119.2", "1.911c772.el7_8", epoch=2, arch="noarch"),)
EPEL = (
    replace(NGINX, release=RELEASE, module=""),
    replace(
        by_name("nginx-mod-stream"), release=RELEASE, module="", requires=(f"nginx = 1:{NGINX.version}-{RELEASE}",)
    ),
)
# Something to see in a repository that nothing is installed from.
EPEL_8 = (Package("epel-release", "8", "21.el8", arch="noarch"),)
UPDATES = (Package("tzdata", "2024a", "1.el7", arch="noarch"),)
