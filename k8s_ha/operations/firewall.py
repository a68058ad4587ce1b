"""firewalld, where it is kept."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from pyinfra import host
from pyinfra.api import StringCommand

from k8s_ha.facts.fact_batch import FactRequest
from k8s_ha.facts.firewall import Firewall
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.operations.prefetch import reads
from k8s_ha.resources import read_file, shell_variables


@reads(lambda address, ports, sources: [FactRequest(Firewall, {"address": address})])
@isolated_operation
def firewall_opened(address: str, ports: Sequence[str], sources: Sequence[str]) -> Generator[StringCommand]:
    """Have a running firewalld let in what the cluster needs, now and after a reboot; it is never reloaded.

    On EL7 a reload flushes the rules of kube-proxy and flannel, so each of the two is told by itself.

    + address: the host's node address; its interface's zone gets the ports
    + ports: open to everybody, such as 6443/tcp
    + sources: addresses and networks that everything is taken from
    """
    state = require_fact(Firewall, address=address)
    if state.zone is None:
        host.noop("firewalld does not run")
        return
    wanted = [("port", port, state.zone) for port in ports] + [("source", source, "trusted") for source in sources]
    missing = [
        f"{layer} {zone} {kind} {value}"
        for layer in ("runtime", "permanent")
        for kind, value, zone in wanted
        if (layer, kind, value) not in state.opened
    ]
    if missing:
        yield StringCommand(shell_variables({"OPENINGS": "\n".join(missing)}) + read_file("open-firewall.sh"))
    else:
        host.noop("firewalld lets in what the cluster needs")
