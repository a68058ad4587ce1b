"""What the next boot would undo."""

from __future__ import annotations

from tests.lab.odd.rows import Odd, kept

_SWAP = "/etc/systemd/system/swapfile.swap"
_SWAP_LINK = "/etc/systemd/system/multi-user.target.wants/swapfile.swap"
_SELINUX = "/etc/selinux/config"
_RC_LOCAL = "/etc/rc.d/rc.local"


def _line(path: str, text: str) -> tuple[str, str]:
    """A file of one line, where none stands."""
    return f"[ ! -e {path} ] && echo '{text}' >{path}", f"rm {path}"


def _added(path: str, text: str) -> tuple[str, str]:
    """Text at the end of a file, which may lack its own last line's end."""
    return kept(path, f"printf '{text}' >>{path}")


BOOTS = [
    Odd(
        "a kernel setting in a file that sorts behind ours",
        "worker1",
        "boot",
        "error",
        "/etc/sysctl.d/zz.conf:1 reads `net.ipv4.ip_forward = 0`",
        *_line("/etc/sysctl.d/zz.conf", "net.ipv4.ip_forward = 0"),
    ),
    Odd(
        "a kernel setting in a file that sorts before ours",
        "worker2",
        "boot",
        None,
        "ip_forward",
        *_line("/etc/sysctl.d/10-router.conf", "net.ipv4.ip_forward = 0"),
    ),
    Odd(
        "a module that modprobe is told not to load",
        "worker2",
        "kernel",
        "error",
        "/etc/modprobe.d/x.conf:1 reads `install overlay /bin/false`",
        *_line("/etc/modprobe.d/x.conf", "install overlay /bin/false"),
    ),
    Odd(
        "a module that systemd is told not to load",
        "master1",
        "boot",
        "error",
        "/etc/modprobe.d/x.conf:1 reads `blacklist br_netfilter`",
        *_line("/etc/modprobe.d/x.conf", "blacklist br_netfilter"),
    ),
    Odd(
        "a swap unit that a target wants",
        "master2",
        "boot",
        "error",
        f"{_SWAP_LINK} has the boot swap",
        f"printf '[Swap]\\nWhat=/swapfile\\n' >{_SWAP} && ln -s {_SWAP} {_SWAP_LINK}",
        f"rm {_SWAP_LINK} {_SWAP}",
    ),
    Odd(
        "nobody applies kernel settings at boot",
        "master3",
        "boot",
        "error",
        "systemd-sysctl.service is masked",
        "systemctl -q mask systemd-sysctl.service",
        "systemctl -q unmask systemd-sysctl.service",
    ),
    Odd(
        "a script of the boot that turns swap on",
        "worker1",
        "boot",
        "error",
        f"{_RC_LOCAL}:2 turns swap on at boot",
        f"mkdir /etc/rc.d && printf '#!/bin/sh\\nswapon -a\\n' >{_RC_LOCAL} && chmod 755 {_RC_LOCAL}",
        "rm -r /etc/rc.d",
    ),
    Odd(
        "an agent of a cloud that makes swap",
        "master1",
        "boot",
        "error",
        "has Azure's agent make swap at boot",
        *_line("/etc/waagent.conf", "ResourceDisk.EnableSwap=y"),
    ),
    Odd(
        "an entry for swap at the end of fstab, without a line's end",
        "worker2",
        "swap",
        "warning",
        "/etc/fstab has swap for the next boot",
        *_added("/etc/fstab", "/dev/odd none swap defaults 0 0"),
    ),
    Odd(
        "SELinux that enforces at the next boot, with a blank behind the word",
        "master3",
        "selinux",
        "warning",
        "/etc/selinux/config has SELinux enforce at the next boot",
        f"setenforce 0 && cp -p {_SELINUX} /run/selinux && sed 's/^SELINUX=.*/& /' /run/selinux >{_SELINUX}",
        f"cp -p /run/selinux {_SELINUX} && rm /run/selinux && setenforce 1",
    ),
]
