"""What hosts of a simulated cluster name as its endpoint, and what the steps that move it do to them.

Lines of the history: ``certificate``, ``cluster-info``, ``kubeconfigs``, ``kube-proxy``, each with its host.
"""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from k8s_ha.observations.standing import FORMER
from tests.support.fakes.request import Failure, Request
from tests.support.fakes.world import KUBELET, KUBERNETES, Machine, World, ca_certificate

KUBECONFIGS = (
    *(f"{KUBERNETES}/{name}.conf" for name in ("admin", "super-admin", "kubelet", "controller-manager", "scheduler")),
    "/root/.kube/config",
)


def named_clusters(machine: Machine) -> list[str]:
    """As ``kubeconfig-clusters.sh`` prints them; a kubeconfig that says ``# other`` is of another CA."""
    lines = []
    for path in KUBECONFIGS:
        for server in _servers(machine.files.get(path, "")):
            text = "another" if "# other" in machine.files[path] else ca_certificate()
            lines.append(f"names {path} {server} {base64.b64encode(text.encode()).decode()}")
    return lines


def _servers(text: str) -> list[str]:
    return [line.split()[1] for line in text.splitlines() if line.strip().startswith("server: ")]


def serving_certificate(machine: Machine) -> list[str]:
    if not machine.sans:
        return []
    return [f"serving_certificate {line}" for line in _certificate(tuple(machine.sans)).splitlines()]


@lru_cache
def _certificate(names: tuple[str, ...]) -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([])
    alternatives = [_general(name) for name in names]
    builder = x509.CertificateBuilder(subject, subject, key.public_key(), 1).not_valid_before(
        datetime(2020, 1, 1, tzinfo=UTC)
    )
    builder = builder.not_valid_after(datetime(2120, 1, 1, tzinfo=UTC))
    signed = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=not names).sign(key, SHA256())
    return signed.public_bytes(Encoding.PEM).decode()


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def certificate_issued(request: Request) -> list[str]:
    machine, kept = request.machine, request.world.kept["ClusterConfiguration"]["apiServer"]["certSANs"]
    machine.sans = [machine.hostname, "kubernetes", machine.address, *kept]
    request.world.history.append(f"{request.machine.name} certificate")
    return []


def endpoint_proof(request: Request) -> list[str]:
    """The control planes one after the other, if the endpoint's port is open."""
    if not request.world.endpoint_open():
        return ["failed curl: (7) Connection refused"]
    planes = [machine for machine in request.world.machines.values() if machine.static_pods]
    ends = {machine.name: f"Nov {number} 08:15:00 2027 GMT" for number, machine in enumerate(planes, 1)}
    own = [f"own {end}" for name, end in ends.items() if name == request.machine.name]
    return own + [f"met {end}" for end in ends.values()]


def cluster_info(request: Request) -> list[str]:
    text = f"clusters:\n- cluster:\n    server: {request.world.cluster_info}\n"
    return [json.dumps({"metadata": {"name": "cluster-info"}, "data": {"kubeconfig": text}})]


def replaced(world: World, machine: Machine, stdin: str) -> bool:
    """What of a ConfigMap that replaces one is no configuration; whether that is all."""
    found = json.loads(stdin)
    name, data = found["metadata"]["name"], found["data"]
    if name == "cluster-info":
        (world.cluster_info,) = _servers(data["kubeconfig"])
        world.history.append(f"{machine.name} cluster-info")
        return True
    world.noted[name] = found["metadata"].get("annotations", {}).get(FORMER, "")
    if name == "kube-proxy" and data.get("kubeconfig.conf"):
        (world.kube_proxy_server,) = _servers(data["kubeconfig.conf"])
    return False


def kube_proxy_rolled(request: Request) -> list[str]:
    request.world.history.append(f"{request.machine.name} kube-proxy")
    return []


def kubeconfigs_moved(request: Request) -> list[str]:
    script = request._replace(command=request.variable("COMMAND"))
    machine, action = request.machine, script.variable("ACTION")
    kept = [part for part in machine.set_aside if part != "kubeconfigs"]
    machine.set_aside = [*kept, *["kubeconfigs"] * (action == "move")]
    if action != "move":
        return []
    wanted = script.variable("SERVER")
    if script.variable("IS_NODE"):
        name = wanted.removeprefix("https://").rpartition(":")[0]
        servers = [each for each in request.world.machines.values() if each.static_pods]
        if wrong := [each.name for each in servers if name not in each.sans]:
            raise Failure(f"x509: certificate of {wrong} is not valid for {name}")
        if KUBELET not in machine.active:
            raise Failure(f"{machine.name}: its kubelet does not run")
    for path in script.variable("FILES").split():
        for former in script.variable("FORMER").split():
            machine.files[path] = machine.files[path].replace(f"server: {former}\n", f"server: {wanted}\n")
    request.world.history.append(f"{machine.name} kubeconfigs")
    return []
