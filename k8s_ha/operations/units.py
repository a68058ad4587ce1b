"""systemd's units that the package turns on or off, and the clock's among them."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

from pyinfra import host
from pyinfra.api import StringCommand

from k8s_ha.facts.fact_batch import FactRequest
from k8s_ha.facts.units import Units
from k8s_ha.observations.units import TIME_SERVICES, UnitState
from k8s_ha.operations.before import kept_before
from k8s_ha.operations.commands import fail_host, long_command
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.operations.prefetch import reads
from k8s_ha.run import is_executing

SECONDS_FOR_CHRONY: Final = 600


@reads(lambda unit: [FactRequest(Units, {"units": [unit]})])
@isolated_operation
def unit_off(unit: str) -> Generator[StringCommand]:
    """Have a service stopped, and not started at boot; whether it was so before is kept on the host.

    + unit: its name, with its ending
    """
    state = _state(unit)
    if not state.active and not state.enabled:
        host.noop(f"{unit} is off")
        return
    now, at_boot = "active" if state.active else "inactive", state.file or "unknown"
    yield kept_before([f"{unit.removesuffix('.service')} {now} {at_boot}"])
    if state.active:
        yield StringCommand("systemctl", "stop", unit)
    if state.enabled:
        yield StringCommand("systemctl", "disable", unit)
    if is_executing():
        left = _state(unit)
        if left.active or left.enabled:
            found = "runs" if left.active else "is enabled"
            yield fail_host(
                f"{host.name}: {unit} {found} after it was stopped and disabled; find what starts it "
                f"(`systemctl list-dependencies --reverse {unit}`), or mask it, then run this again."
            )


@reads(lambda unit: [FactRequest(Units, {"units": [unit]})])
@isolated_operation
def unit_enabled(unit: str) -> Generator[StringCommand]:
    """Have a service started at boot, whether it runs now or not.

    + unit: its name, with its ending
    """
    state = _state(unit)
    if state.enabled:
        host.noop(f"{unit} is enabled")
        return
    if state.masked:
        yield _refused_as_masked(unit)
        return
    yield StringCommand("systemctl", "enable", unit)
    if is_executing():
        yield from _not_enabled(unit, _state(unit))


@reads(lambda: [FactRequest(Units, {"units": TIME_SERVICES})])
@isolated_operation
def time_in_sync() -> Generator[StringCommand]:
    """Have a service that keeps the clock, now and after a reboot: the one that is there, else chrony.

    To a host whose clock is behind, new certificates are not valid yet.
    """
    states = require_fact(Units, units=TIME_SERVICES)
    known = {unit: states.get(unit, UnitState()) for unit in TIME_SERVICES}
    keeping = [unit for unit, state in known.items() if state.active and state.enabled]
    if keeping:
        host.noop(f"{keeping[0]} keeps the clock")
        return
    # The one that runs, else the one that the boot would start, else one that is there.
    usable = {unit: state for unit, state in known.items() if state.installed and not state.masked}
    chosen = max(usable, key=lambda unit: (usable[unit].active, usable[unit].enabled), default=TIME_SERVICES[0])
    if known[chosen].masked:
        yield _refused_as_masked(chosen)
        return
    if chosen in usable:
        yield StringCommand("systemctl", "enable", "--now", chosen)
    else:
        yield long_command(
            "chrony",
            f"{{ rpm -q chrony || yum -y install chrony; }} && systemctl enable --now {chosen}",
            seconds=SECONDS_FOR_CHRONY,
            lock="packages",
        )
    if is_executing():
        state = _state(chosen)
        if not state.active:
            yield fail_host(
                f"{host.name}: {chosen} does not run after it was started; it must keep the clock; see "
                f"`journalctl -u {chosen}` there."
            )
        yield from _not_enabled(chosen, state)


def _state(unit: str) -> UnitState:
    return require_fact(Units, units=[unit]).get(unit, UnitState())


def _refused_as_masked(unit: str) -> StringCommand:
    return fail_host(
        f"{host.name}: {unit} is masked, so that nothing can start it; run `systemctl unmask {unit}` there, then run "
        "this again."
    )


def _not_enabled(unit: str, state: UnitState) -> Generator[StringCommand]:
    if not state.enabled:
        yield fail_host(
            f"{host.name}: {unit} is {state.file or state.load} after it was enabled; the boot would not start it; see "
            f"`systemctl cat {unit}` there: it needs an [Install] section."
        )
