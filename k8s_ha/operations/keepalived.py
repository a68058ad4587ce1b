"""keepalived, which has the endpoint's virtual address on one of the balancers."""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

from pyinfra import host
from pyinfra.api import StringCommand

from k8s_ha.facts.fact_batch import FactRequest
from k8s_ha.facts.system import Content, Service
from k8s_ha.facts.virtual_address import OwnInterface
from k8s_ha.observations.virtual_address import InterfaceAddress
from k8s_ha.operations.commands import fail_host, write
from k8s_ha.operations.files import changed_files
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.operations.prefetch import reads
from k8s_ha.operations.runtimes import Replacement, RuntimePlan, checked, sha256
from k8s_ha.resources import render
from k8s_ha.settings import Cluster, HostSettings

UNIT: Final = "keepalived.service"
CONFIG: Final = "/etc/keepalived/keepalived.conf"
CHECK: Final = "/usr/libexec/keepalived/k8s-ha-endpoint"
"""SELinux lets what is in that folder run unconfined (selinux-policy: keepalived_unconfined_script_exec_t)."""

_MARK: Final = b"# Written by k8s_ha;"

HIGHEST_PRIORITY: Final = 150
_STEP: Final = 10
_MODES: Final = {CONFIG: "644", CHECK: "755"}


def configured(cluster: Cluster, own: HostSettings, place: InterfaceAddress) -> dict[str, str]:
    """keepalived's configuration on one of the balancers and the check that it runs, by path."""
    balancers = cluster.load_balancers
    peers = [balancer for balancer in balancers if balancer != own]
    return {
        CONFIG: render(
            "keepalived.conf.j2",
            cluster=cluster,
            host=own,
            peers=peers,
            place=place,
            priority=max(HIGHEST_PRIORITY - _STEP * balancers.index(own), 1),
        ),
        CHECK: render("endpoint-check.sh.j2", cluster=cluster, peers=peers),
    }


@reads(
    lambda cluster, own: [
        FactRequest(OwnInterface, {"address": own.address}),
        FactRequest(Service, {"unit": UNIT, "paths": sorted(_MODES)}),
    ]
)
@isolated_operation
def address_kept(cluster: Cluster, own: HostSettings) -> Generator[StringCommand]:
    """Have keepalived run with the virtual address as the settings have it; whoever has the address keeps it.

    + own: the balancer
    """
    place = require_fact(OwnInterface, address=own.address)
    if place.network(own.address) is None:
        yield fail_host(f"{host.name}: no interface has its address {own.address}; set address in its k8s_ha_host.")
        return
    texts = configured(cluster, own, place)
    current = require_fact(Service, unit=UNIT, paths=sorted(texts))
    changed = [path for path in texts if changed_files(current, {path: texts[path]}, _MODES[path])]
    if CHECK in changed:
        # keepalived refuses a configuration whose check is not there; it runs the new one from its next turn on.
        yield write(CHECK, texts[CHECK], _MODES[CHECK])
        # Its folder's label would let it reach no API server.
        yield StringCommand(f"! command -v restorecon >/dev/null 2>&1 || restorecon {CHECK}")
    text = texts[CONFIG].encode()
    plan = RuntimePlan(
        UNIT,
        {CONFIG: Replacement(text, write(CONFIG, text, _MODES[CONFIG]))} if CONFIG in changed else {},
        # Whoever has the address keeps it while keepalived reads its configuration again.
        {"reload": sha256(text)},
        checks=(checked("check-keepalived.sh", text, TARGET=CONFIG),),
        # What comes next connects to the endpoint, and who has its address is settled within two seconds.
        answers=f"timeout 1 bash -c ': </dev/tcp/{cluster.virtual_address}/{cluster.endpoint_port}'",
    )
    yield from plan.tried()
    yield from plan.carried_out(current, {"reload"} if CONFIG in changed else set())


@reads(lambda: [FactRequest(Content, {"path": CONFIG})])
@isolated_operation
def address_released() -> Generator[StringCommand]:
    """Have a host that is no balancer any more hold no virtual address: two would have it at once, peers no more."""
    if not require_fact(Content, path=CONFIG).startswith(_MARK):
        host.noop("no keepalived of this package's is here")
        return
    record = f"/var/lib/k8s-ha/{UNIT}.digest"
    yield StringCommand("systemctl", "disable", "--now", UNIT, "&&", "rm", "-f", CONFIG, CHECK, record)
