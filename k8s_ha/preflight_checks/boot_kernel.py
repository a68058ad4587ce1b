"""What the next boot would undo in the kernel: its settings and modules, and the kernel itself. One rule a function."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from k8s_ha.catalog import kernel_needs
from k8s_ha.catalog.check_names import CheckName
from k8s_ha.findings import Finding
from k8s_ha.observations import sysctl
from k8s_ha.observations.sysctl import Line
from k8s_ha.preflight_checks.boot import severity
from k8s_ha.preflight_checks.model import HostContext

_AT_BOOT: Final[tuple[CheckName, str]] = ("boot", "systemd loads no blacklisted one at boot")
_ANOTHER: Final[tuple[CheckName, str]] = ("kernel", "modprobe then loads another one")
_RULES: Final[Mapping[str, tuple[CheckName, str]]] = {
    "blacklist": _AT_BOOT,
    "install": ("kernel", "modprobe then runs that instead, and reports success"),
}
_BLACKLISTS: Final[Mapping[str, tuple[CheckName, str]]] = {
    "module_blacklist": ("kernel", "the kernel refuses to load it"),
    "modprobe.blacklist": _AT_BOOT,
}
_RUNS_SYSCTL: Final = re.compile(r"\bsysctl\b[^;&|]*?\s(--system|--load|-\w*p)\b=?\s*(/\S+)?")


def settings(context: HostContext) -> Iterator[Finding]:
    """Kernel settings that something sets otherwise, behind the file that this run writes."""
    if not context.host.is_node:
        return
    boot_state, wanted = context.preflight.boot, kernel_needs.sysctl(context.survey.kernel_version)
    tuned = None if boot_state.tuned is None else sysctl.Tuned(boot_state.tuned, boot_state.tuned_reapplies)
    reapplied = [
        match[2] or sysctl.SYSCTL_CONF for line in boot_state.commands if (match := _RUNS_SYSCTL.search(line.text))
    ]
    undoing = sysctl.undoing(
        boot_state.files, boot_state.sysctl, context.survey.major, kernel_needs.SYSCTL_FILE, wanted, tuned, reapplied
    )
    lines = [entry.line for entry in undoing] + [
        line for line in boot_state.commands if _sets_otherwise(line.text, wanted)
    ]
    for line in lines:
        yield Finding(
            context.host.name,
            "boot",
            f"{line} reads `{line.text.strip()}`",
            f"the boot applies it behind {kernel_needs.SYSCTL_FILE}, and pods need the value there",
            "take that line out",
            severity(context),
        )
    for line in boot_state.udev_rules:
        yield Finding(
            context.host.name,
            "boot",
            f"{line} runs sysctl when br_netfilter is loaded",
            "it may set the bridge's values otherwise than pods need them",
            "see that it sets net.bridge.bridge-nf-call-iptables to 1, or take it out",
            "warning",
        )


def _sets_otherwise(command: str, wanted: Mapping[str, str]) -> bool:
    """Whether a command sets one of the keys, or one that undoes it, to something else."""
    for key, value in wanted.items():
        path = key.replace(".", "/")
        for name in (path, *sysctl.ALIASES.get(path, ())):
            pattern = re.escape(name).replace("/", "[./]")
            found = re.findall(rf"{pattern}\s*=\s*[\"']?(\w+)", command)
            found += re.findall(rf"echo\s+[\"']?(\w+)[\"']?\s*>\s*/proc/sys/{pattern}\b", command)
            if any(entry != value for entry in found):
                return True
    return False


def modules(context: HostContext) -> Iterator[Finding]:
    """Kernel modules that a rule keeps from being loaded, now or at boot."""
    if not context.host.is_node:
        return
    boot_state = context.preflight.boot
    for line in boot_state.modprobe:
        yield from _rule(context, line)
    for word in boot_state.command_line.split():
        option, _, names = word.partition("=")
        if option in _BLACKLISTS and set(names.replace("-", "_").split(",")) & set(kernel_needs.MODULES):
            yield _kept_out(context, _BLACKLISTS[option], f"the kernel's command line has {word}", "take it out")
    missing = [name for name in kernel_needs.MODULES if name not in boot_state.modules]
    if boot_state.modules_locked and missing:
        yield Finding(
            context.host.name,
            "kernel",
            "kernel.modules_disabled is 1",
            f"pods need the module {' and '.join(missing)}, and nothing loads it before the next boot",
            "take that setting out of sysctl.d, and boot again",
            severity(context),
        )


def _rule(context: HostContext, line: Line) -> Iterator[Finding]:
    """What is wrong with a rule of modprobe.d about a module that pods need."""
    kind, rest = [*line.text.split(None, 1), ""][:2]
    # What runs modprobe itself loads the module besides what it does.
    if kind == "blacklist" or not re.search(r"\b(modprobe|insmod)\b", rest):
        found = f"{line} reads `{line.text.strip()}`"
        yield _kept_out(context, _RULES.get(kind, _ANOTHER), found, "take that line out")


def _kept_out(context: HostContext, rule: tuple[CheckName, str], found: str, remedy: str) -> Finding:
    check, reason = rule
    return Finding(context.host.name, check, found, f"pods need the module; {reason}", remedy, severity(context))


def next_kernel(context: HostContext) -> Iterator[Finding]:
    """Another kernel at the next boot, where one of the two has not the modules."""
    boot_state, running = context.preflight.boot, context.survey.kernel
    upcoming = boot_state.next_kernel
    if not context.host.is_node or upcoming is None or upcoming == running:
        return
    package = kernel_needs.MODULE_PACKAGES.get(context.survey.major)
    lacking = [name for name in kernel_needs.MODULES if name not in boot_state.kernels[upcoming]]
    if lacking:
        yield Finding(
            context.host.name,
            "boot",
            f"kernel {running} runs, and {upcoming} is booted next, which has no module {' and no '.join(lacking)}",
            "pods need it",
            f"run `yum install {package}-{upcoming}` there" if package else "reinstall that kernel's packages there",
            severity(context),
        )
    elif package and context.preflight.lacking_modules:
        yield Finding(
            context.host.name,
            "kernel",
            f"kernel {running} has no module {' and no '.join(context.preflight.lacking_modules)}, "
            f"and {upcoming} is installed",
            f"repositories keep {package} for the newest kernels only",
            f"boot {upcoming}, then run this again",
            severity(context),
        )
