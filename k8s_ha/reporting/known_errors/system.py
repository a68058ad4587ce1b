"""The known errors of nginx, the container runtimes and file systems."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from k8s_ha.reporting.known_errors.models import KnownError

SYSTEM: Final[Sequence[KnownError]] = (
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
        r"\"stream\" directive is duplicate in (?P<where>\S+)",
        "nginx takes one stream {{}} block, and {where} begins a second",
        "move the servers of one into the other",
        "https://github.com/linuxserver/docker-swag/issues/440",
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
        "correct that file; where it is config.toml and nothing of it is needed, remove it and run this again",
        "https://github.com/containerd/containerd/blob/main/docs/man/containerd-config.toml.5.md",
    ),
    KnownError(
        r"unable to configure the Docker daemon with file (?P<path>[^\s:]+): .*specified both as a flag and in the "
        r"configuration file: (?P<keys>.*)",
        "Docker is given settings by flags and by {path} at once ({keys})",
        "take those flags out of the unit (`systemctl cat docker`) or what it reads; then run this again",
        "https://github.com/docker/for-linux/issues/327",
    ),
    KnownError(
        r"unable to configure the Docker daemon with file (?P<path>[^\s:]+): (?P<why>(?!.*specified both).*)",
        "Docker does not understand {path} ({why})",
        "correct that file; this package sets only the cgroup driver, mirrors and log rotation in it",
        "https://docs.docker.com/engine/daemon/troubleshoot/",
    ),
    # file systems
    KnownError(
        r"No space left on device|database or disk is full|needs \d+[KMG]B more space",
        "a file system is full",
        "see `df -h` and `df -i` there",
        "https://man7.org/linux/man-pages/man3/errno.3.html",
    ),
    KnownError(
        r"Read-only file system",
        "a file system is mounted read-only",
        "see `findmnt -O ro` and `dmesg` there; the kernel makes a damaged one read-only",
        "https://man7.org/linux/man-pages/man3/errno.3.html",
    ),
    KnownError(
        r"^(?:mv|cp|rm|dd|ln|chmod|chown|install|sed|touch|mkdir): .*'(?P<path>/[^']+)'.*: Operation not permitted$|"
        r"unpacking of archive failed on file (?P<file>[^\s;:]+).*: cpio: .*Operation not permitted",
        "root may not change {path}{file}",
        "see `lsattr -d` of it and of its folder there; an i is taken off by `chattr -i`, if nobody needs it",
        "https://github.com/chef/omnitruck/issues/206",
    ),
)
