"""Swap, which the kubelet does not start beside."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

from pyinfra import host
from pyinfra.api import StringCommand

from k8s_ha.desired import fstab
from k8s_ha.facts.fact_batch import FactRequest
from k8s_ha.facts.kernel import Swap, SwapState
from k8s_ha.facts.system import Content
from k8s_ha.operations.before import kept_before
from k8s_ha.operations.commands import edited, fail_host
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.operations.prefetch import reads
from k8s_ha.run import is_executing

FSTAB: Final = "/etc/fstab"
SECONDS_FOR_SWAP: Final = 900
"""What lies in swap is read back into memory, which takes its time."""


@reads(lambda: [FactRequest(Swap, {})])
@isolated_operation
def swap_off() -> Generator[StringCommand]:
    """Have no swap, now and after a reboot.

    Entries of fstab that the boot swaps for become comments, and swap.target is masked: it alone pulls in swap units,
    those of zram-generator and of partitions that systemd finds by itself included.
    """
    swap = require_fact(Swap)
    if swap.is_off:
        host.noop("there is no swap")
        return
    devices = [f"swap {device}" for device in swap.devices or ("none",)]
    yield kept_before([*devices, f"swap_target {_masked(swap)}"], {"fstab": FSTAB})
    if swap.devices:
        yield StringCommand("swapoff -a", _timeout=SECONDS_FOR_SWAP)
    if swap.in_fstab:
        content = require_fact(Content, path=FSTAB)
        yield edited(FSTAB, content, fstab.without_swap(content))
    if not swap.target_masked:
        yield StringCommand("systemctl -q mask swap.target")
    if is_executing() and not (left := require_fact(Swap)).is_off:
        yield fail_host(
            f"{host.name}: {_what_is_left(left)} after swap was turned off; the kubelet does not start beside swap; "
            "find what turns it on again (`systemctl list-units --all -t swap`), remove that, then run this again."
        )


def _masked(swap: SwapState) -> str:
    return "masked" if swap.target_masked else "unmasked"


def _what_is_left(swap: SwapState) -> str:
    if swap.devices:
        return f"it swaps to {', '.join(swap.devices)}"
    return f"{FSTAB} has swap" if swap.in_fstab else "swap.target is not masked"
