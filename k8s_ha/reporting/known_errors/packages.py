"""The known errors of dnf, yum and rpm. A repository's id tells whose it is: this package's own begin with k8s-ha-."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from k8s_ha.catalog.compatibility import CONFLICTING_NAMES
from k8s_ha.desired.yum import RPM_REMEDY
from k8s_ha.reporting.known_errors.models import KnownError

_SEEN: Final = "seen in the lab, see tests/support/recorded/errors/README.md"
_CURL: Final = "https://curl.se/libcurl/c/libcurl-errors.html"
_OURS: Final = r"(?P<repository>k8s-ha-[\w-]+)"
_THEIRS: Final = r"(?P<repository>(?!k8s-ha-)[^\s:'/]+)"
_DISABLE: Final = (
    "fix it, or set enabled=0 in its file in /etc/yum.repos.d if nothing needs it; every installation reads all that "
    "are enabled"
)
_IN_THE_WAY: Final = "(?:" + "|".join(CONFLICTING_NAMES) + r")(?=-\d|\s|$)"
_LACKING: Final = r"No match for argument|No package .* available|nothing provides|^ +Requires: |no enabled repo"

PACKAGES: Final[Sequence[KnownError]] = (
    # which repository
    KnownError(
        rf"Failed to download metadata for repo '{_THEIRS}': (?!.*GPG signature)|"
        r"failure: \S+ from (?P<other>(?!k8s-ha-)[^\s:]+): \[Errno 256\]",
        "the host's own repository {repository}{other} cannot be read",
        _DISABLE,
        "https://github.com/rethinkdb/rethinkdb/issues/7162",
    ),
    KnownError(
        rf"Failed to download metadata for repo '{_OURS}'|failure: \S+ from (?P<other>k8s-ha-[\w-]+): \[Errno 256\]",
        "{repository}{other}, which the setting mirror names, cannot be read",
        "open the way to it from that host, or choose another mirror",
        _SEEN,
    ),
    KnownError(
        rf"Failed to download metadata for repo '{_THEIRS}': .*GPG signature|"
        r"repomd\.xml signature could not be verified for (?P<other>\S+)",
        "the index of the host's own repository {repository}{other} is not signed by a key that it names",
        "correct its gpgkey, or set enabled=0 in its file in /etc/yum.repos.d",
        "https://github.com/kubernetes/kubernetes/issues/100757",
    ),
    KnownError(
        r"Cannot find a valid baseurl for repo: (?P<repository>(?:base|updates|extras|os)(?=/|$)[^\s]*)",
        "no mirror of {repository} answers; CentOS' own are gone",
        "set base_repositories = 'vault'; where it is, see whether the host resolves names at all",
        "https://github.com/kubernetes-sigs/kubespray/pull/11360",
    ),
    KnownError(
        rf"Cannot find a valid baseurl for repo: (?!(?:base|updates|extras|os)(?:/|$)){_THEIRS}",
        "no mirror of the host's own repository {repository} answers",
        _DISABLE,
        "https://github.com/kubernetes-sigs/kubespray/pull/11360",
    ),
    KnownError(
        r"(?:mirrorlist|mirror)\.centos\.org(?!\S*sclo)",
        "CentOS' own mirrors are gone",
        "set base_repositories = 'vault'; a repository that this does not move must be disabled",
        "https://github.com/kubernetes-sigs/kubespray/pull/11360",
    ),
    KnownError(
        r"(?:mirrorlist|mirror)\.centos\.org\S*sclo",
        "CentOS' software collections (SCLo) are gone with its mirrors",
        "disable their repositories in /etc/yum.repos.d/CentOS-SCLo-*.repo, or point them at vault.centos.org",
        "https://github.com/kubernetes-sigs/kubespray/pull/11360",
    ),
    # what a server said
    KnownError(
        r"Status code: 404 for (?P<url>[^\s)]+)|(?P<other>\w+://\S+): \[Errno 14\] HTTPS? Error 404",
        "there is no {url}{other} (404)",
        "see which repository names that (`grep -r URL /etc/yum.repos.d`), and correct or disable it",
        "https://github.com/honmashironeko/ARL-docker/issues/34",
    ),
    KnownError(
        r"Status code: 403 for \w+://cdn\.redhat\.com|cdn\.redhat\.com\S*: \[Errno 14\] HTTPS? Error 403",
        "Red Hat's servers refuse the host's entitlement",
        "run `subscription-manager refresh` there, and see `subscription-manager status`",
        "https://github.com/NVIDIA/gpu-operator/issues/206",
    ),
    KnownError(
        r"HTTP code 407 from proxy|Status code: 407 for|HTTPS? Error 407",
        "the proxy asks for a name and a password",
        "set proxy_username and proxy_password in /etc/yum.conf there",
        "https://github.com/php-curl-class/php-curl-class/issues/552",
    ),
    KnownError(
        r"^This system is not registered (?:to|with) ",
        "the host is not registered with Red Hat, so it has none of its repositories",
        "register it (`subscription-manager register`), or give it repositories with the packages that lack",
        "https://github.com/ibm-datapower/datapower-labs/issues/2",
        beside=_LACKING,
    ),
    KnownError(
        r"unable to get local issuer certificate|self[- ]signed certificate|issuer is not recognized|"
        r"issuer has been marked as not trusted",
        "the host does not know who has signed a server's certificate",
        "put that authority into /etc/pki/ca-trust/source/anchors and run `update-ca-trust` there",
        "https://github.com/ryran/xsos/issues/277",
    ),
    KnownError(
        r"[Cc]url.*60.*(?:certificate has expired|is not yet valid|Certificate has expired)",
        "a server's certificate is not valid at this host's time",
        "see `date` there; where that is right, its owner must renew it, or disable its repository",
        "https://github.com/zrepl/zrepl/issues/947",
    ),
    KnownError(
        r"(?:Couldn't resolve host name for|Could not resolve host:?) (?:\w+://)?(?P<host>[\w.-]+)",
        "the name {host} cannot be resolved",
        "see /etc/resolv.conf there and the name server behind it",
        _CURL,
    ),
    KnownError(
        r"(?:Couldn't connect to server|Timeout was reached) for \w+://(?P<host>[\w.:-]+)|"
        r"\w+://(?P<other>[\w.:-]+)\S*: \[Errno 1[24]\] (?:curl#(?:7|28) |Timeout on )",
        "the server {host}{other} does not answer",
        "open the way to it (firewall, proxy)",
        _CURL,
    ),
    # which packages
    KnownError(
        r"Failing package is: (?P<package>\S+)|^Package (?P<name>\S+) is not signed",
        "{package}{name} is not signed by a key of its repository, and is not installed",
        "see whose repository that is (`yum info` of it); correct its gpgkey, or choose another mirror",
        _SEEN,
    ),
    KnownError(
        r"nothing provides (?P<what>\S+(?: [<>=]+ [^\s,]+)?),? needed by (?P<package>\S+)",
        "{package} needs {what}, which no enabled repository has",
        "enable the repository that has it; a mirror may be incomplete",
        "https://github.com/openSUSE/libsolv",
    ),
    KnownError(
        r"^ +Requires: (?P<what>container-selinux.*)",
        "{what} is asked for, and no enabled repository has it",
        "enable extras (EL7: of the vault) or, on RHEL 7, rhel-7-server-extras-rpms",
        "https://github.com/docker/for-linux/issues/817",
    ),
    KnownError(
        r"package (?P<package>\S+) is filtered out by modular filtering",
        "{package} is hidden by EL8's modules",
        "choose a repository that sets module_hotfixes=1, as this package's own do",
        "https://github.com/docker/docker-install/issues/230",
    ),
    KnownError(
        r"filtered out by exclude filtering for argument: (?P<package>\S+)",
        "{package} is held by an exclude line in the yum configuration",
        "take it out of that line in /etc/yum.conf or /etc/yum.repos.d",
        _SEEN,
    ),
    KnownError(
        r"file (?P<path>/\S+) from install of (?P<package>\S+) conflicts with file from package (?P<other>\S+)",
        "{package} and {other} both have the file {path}",
        "remove {other} there if nothing needs it",
        "https://github.com/podman-container-tools/podman/issues/4791",
    ),
    KnownError(
        rf"(?P<package>\S+)(?: from \S+)? conflicts with (?P<other>{_IN_THE_WAY}\S*)|"
        rf"(?<!\S)(?P<first>{_IN_THE_WAY}\S*)(?: from \S+)? conflicts with (?P<second>\S+)",
        "{package}{first} cannot stand beside {other}{second}",
        "remove the one that is installed, or set remove_conflicting_packages = True",
        "https://github.com/docker/docker-install/issues/230",
    ),
    KnownError(
        rf"(?<!\S)(?P<package>(?!{_IN_THE_WAY})\S+)(?: from \S+)? conflicts with "
        rf"(?!file )(?P<other>(?!{_IN_THE_WAY})\S+)",
        "{package} cannot stand beside {other}",
        "remove the one that is installed, if nothing needs it",
        "https://github.com/docker/docker-install/issues/230",
    ),
    KnownError(
        r"No match for argument: (?P<package>\S+)|No package (?P<name>\S+) available",
        "no enabled repository has {package}{name}",
        "choose a version that the mirror has, or another mirror",
        _SEEN,
    ),
    KnownError(
        r"Thread died in Berkeley DB library|file is not a database|rpmdb open failed",
        "rpm cannot read its database, as after a kill in the middle of its work",
        RPM_REMEDY,
        "https://access.redhat.com/solutions/6903",
    ),
)
