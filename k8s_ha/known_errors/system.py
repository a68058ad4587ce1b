"""The known errors of dnf and yum, nginx and the container runtimes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from k8s_ha.known_errors.models import KnownError
from k8s_ha.yum import RPM_CURE

_SEEN: Final = "seen in the lab, see tests/recorded/errors/README.md"

SYSTEM: Final[Sequence[KnownError]] = (
    # dnf and yum
    KnownError(
        r"Failing package is: (?P<package>\S+)|^Package (?P<name>\S+) is not signed",
        "a package is not signed by its repository's key",
        "ask who runs the mirror, or choose another one; such packages are not installed",
        _SEEN,
    ),
    KnownError(
        r"mirrorlist\.centos\.org|mirror\.centos\.org|Cannot find a valid baseurl for repo",
        "CentOS' own mirrors are gone",
        "set base_repositories = 'vault'; where it is, see whether the host resolves names at all",
        "https://github.com/kubernetes-sigs/kubespray/pull/11360",
    ),
    KnownError(
        r"(?:Couldn't resolve host name for|Could not resolve host:?) (?:\w+://)?(?P<host>[\w.-]+)",
        "the name {host} cannot be resolved",
        "see /etc/resolv.conf there and the name server behind it",
        "https://curl.se/libcurl/c/libcurl-errors.html",
    ),
    KnownError(
        r"(?:Couldn't connect to server|Timeout was reached) for \w+://(?P<host>[\w.:-]+)",
        "the mirror {host} does not answer",
        "open the way to it (firewall, proxy), or choose another mirror",
        "https://curl.se/libcurl/c/libcurl-errors.html",
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
        r"(?P<package>\S+)(?: from \S+)? conflicts with (?P<other>\S+)",
        "{package} cannot stand beside {other}",
        "remove the one that is installed, or set remove_conflicting_packages = True",
        "https://github.com/docker/docker-install/issues/230",
    ),
    KnownError(
        r"No match for argument: (?P<package>\S+)|No package (?P<name>\S+) available",
        "no enabled repository has {package}{name}",
        "choose a version that the mirror has, or another mirror",
        _SEEN,
    ),
    KnownError(
        r"No space left on device|database or disk is full|needs \d+[KMG]B more space",
        "a file system is full",
        "see `df -h` there",
        "https://man7.org/linux/man-pages/man3/errno.3.html",
    ),
    KnownError(
        r"Thread died in Berkeley DB library|file is not a database|rpmdb open failed",
        "rpm cannot read its database, as after a kill in the middle of its work",
        RPM_CURE,
        "https://access.redhat.com/solutions/6903",
    ),
    # nginx
    KnownError(
        r"unknown directive \"stream\"",
        "nginx has no stream module, or the include stands before the line that loads it",
        "see that nginx-mod-stream is installed and nginx.conf includes /usr/share/nginx/modules/*.conf at its top",
        "https://nginx.org/en/docs/stream/ngx_stream_core_module.html",
    ),
    KnownError(
        r"\"stream\" directive is not allowed here in (?P<where>\S+)",
        "{where} is included within http {{}} or another block",
        "include tcp.d/*.conf at nginx.conf's top level only",
        "https://nginx.org/en/docs/stream/ngx_stream_core_module.html",
    ),
    KnownError(
        r"module \"ngx_stream_module\" is already loaded",
        "nginx.conf loads the stream module twice",
        "remove the load_module line that is not the package's",
        "https://nginx.org/en/docs/ngx_core_module.html#load_module",
    ),
    KnownError(
        r"bind\(\) to (?P<address>\S+) failed \(98",
        "{address} is taken by another program",
        "see which by `ss -ltnp`; on a control plane the endpoint needs a port other than 6443",
        "https://nginx.org/en/docs/stream/ngx_stream_core_module.html#listen",
    ),
    KnownError(
        r"bind\(\) to (?P<address>\S+) failed \(13",
        "nginx may not listen at {address}: SELinux forbids it, or it does not run as root",
        "see `getenforce` there; set selinux to 'permissive', or to 'keep', which allows nginx its port",
        "https://nginx.org/en/docs/stream/ngx_stream_core_module.html#listen",
    ),
    KnownError(
        r"bind\(\) to (?P<address>\S+) failed \(99",
        "the host has no such address as {address}",
        "correct control_plane_endpoint or the host's address",
        "https://nginx.org/en/docs/stream/ngx_stream_core_module.html#listen",
    ),
    KnownError(
        r"duplicate \"(?P<address>\S+)\" address and port pair in (?P<where>\S+)",
        "another file makes nginx listen at {address} as well as {where}",
        "remove that server from the other file in /etc/nginx",
        "https://nginx.org/en/docs/stream/ngx_stream_core_module.html#listen",
    ),
    KnownError(
        r"\[emerg\].*open\(\) \"(?P<path>[^\"]+)\" failed \((?P<why>[^)]+)\)",
        "nginx cannot open {path} ({why})",
        "make its folder, or restore the file's owner and SELinux label (`restorecon -R`)",
        "https://nginx.org/en/docs/ngx_core_module.html#error_log",
    ),
    # the container runtimes
    KnownError(
        r"failed to load TOML: (?P<path>\S+): (?P<why>.*)",
        "containerd does not understand {path} ({why})",
        "run this again, which writes that file",
        "https://github.com/containerd/containerd/blob/main/docs/man/containerd-config.toml.5.md",
    ),
    KnownError(
        r"unable to configure the Docker daemon with file (?P<path>[^\s:]+): (?P<why>.*)",
        "Docker does not understand {path} ({why})",
        "correct that file; this package sets only the cgroup driver, mirrors and log rotation in it",
        "https://docs.docker.com/engine/daemon/troubleshoot/",
    ),
)
