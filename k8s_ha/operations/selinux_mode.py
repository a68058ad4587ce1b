"""SELinux's mode, where it is made permissive."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

from pyinfra import host
from pyinfra.api import StringCommand

from k8s_ha.desired import selinux_config
from k8s_ha.facts.fact_batch import FactRequest
from k8s_ha.facts.kernel import SelinuxMode
from k8s_ha.facts.system import Content
from k8s_ha.operations.before import kept_before
from k8s_ha.operations.commands import edited, fail_host
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.operations.prefetch import reads
from k8s_ha.run import is_executing

CONFIG: Final = "/etc/selinux/config"


@reads(lambda: [FactRequest(SelinuxMode, {})])
@isolated_operation
def selinux_permissive() -> Generator[StringCommand]:
    """Have SELinux permissive, now and after a reboot; a disabled one stays disabled."""
    modes = require_fact(SelinuxMode)
    if not modes.enforcing:
        host.noop(f"SELinux is {modes.running.lower()}")
        return
    yield kept_before([f"selinux {modes.running}"], {"selinux-config": CONFIG})
    if modes.running == "Enforcing":
        yield StringCommand("setenforce 0")
    if modes.configured == "enforcing":
        content = require_fact(Content, path=CONFIG)
        yield edited(CONFIG, content, selinux_config.permissive(content))
    if is_executing() and (left := require_fact(SelinuxMode)).enforcing:
        where = "it still enforces" if left.running == "Enforcing" else f"{CONFIG} still has it enforce at boot"
        yield fail_host(
            f"{host.name}: SELinux was made permissive, but {where}; see `getenforce` and {CONFIG} there, or set "
            "selinux = 'keep'."
        )
