"""What a renewal's commands do to the simulated hosts, as strict as what they stand for.

They add to the history ``master1 renewed``, ``master1 etcd`` (where nothing serves), ``worker1 kubelet renewed``.
"""

from __future__ import annotations

from k8s_ha.catalog.certificates import RENEWABLE
from tests.support.fakes.looks import NEW
from tests.support.fakes.request import Failure, Request
from tests.support.fakes.upgrades import check_static_pods, servers_of
from tests.support.fakes.world import KUBELET, KUBERNETES

CERTIFICATE = "-----BEGIN CERTIFICATE-----"


def certificates_renewed(request: Request) -> list[str]:
    script = request._replace(command=request.variable("COMMAND"))
    machine, world = request.machine, request.world
    config = machine.files.pop(script.variable("CONFIG"))
    if f"certificatesDir: {script.variable('FOLDER')}" not in config or machine.lacking_keys:
        raise Failure("Detected external certificate authority, certificates can't be renewed")
    names = [line.split()[1] for line in script.variable("RENEWED").splitlines()]
    if names != [entry.name for entry in RENEWABLE]:
        raise Failure(f"not all are renewed: {names}")
    if KUBELET not in machine.active:
        raise Failure("the kubelet is not running")
    if script.variable("UP_TO"):
        machine.etcd_renewed = True
        world.history.append(f"{machine.name} {script.variable('UP_TO')}")
        return []
    if script.variable("REVIVES"):
        well = [each for each in servers_of(world) if each.etcd_renewed or (each.certificates or 0) > 0]
        if len(well) <= len(servers_of(world)) // 2:
            raise Failure("etcd has no quorum")
    else:
        check_static_pods(world, machine)
    machine.certificates, machine.etcd_renewed, machine.broken = NEW, False, False
    machine.set_aside = [part for part in machine.set_aside if part != "certificates"]
    machine.write(f"{KUBERNETES}/admin.conf", machine.files[f"{KUBERNETES}/admin.conf"] + f"# of {machine.name}, new\n")
    world.history.append(f"{machine.name} renewed")
    return []


def certificate_made(request: Request) -> list[str]:
    """kubeadm's file on stdin tells of whom; what is printed tells that again."""
    if f"{KUBERNETES}/pki/ca.key" in request.machine.lacking_keys:
        raise Failure("the CA files do not exist")
    (name,) = [line.split()[1] for line in request.stdin.splitlines() if line.startswith("  name: ")]
    return [CERTIFICATE, name, "SECRET"]


def kubelet_renewed(request: Request) -> list[str]:
    machine = request.machine
    script = request._replace(command=request.variable("COMMAND"))
    if machine.files.pop(script.variable("FROM")).split("\n")[:2] != [CERTIFICATE, machine.hostname]:
        raise Failure("the certificate is another node's")
    machine.kubelet_certificate = NEW
    machine.active += [KUBELET] * (KUBELET not in machine.active)
    request.world.history.append(f"{machine.name} kubelet renewed")
    return []
