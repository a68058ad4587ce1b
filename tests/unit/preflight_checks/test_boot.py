"""What the next boot would undo: a host's files to the exact findings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from k8s_ha.findings import Finding
from k8s_ha.observations.boot import BootState
from k8s_ha.observations.sysctl import Line
from k8s_ha.observations.units import UnitState
from k8s_ha.preflight_checks.model import HostContext
from tests.support.cases import context, found, warning

NODE = {"node": True, "hostname": "worker1"}
ON = UnitState("loaded", active=True, file="enabled", pulled_in_by=("multi-user.target",))
MASKED = UnitState("masked", active=False, file="masked")
KERNEL = "4.18.0-553.el8_10.x86_64"
NEWER = "4.18.0-600.el8.x86_64"
BOTH = ("br_netfilter", "overlay")
KUBELET_AND_SWAP = "the kubelet does not start beside swap"
FILE = "/etc/sysctl.d/z-hardening.conf"


def boot(name: str = "worker1", **given: Any) -> HostContext:
    """A host with that to tell of its next boot; what is no part of ``BootState`` is the case's."""
    preflight = BootState(**{key: given.pop(key) for key in list(given) if key in BootState.__dataclass_fields__})
    return context(name, boot=preflight, **given)


def of(check: str, *cells: str, host: str = "worker1") -> Finding:
    return Finding(host, check, *cells)


def sysctl_line(number: int = 1, text: str = "net.ipv4.ip_forward = 0", path: str = FILE) -> Finding:
    return of(
        "boot",
        f"{path}:{number} reads `{text}`",
        "the boot applies it behind /etc/sysctl.d/k8s.conf, and pods need the value there",
        "take that line out",
    )


def hardened(text: str = "net.ipv4.ip_forward = 0", **given: Any) -> HostContext:
    return boot(files=(FILE,), sysctl=(Line(FILE, 1, text),), **given)


def kept_out(check: str, found_: str, reason: str, remedy: str = "take that line out") -> Finding:
    return of(check, found_, f"pods need the module; {reason}", remedy)


def masked(unit: str, purpose: str) -> Finding:
    return of("boot", f"{unit} is masked", purpose, f"run `systemctl unmask {unit}` there")


PERMISSIVE = "the setting selinux is 'permissive'"
RC_LOCAL = "/etc/rc.d/rc.local"
INSTALL = "modprobe then runs that instead, and reports success"
BLACKLISTED = "systemd loads no blacklisted one at boot"

ROWS: dict[str, tuple[HostContext, Finding | None]] = {
    "a kernel setting": (hardened(), sysctl_line()),
    "a kernel setting on a load balancer": (hardened(name="master-lb"), None),
    "a kernel setting by its other name": (
        hardened("net.ipv4.conf.all.forwarding=0"),
        sysctl_line(text="net.ipv4.conf.all.forwarding=0"),
    ),
    "a kernel setting of rc.local": (
        boot(commands=(Line(RC_LOCAL, 3, "sysctl -w net.ipv4.ip_forward=0"),)),
        sysctl_line(3, "sysctl -w net.ipv4.ip_forward=0", RC_LOCAL),
    ),
    "one that is written": (
        boot(commands=(Line(RC_LOCAL, 3, "echo 0 > /proc/sys/net/ipv4/ip_forward"),)),
        sysctl_line(3, "echo 0 > /proc/sys/net/ipv4/ip_forward", RC_LOCAL),
    ),
    "one that is written as wanted": (
        boot(commands=(Line(RC_LOCAL, 3, "echo 1 > /proc/sys/net/ipv4/ip_forward"),)),
        None,
    ),
    "sysctl.conf that rc.local applies": (
        boot(
            files=("/etc/sysctl.conf",),
            sysctl=(Line("/etc/sysctl.conf", 2, "net.ipv4.ip_forward = 0"),),
            commands=(Line(RC_LOCAL, 3, "/usr/sbin/sysctl -p"),),
        ),
        sysctl_line(2, path="/etc/sysctl.conf"),
    ),
    "sysctl.conf that tuned applies": (
        boot(
            files=("/etc/sysctl.conf",),
            sysctl=(Line("/etc/sysctl.conf", 2, "net.ipv4.ip_forward = 0"),),
            tuned=(),
        ),
        sysctl_line(2, path="/etc/sysctl.conf"),
    ),
    "sysctl.conf that nobody applies": (
        boot(files=("/etc/sysctl.conf",), sysctl=(Line("/etc/sysctl.conf", 2, "net.ipv4.ip_forward = 0"),)),
        None,
    ),
    "a rule of udev": (
        boot(udev_rules=(Line("/etc/udev/rules.d/99-b.rules", 1, 'RUN+="/sbin/sysctl -p /etc/b"'),)),
        warning(
            "worker1",
            "boot",
            "/etc/udev/rules.d/99-b.rules:1 runs sysctl when br_netfilter is loaded",
            "it may set the bridge's values otherwise than pods need them",
            "see that it sets net.bridge.bridge-nf-call-iptables to 1, or take it out",
        ),
    ),
    "an install rule": (
        boot(modprobe=(Line("/etc/modprobe.d/x.conf", 4, "install overlay /bin/false"),)),
        kept_out("kernel", "/etc/modprobe.d/x.conf:4 reads `install overlay /bin/false`", INSTALL),
    ),
    "an install rule that runs modprobe": (
        boot(modprobe=(Line("/etc/modprobe.d/x.conf", 4, "install overlay /sbin/modprobe -i overlay && true"),)),
        None,
    ),
    "an alias": (
        boot(modprobe=(Line("/etc/modprobe.d/x.conf", 4, "alias br_netfilter off"),)),
        kept_out(
            "kernel", "/etc/modprobe.d/x.conf:4 reads `alias br_netfilter off`", "modprobe then loads another one"
        ),
    ),
    "a blacklist": (
        boot(modprobe=(Line("/etc/modprobe.d/x.conf", 4, "blacklist\tbr-netfilter"),)),
        kept_out("boot", "/etc/modprobe.d/x.conf:4 reads `blacklist\tbr-netfilter`", BLACKLISTED),
    ),
    "a blacklist of the kernel": (
        boot(command_line="ro module_blacklist=floppy,br_netfilter"),
        kept_out(
            "kernel",
            "the kernel's command line has module_blacklist=floppy,br_netfilter",
            "the kernel refuses to load it",
            "take it out",
        ),
    ),
    "a blacklist for modprobe": (
        boot(command_line="modprobe.blacklist=overlay ro"),
        kept_out("boot", "the kernel's command line has modprobe.blacklist=overlay", BLACKLISTED, "take it out"),
    ),
    "a blacklist of others": (boot(command_line="modprobe.blacklist=nouveau module_blacklist=floppy"), None),
    "a kernel that loads nothing": (
        boot(modules_locked=True, modules=("overlay",)),
        of(
            "kernel",
            "kernel.modules_disabled is 1",
            "pods need the module br_netfilter, and nothing loads it before the next boot",
            "take that setting out of sysctl.d, and boot again",
        ),
    ),
    "a kernel that loads nothing and needs nothing": (boot(modules_locked=True, modules=BOTH), None),
    "the same kernel": (boot(kernels={KERNEL: ()}), None),
    "a newer kernel with all modules": (boot(kernels={KERNEL: BOTH, NEWER: BOTH}), None),
    "a newer kernel without a module": (
        boot(kernels={KERNEL: BOTH, NEWER: ("overlay",)}),
        of(
            "boot",
            f"kernel {KERNEL} runs, and {NEWER} is booted next, which has no module br_netfilter",
            "pods need it",
            "reinstall that kernel's packages there",
        ),
    ),
    "a newer kernel that is not booted": (
        boot(kernels={KERNEL: BOTH, NEWER: ("overlay",)}, entry=f"0123-{KERNEL}"),
        None,
    ),
    "EL10 that boots a kernel without its package": (
        boot(el_major=10, kernels={NEWER: ("overlay",)}),
        of(
            "boot",
            f"kernel 6.12.0-55.el10_0.x86_64 runs, and {NEWER} is booted next, which has no module br_netfilter",
            "pods need it",
            f"run `yum install kernel-modules-extra-{NEWER}` there",
        ),
    ),
    "EL10 that booted before its update": (
        boot(el_major=10, kernels={NEWER: BOTH}, lacking_modules=("br_netfilter",)),
        of(
            "kernel",
            "kernel 6.12.0-55.el10_0.x86_64 has no module br_netfilter, and 4.18.0-600.el8.x86_64 is installed",
            "repositories keep kernel-modules-extra for the newest kernels only",
            "boot 4.18.0-600.el8.x86_64, then run this again",
        ),
    ),
    "a masked kubelet, which is the check units' to find": (
        boot(units={"kubelet.service": MASKED}),
        of(
            "units",
            "kubelet.service is masked",
            "this run starts it, and so does the boot",
            "run `systemctl unmask kubelet.service` there",
        ),
    ),
    "a masked systemd-sysctl": (
        boot(units={"systemd-sysctl.service": MASKED}),
        masked("systemd-sysctl.service", "it applies a node's kernel settings at boot"),
    ),
    "a masked systemd-modules-load": (
        boot(units={"systemd-modules-load.service": MASKED}),
        masked("systemd-modules-load.service", "it loads a node's kernel modules at boot"),
    ),
    "a unit that cannot be enabled": (
        boot(units={"containerd.service": UnitState("loaded", active=True, file="static")}),
        of(
            "boot",
            "containerd.service has no [Install] section",
            "so it cannot be enabled, and the boot would not start it",
            "see `systemctl cat containerd.service` there, and give it WantedBy=multi-user.target",
        ),
    ),
    "a masked clock": (
        boot(units={"chronyd.service": MASKED}),
        masked("chronyd.service", "a host's clock must be kept"),
    ),
    "a masked clock beside another": (boot(units={"chronyd.service": MASKED, "ntpd.service": ON}), None),
    "two clocks": (
        boot(units={"chronyd.service": ON, "ntpd.service": ON}),
        warning(
            "worker1",
            "boot",
            "chronyd.service and ntpd.service are enabled",
            "one service keeps a clock, and the boot may start the wrong one",
            "run `systemctl disable ntpd.service` there, or disable the other",
        ),
    ),
    "a firewalld that is enabled": (boot(units={"firewalld.service": ON}), None),
    "a firewalld of EL7": (boot(units={"firewalld.service": replace(ON, pulled_in_by=("basic.target",))}), None),
    "a firewalld that is pulled in": (
        boot(units={"firewalld.service": replace(ON, pulled_in_by=("fail2ban.service", "multi-user.target"))}),
        of(
            "boot",
            "fail2ban.service starts firewalld",
            "this run disables it, and the boot would start it again",
            "run `systemctl mask firewalld.service` there, or set firewall = 'keep'",
        ),
    ),
    "a firewalld that is kept": (
        boot(
            units={"firewalld.service": replace(ON, pulled_in_by=("fail2ban.service",))},
            settings={"firewall": "keep"},
        ),
        None,
    ),
    "SELinux of the kernel": (
        boot("master-lb", command_line="ro enforcing=1"),
        of(
            "boot",
            "the kernel's command line has enforcing=1",
            f"SELinux enforces at boot, whatever /etc/selinux/config says, and {PERMISSIVE}",
            "run `grubby --update-kernel=ALL --remove-args=enforcing` there, or set selinux = 'keep'",
            host="master-lb",
        ),
    ),
    "SELinux at the next boot": (
        boot(selinux="SELINUX=Enforcing "),
        warning(
            "worker1",
            "selinux",
            "/etc/selinux/config has SELinux enforce at the next boot",
            PERMISSIVE,
            "nothing: this run makes it permissive there; set selinux = 'keep' to have it enforce",
        ),
    ),
    "SELinux of rc.local": (
        boot(commands=(Line(RC_LOCAL, 2, "setenforce Enforcing"),)),
        of("boot", f"{RC_LOCAL}:2 has SELinux enforce at boot", PERMISSIVE, "take that line out"),
    ),
    "SELinux kept": (
        boot(
            selinux="SELINUX=enforcing",
            command_line="enforcing=1",
            commands=(Line(RC_LOCAL, 2, "setenforce 1"),),
            settings={"selinux": "keep"},
        ),
        None,
    ),
    "swap in fstab": (
        boot(fstab=("/dev/dm-1 none swap defaults 0 0",)),
        warning(
            "worker1",
            "swap",
            "/etc/fstab has swap for the next boot",
            KUBELET_AND_SWAP,
            "nothing: this run makes the entry a comment",
        ),
    ),
    "swap in fstab that the boot leaves": (boot(fstab=("/dev/dm-1 none swap noauto 0 0", "# swap")), None),
    "a swap unit": (
        boot(swap_units=("/etc/systemd/system/multi-user.target.wants/a.swap",)),
        of(
            "boot",
            "/etc/systemd/system/multi-user.target.wants/a.swap has the boot swap",
            KUBELET_AND_SWAP,
            "remove that link: masking swap.target does not stop it",
        ),
    ),
    "a service that swaps": (
        boot(units={"zram-swap.service": ON}),
        of(
            "boot",
            "zram-swap.service swaps at boot",
            KUBELET_AND_SWAP,
            "run `systemctl disable --now zram-swap.service` there",
        ),
    ),
    "Azure's agent": (
        boot(swap_agent=(Line("/etc/waagent.conf", 9, "ResourceDisk.EnableSwap=y"),)),
        of(
            "boot",
            "/etc/waagent.conf:9 has Azure's agent make swap at boot",
            KUBELET_AND_SWAP,
            "set ResourceDisk.EnableSwap=n in that file",
        ),
    ),
    "swap of rc.local": (
        boot(commands=(Line(RC_LOCAL, 5, "/sbin/swapon /swapfile"),)),
        of("boot", f"{RC_LOCAL}:5 turns swap on at boot", KUBELET_AND_SWAP, "take that line out"),
    ),
    "swap on a load balancer": (
        boot("master-lb", fstab=("/dev/dm-1 none swap sw 0 0",), swap_units=("/x.swap",)),
        None,
    ),
}


@pytest.mark.parametrize(("given", "finding"), ROWS.values(), ids=ROWS)
def test_what_the_next_boot_undoes(given: HostContext, finding: Finding | None) -> None:
    assert found(given) == ([finding] if finding else [])


@pytest.mark.parametrize(("given", "finding"), [row for row in ROWS.values() if row[1] and row[1].host == "worker1"])
def test_on_a_node_it_is_a_warning(given: HostContext, finding: Finding) -> None:
    node = replace(given, survey=replace(given.survey, node=True, hostname="worker1"))
    assert found(node) == [replace(finding, severity="warning")]
