"""What the steps of a reboot do on their hosts."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

from pyinfra import host, logger
from pyinfra.api import StringCommand
from pyinfra.api.exceptions import PyinfraError

from k8s_ha.cluster_state.reboot_steps import is_boot_due
from k8s_ha.facts.last_boot import LastBootFact
from k8s_ha.operations.cluster import observe_leader
from k8s_ha.operations.commands import fail_host, planned, poll_until, read_fact
from k8s_ha.operations.drain import node_drained
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.operations.lock import locked_again
from k8s_ha.pyinfra_internals.connection import reconnected
from k8s_ha.run import Run, is_executing

SECONDS_FOR_A_BOOT: Final = 900
"""How long a host may take to end and to answer SSH again; servers check their memory first."""


@isolated_operation
def emptied(run: Run, since: int | None) -> Generator[StringCommand]:
    """Have no pod on this node but DaemonSets' and static ones, where it is to boot; the leader does it.

    + since: as for ``is_boot_due``
    """
    own = run.cluster.host(host.name)
    if not is_executing():
        yield planned(f"kubectl drain {own.hostname}")
        return
    if not is_boot_due(require_fact(LastBootFact), since):
        host.noop("it has booted")
        return
    yield from node_drained(run, own, observe_leader(run))


@isolated_operation
def rebooted(run: Run, since: int | None) -> Generator[StringCommand]:
    """Have this host booted, where that is due, and answer again; a control plane is locked for this run again then.

    + since: as for ``is_boot_due``
    """
    if not is_executing():
        yield planned("systemctl reboot")
        return
    before = require_fact(LastBootFact)
    if not is_boot_due(before, since):
        host.noop("it has booted")
        return
    # The connection must not wait for a command that ends it.
    yield StringCommand("( sleep 1 && systemctl reboot ) </dev/null >/dev/null 2>&1 &")
    told: list[str] = []

    def has_booted() -> bool:
        boot = read_fact(host, LastBootFact) if reconnected(host) else None
        told[:] = [boot.identity] if boot else []
        return boot is not None and boot.identity != before.identity

    if not poll_until(has_booted, bool, SECONDS_FOR_A_BOOT):
        found = "it still runs as before" if told else "it did not answer"
        where = "`systemctl list-jobs` there" if told else "its console"
        reason = (
            f"{host.name}: {found} {SECONDS_FOR_A_BOOT} seconds after its reboot was asked for; see {where}, then run "
            "this again."
        )
        logger.error(reason)  # a host that is not connected does not say it itself
        raise PyinfraError(reason)
    logger.info(f"{host.name} has booted")
    # pyinfra's "host" is whoever the greenlet works for: what outlives this one takes the host itself.
    own = host.inventory.get_host(host.name)
    if "control_plane" in run.cluster.host(own.name).role and (refusal := locked_again(own)):
        yield fail_host(f"{host.name}: {refusal}")
