"""Operations on a host's kernel, swap, SELinux, units and name: the commands, and the look at the state behind them."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_ha.facts.kernel import Kernel, KernelState, SelinuxMode, SelinuxModes, Swap, SwapState
from k8s_ha.facts.system import Content
from k8s_ha.facts.units import HostName, HostNames, Units
from k8s_ha.observations.units import UnitState
from k8s_ha.operations.before import kept_before
from k8s_ha.operations.commands import edited, long_command
from k8s_ha.operations.hostname import hostname_set
from k8s_ha.operations.kernel import modules_loaded, sysctl_applied
from k8s_ha.operations.selinux_mode import selinux_permissive
from k8s_ha.operations.swap import swap_off
from k8s_ha.operations.units import time_in_sync, unit_enabled, unit_off
from tests.support.operation_bench import Bench, Command, Facts, Noop, Step, Then, command, refusal, test_of

SYSCTL = {"values": {"net.ipv4.ip_forward": "1"}, "path": "/etc/sysctl.d/k8s.conf"}
APPLY = Command("sysctl -q -p /etc/sysctl.d/k8s.conf")
FORWARDING, NOT_FORWARDING = (KernelState((), {"net.ipv4.ip_forward": value}) for value in "10")
LOADED, UNLOADED = KernelState((), {}), KernelState(("overlay", "br_netfilter"), {})
BOTH = {"modules": ["overlay", "br_netfilter"]}
MODULES_PACKAGE = command(
    long_command(
        "kernel-modules",
        'rpm -q "kernel-modules-extra-$(uname -r)" || yum -y install "kernel-modules-extra-$(uname -r)"',
        seconds=900,
        lock="packages",
    )
)
NO_SWAP = SwapState((), in_fstab=False, target_masked=True)
ENTRY = b"# \xb3\xbb\n/dev/dm-1 none swap defaults 0 0"
WITHOUT_ENTRY = b"# \xb3\xbb\n# /dev/dm-1 none swap defaults 0 0"
SWAP_KEPT = command(kept_before(["swap /dev/dm-1", "swap_target unmasked"], {"fstab": "/etc/fstab"}))
FSTAB_EDIT = command(edited("/etc/fstab", ENTRY, WITHOUT_ENTRY))
MASK = Command("systemctl -q mask swap.target")
PERMISSIVE = SelinuxModes("Permissive", "permissive")
SELINUX = b"SELINUX=enforcing \r\n"
SELINUX_EDIT = command(edited("/etc/selinux/config", SELINUX, b"SELINUX=permissive \r\n"))


def selinux_kept(mode: str) -> Command:
    return command(kept_before([f"selinux {mode}"], {"selinux-config": "/etc/selinux/config"}))


FIREWALLD = {"unit": "firewalld.service"}
KUBELET = {"unit": "kubelet.service"}
CHRONY = long_command(
    "chrony",
    "{ rpm -q chrony || yum -y install chrony; } && systemctl enable --now chronyd.service",
    seconds=600,
    lock="packages",
)
ON = UnitState("loaded", active=True, file="enabled")
OFF = UnitState("loaded", active=False, file="disabled")
MASKED = UnitState("masked", active=False, file="masked")


def firewalld(state: UnitState) -> dict[str, UnitState]:
    return {"firewalld.service": state}


def kubelet(state: UnitState) -> dict[str, UnitState]:
    return {"kubelet.service": state}


def clock(**states: UnitState) -> dict[str, UnitState]:
    return {f"{name}.service": state for name, state in states.items()}


SETTLED = {
    "modules at work": (modules_loaded, BOTH, {Kernel: LOADED}, [Noop("the modules are loaded")]),
    "sysctl as wanted": (sysctl_applied, SYSCTL, {Kernel: FORWARDING}, [Noop("the kernel uses these values")]),
    "no swap": (swap_off, {}, {Swap: NO_SWAP}, [Noop("there is no swap")]),
    "permissive": (selinux_permissive, {}, {SelinuxMode: PERMISSIVE}, [Noop("SELinux is permissive")]),
    "disabled": (
        selinux_permissive,
        {},
        {SelinuxMode: SelinuxModes("Disabled", "disabled")},
        [Noop("SELinux is disabled")],
    ),
    "no firewalld": (unit_off, FIREWALLD, {Units: {}}, [Noop("firewalld.service is off")]),
    "firewalld off": (unit_off, FIREWALLD, {Units: firewalld(OFF)}, [Noop("firewalld.service is off")]),
    "firewalld masked": (unit_off, FIREWALLD, {Units: firewalld(MASKED)}, [Noop("firewalld.service is off")]),
    "kubelet enabled": (unit_enabled, KUBELET, {Units: kubelet(ON)}, [Noop("kubelet.service is enabled")]),
    "a kept clock": (time_in_sync, {}, {Units: clock(ntpd=ON)}, [Noop("ntpd.service keeps the clock")]),
    "a clock that nobody can keep": (
        time_in_sync,
        {},
        {Units: clock(chronyd=MASKED)},
        [
            refusal(
                "worker1: chronyd.service is masked, so that nothing can start it; run `systemctl unmask "
                "chronyd.service` there, then run this again."
            )
        ],
    ),
    "a masked kubelet": (
        unit_enabled,
        KUBELET,
        {Units: kubelet(MASKED)},
        [
            refusal(
                "worker1: kubelet.service is masked, so that nothing can start it; run `systemctl unmask "
                "kubelet.service` there, then run this again."
            )
        ],
    ),
    "the name": (hostname_set, {"hostname": "w"}, {HostName: HostNames("w", "w")}, [Noop("its name is w")]),
}

test_what_is_settled_is_left_alone = test_of(SETTLED)

CHANGES: dict[str, tuple[Any, dict[str, Any], Facts, list[Step]]] = {
    "modules": (
        modules_loaded,
        BOTH,
        {Kernel: Then(UNLOADED, LOADED)},
        [Command("modprobe -a overlay br_netfilter")],
    ),
    "modules of a package": (
        modules_loaded,
        BOTH | {"package": "kernel-modules-extra"},
        {Kernel: Then(UNLOADED, LOADED)},
        [MODULES_PACKAGE, Command("modprobe -a overlay br_netfilter")],
    ),
    "sysctl": (sysctl_applied, SYSCTL, {Kernel: Then(NOT_FORWARDING, FORWARDING)}, [APPLY]),
    "a sysctl key that is not there yet": (sysctl_applied, SYSCTL, {Kernel: Then(LOADED, FORWARDING)}, [APPLY]),
    "swap everywhere": (
        swap_off,
        {},
        {Swap: Then(SwapState(("/dev/dm-1",), in_fstab=True, target_masked=False), NO_SWAP), Content: ENTRY},
        [SWAP_KEPT, Command("swapoff -a"), FSTAB_EDIT, MASK],
    ),
    "swap in fstab alone": (
        swap_off,
        {},
        {Swap: Then(SwapState((), in_fstab=True, target_masked=True), NO_SWAP), Content: ENTRY},
        [command(kept_before(["swap none", "swap_target masked"], {"fstab": "/etc/fstab"})), FSTAB_EDIT],
    ),
    "swap that came back": (
        swap_off,
        {},
        {Swap: Then(SwapState(("/dev/zram0", "/swap"), in_fstab=False, target_masked=True), NO_SWAP)},
        [
            command(kept_before(["swap /dev/zram0", "swap /swap", "swap_target masked"], {"fstab": "/etc/fstab"})),
            Command("swapoff -a"),
        ],
    ),
    "SELinux": (
        selinux_permissive,
        {},
        {SelinuxMode: Then(SelinuxModes("Enforcing", "enforcing"), PERMISSIVE), Content: SELINUX},
        [selinux_kept("Enforcing"), Command("setenforce 0"), SELINUX_EDIT],
    ),
    "SELinux at boot": (
        selinux_permissive,
        {},
        {SelinuxMode: Then(SelinuxModes("Permissive", "enforcing"), PERMISSIVE), Content: SELINUX},
        [selinux_kept("Permissive"), SELINUX_EDIT],
    ),
    "SELinux now": (
        selinux_permissive,
        {},
        {SelinuxMode: Then(SelinuxModes("Enforcing", "permissive"), PERMISSIVE)},
        [selinux_kept("Enforcing"), Command("setenforce 0")],
    ),
    "firewalld": (
        unit_off,
        FIREWALLD,
        {Units: Then(firewalld(ON), firewalld(OFF))},
        [
            command(kept_before(["firewalld active enabled"])),
            Command("systemctl stop firewalld.service"),
            Command("systemctl disable firewalld.service"),
        ],
    ),
    "firewalld that would come back": (
        unit_off,
        FIREWALLD,
        {Units: Then(firewalld(UnitState("loaded", file="enabled")), firewalld(OFF))},
        [command(kept_before(["firewalld inactive enabled"])), Command("systemctl disable firewalld.service")],
    ),
    "kubelet": (
        unit_enabled,
        KUBELET,
        {Units: Then(kubelet(OFF), kubelet(ON))},
        [Command("systemctl enable kubelet.service")],
    ),
    "a unit that is enabled until the boot": (
        unit_enabled,
        KUBELET,
        {Units: Then(kubelet(UnitState("loaded", file="enabled-runtime")), kubelet(ON))},
        [Command("systemctl enable kubelet.service")],
    ),
    "a clock that nobody keeps": (time_in_sync, {}, {Units: Then({}, clock(chronyd=ON))}, [command(CHRONY)]),
    "a clock that is kept until the boot": (
        time_in_sync,
        {},
        {Units: Then(clock(chronyd=UnitState("loaded", active=True, file="disabled"), ntpd=OFF), clock(chronyd=ON))},
        [Command("systemctl enable --now chronyd.service")],
    ),
    "a clock whose service is off": (
        time_in_sync,
        {},
        {Units: Then(clock(ntpd=OFF), clock(ntpd=ON))},
        [Command("systemctl enable --now ntpd.service")],
    ),
    "a clock whose service the boot would start": (
        time_in_sync,
        {},
        {Units: Then(clock(chronyd=OFF, ntpd=UnitState("loaded", file="enabled")), clock(ntpd=ON))},
        [Command("systemctl enable --now ntpd.service")],
    ),
    "the name": (
        hostname_set,
        {"hostname": "worker1"},
        {HostName: Then(HostNames("localhost", ""), HostNames("worker1", "worker1"))},
        [Command("hostnamectl set-hostname worker1")],
    ),
    "a name that the boot would lose": (
        hostname_set,
        {"hostname": "worker1"},
        {HostName: Then(HostNames("worker1", "template"), HostNames("worker1", "worker1"))},
        [Command("hostnamectl set-hostname worker1")],
    ),
}


test_changes = test_of(CHANGES)

UNDONE: dict[str, tuple[Any, dict[str, Any], Facts, str]] = {
    "a module that modprobe says is loaded": (
        modules_loaded,
        BOTH,
        {Kernel: Then(UNLOADED, KernelState(("overlay",), {}))},
        "worker1: modprobe has succeeded, but the kernel has no module overlay; pods need it; see `modprobe -n -v "
        "overlay` there, and remove the rule in modprobe.d that it names.",
    ),
    "a kernel setting": (
        sysctl_applied,
        SYSCTL,
        {Kernel: NOT_FORWARDING},
        "worker1: net.ipv4.ip_forward is 0 after /etc/sysctl.d/k8s.conf was applied; pods need 1; see `sysctl -w "
        "net.ipv4.ip_forward=1` there.",
    ),
    "a kernel setting that is not there": (
        sysctl_applied,
        SYSCTL,
        {Kernel: LOADED},
        "worker1: net.ipv4.ip_forward is not there after /etc/sysctl.d/k8s.conf was applied; pods need 1; see `sysctl "
        "-w net.ipv4.ip_forward=1` there.",
    ),
    "swap": (
        swap_off,
        {},
        {Swap: SwapState(("/dev/zram0",), in_fstab=False, target_masked=True)},
        "worker1: it swaps to /dev/zram0 after swap was turned off; the kubelet does not start beside swap; "
        "find what turns it on again (`systemctl list-units --all -t swap`), remove that, then run this again.",
    ),
    "a swap target that cannot be masked": (
        swap_off,
        {},
        {Swap: SwapState((), in_fstab=False, target_masked=False)},
        "worker1: swap.target is not masked after swap was turned off; the kubelet does not start beside swap; "
        "find what turns it on again (`systemctl list-units --all -t swap`), remove that, then run this again.",
    ),
    "SELinux": (
        selinux_permissive,
        {},
        {SelinuxMode: SelinuxModes("Enforcing", "permissive")},
        "worker1: SELinux was made permissive, but it still enforces; see `getenforce` and /etc/selinux/config there, "
        "or set selinux = 'keep'.",
    ),
    "a service that comes back": (
        unit_off,
        FIREWALLD,
        {Units: firewalld(ON)},
        "worker1: firewalld.service runs after it was stopped and disabled; find what starts it (`systemctl "
        "list-dependencies --reverse firewalld.service`), or mask it, then run this again.",
    ),
    "a unit that cannot be enabled": (
        unit_enabled,
        KUBELET,
        {Units: kubelet(UnitState("loaded", file="static"))},
        "worker1: kubelet.service is static after it was enabled; the boot would not start it; see `systemctl cat "
        "kubelet.service` there: it needs an [Install] section.",
    ),
    "a clock": (
        time_in_sync,
        {},
        {Units: clock(chronyd=UnitState("loaded", file="enabled"))},
        "worker1: chronyd.service does not run after it was started; it must keep the clock; see `journalctl -u "
        "chronyd.service` there.",
    ),
    "the name": (
        hostname_set,
        {"hostname": "worker1"},
        {HostName: HostNames("worker1", "template")},
        "worker1: its name is template after it was set to worker1; a node is known by its name; see `hostnamectl` "
        "there, then run this again.",
    ),
}


@pytest.mark.parametrize(("operation", "arguments", "facts", "sentence"), UNDONE.values(), ids=UNDONE)
def test_what_has_succeeded_and_changed_nothing_fails_the_host(
    bench: Bench, operation: Any, arguments: dict[str, Any], facts: Facts, sentence: str
) -> None:
    assert bench.steps(operation, facts=facts, **arguments)[-1] == refusal(sentence)
    assert refusal(sentence) not in bench.steps(operation, executing=False, facts=facts, **arguments)
