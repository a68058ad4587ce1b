"""A host's kernel: modules, sysctl, swap, SELinux."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Final

from pyinfra import host
from pyinfra.api import StringCommand

from k8s_ha.facts.system import ActiveUnits, Kernel
from k8s_ha.operations.commands import long_command
from k8s_ha.operations.guarded import guarded, look

SECONDS_FOR_SWAP: Final = 900
TIME_SERVICES: Final = ("chronyd.service", "ntpd.service", "systemd-timesyncd.service")


@guarded
def modules_loaded(modules: Sequence[str], package: str | None = None) -> Generator[StringCommand]:
    """Have kernel modules loaded now; one that is built in counts as loaded.

    + modules: their names
    + package: what has them where the kernel's own package has not, of the running kernel's release
    """
    unloaded = look(Kernel, modules=modules, keys=()).unloaded
    if not unloaded:
        host.noop("the modules are loaded")
        return
    if package:
        wanted = f'"{package}-$(uname -r)"'
        yield long_command(
            "kernel-modules", f"rpm -q {wanted} || yum -y install {wanted}", seconds=900, lock="packages"
        )
    yield StringCommand("modprobe", "-a", *unloaded)


@guarded
def sysctl_applied(values: Mapping[str, str], path: str) -> Generator[StringCommand]:
    """Have the running kernel use the values of a sysctl file.

    + values: value by key, as the file has them
    + path: the file
    """
    current = look(Kernel, modules=(), keys=sorted(values)).sysctl
    if current == dict(values):
        host.noop("the kernel uses these values")
    else:
        yield StringCommand("sysctl", "-q", "-p", path)


@guarded
def swap_off() -> Generator[StringCommand]:
    """Have no swap, now and after a reboot: kubelet does not start beside it.

    Only fstab entries of type swap are commented out, and swap.target is masked, which systemd's own swap units need.
    """
    kernel = look(Kernel, modules=(), keys=())
    if kernel.swap:
        # What lies in it is read back into memory, which takes its time.
        yield StringCommand("swapoff -a", _timeout=SECONDS_FOR_SWAP)
    if kernel.fstab_swap:
        entry = r"^([^#[:space:]]+[[:space:]]+[^[:space:]]+[[:space:]]+swap[[:space:]].*)"
        yield StringCommand(rf"sed -i.before-k8s-ha -E 's/{entry}/# \1/' /etc/fstab")
    if not kernel.swap_masked:
        yield StringCommand("systemctl -q mask swap.target")
    if not kernel.swap and not kernel.fstab_swap and kernel.swap_masked:
        host.noop("there is no swap")


@guarded
def selinux_permissive() -> Generator[StringCommand]:
    """Have SELinux permissive, now and after a reboot; a disabled one stays disabled."""
    kernel = look(Kernel, modules=(), keys=())
    if kernel.selinux == "Enforcing":
        yield StringCommand("setenforce 0")
    if kernel.selinux_configured == "enforcing":
        yield StringCommand("sed -i 's/^SELINUX=enforcing/SELINUX=permissive/' /etc/selinux/config")
    if kernel.selinux != "Enforcing" and kernel.selinux_configured != "enforcing":
        host.noop(f"SELinux is {kernel.selinux.lower()}")


@guarded
def time_in_sync() -> Generator[StringCommand]:
    """Have a service that keeps the clock: the one that is there, else chrony.

    To a host whose clock is behind, new certificates are not valid yet.
    """
    active = look(ActiveUnits, units=TIME_SERVICES)
    if active:
        host.noop(f"{active[0]} keeps the clock")
    else:
        yield long_command(
            "chrony",
            "{ rpm -q chrony || yum -y install chrony; } && systemctl enable --now chronyd",
            seconds=600,
            lock="packages",
        )
