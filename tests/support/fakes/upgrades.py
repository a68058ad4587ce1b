"""What an upgrade's commands do to the simulated hosts, as strict as what they stand for, and what its facts are told.

Each of them that moves a node adds a line to the world's history, such as ``worker1 kubelet 1.31.14``:

+ ``out``, ``back``: the balancers pass on nothing to a control plane, and pass on to it again
+ ``apply``, ``node``: kubeadm upgrade; a worker's part of it is ``configured``
+ ``cordoned``, ``uncordoned``: each of them once a cordon
+ ``rebooted``
+ ``etcd led by``: one member has moved its leadership to another
+ ``left``, ``images``, ``entered``: Docker is left, containerd has the images, and the kubelet speaks to it
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping

import yaml

from k8s_ha.catalog.compatibility import LINES
from k8s_ha.cluster_state.change_steps import release_order
from k8s_ha.observations.host_status import PROXY_CONFIG
from k8s_ha.observations.node import RETURNED
from tests.support.fakes import backups, endpoints
from tests.support.fakes.request import Failure, Request
from tests.support.fakes.world import KUBELET, KUBERNETES, Machine, World, minor

MOMENT = "2026-11-27T08:15:00Z"


def marked_down(world: World) -> list[str]:
    """Names of the control planes that no balancer passes anything on to."""
    config = "".join(machine.files.get(PROXY_CONFIG, "") for machine in world.machines.values())
    addresses = re.findall(r"^ *server (\S+):\d+ down;", config, re.MULTILINE)
    return [machine.name for machine in world.machines.values() if machine.address in addresses]


def balancers_changed(world: World, before: list[str]) -> None:
    """Have the history tell which control planes went out of the balancer and came back."""
    now = marked_down(world)
    world.history += [f"{name} out" for name in now if name not in before]
    world.history += [f"{name} back" for name in before if name not in now]


def available_versions(request: Request) -> list[str]:
    wanted = request.scenario.settings.get("kubernetes_version", "")
    versions = {f"1.{line.minor}.{line.patch}" for line in LINES.values()} | {*request.scenario.available, wanted}
    lines = []
    for repository in request.variable("REPOSITORIES").split():
        if repository.startswith("runtime="):
            packages = ("containerd.io", "docker-ce", "docker-ce-cli")
            lines += [f"runtime {name} {version}" for name in packages for version in ("1.7.29", "2.2.1", "28.5.2")]
            lines.append("read runtime")
            continue
        asked = int(repository.partition("=")[0])
        lines += [f"version {asked} {version}" for version in sorted(versions) if version and minor(version) == asked]
        lines.append(f"read {asked}")
    return lines


def drains(request: Request) -> list[str]:
    """The nodes of a cluster whose pods may all be moved."""
    if not request.machine.serves():
        raise Failure("The connection to the server was refused")
    cordoned = request.world.cordoned
    nodes = [
        f"node {name} True {'true' if name in cordoned else ''} {cordoned.get(name, '')} "
        for name in request.world.nodes
    ]
    return ["now 2026-11-27T08:00:00Z", *nodes]


def upgrade_survey(request: Request) -> list[str]:
    """A host that nothing ails."""
    if f"{KUBERNETES}/manifests/kube-apiserver.yaml" not in request.machine.files:
        return []
    lines = ["free 9000000", "etcd_size 90000", "manifests read"]
    served = ["metric process_start_time_seconds 1.7e+09", "now 1710000000", "webhooks read"]
    return lines + served * request.machine.serves()


def kubelet_process(request: Request) -> list[str]:
    machine = request.machine
    if KUBELET not in machine.active:
        return []
    return ["/usr/bin/kubelet" + " (deleted)" * (machine.kubelet != machine.version_of("kubelet"))]


def _script(request: Request) -> Request:
    """The command that a long one wraps."""
    return request._replace(command=request.variable("COMMAND"))


def snapshot_taken(request: Request) -> list[str]:
    script = _script(request)
    if "STEM=" in script.command:
        backups.taken(script)
        request.world.history.append(f"{request.machine.name} backup")
        return []
    request.machine.write(f"{script.variable('FOLDER')}/{script.variable('NAME')}.json", "{}")
    request.world.history.append(f"{request.machine.name} snapshot {script.variable('VERSION')}")
    return []


def kubeadm_upgraded(request: Request) -> list[str]:
    """``kubeadm upgrade apply`` or ``node``; nothing where the test before it finds that done."""
    words = request.variable("COMMAND").partition("kubeadm upgrade ")[2].split()
    machine, world = request.machine, request.world
    is_apply = words[0] == "apply"
    version = words[1].removeprefix("v") if is_apply else world.version
    if machine.static_pods == version == world.version and not machine.broken and request.variable("UNLESS"):
        return []
    if machine.version_of("kubeadm") != version:
        raise Failure(f"kubeadm {machine.version_of('kubeadm')} cannot upgrade to {version}")
    if is_apply:
        _check_apply(world, version)
        world.kept["ClusterConfiguration"]["kubernetesVersion"] = f"v{version}"
    if machine.static_pods:
        check_static_pods(world, machine)
        machine.static_pods, machine.broken = version, False
    work = words[0] if machine.static_pods else "configured"
    world.history.append(f"{machine.name} {work} {version}")
    return []


def _check_apply(world: World, version: str) -> None:
    if not 0 <= minor(version) - minor(world.version) <= 1:
        raise Failure(f"[upgrade/version] FATAL: {world.version} cannot be upgraded to {version}")
    if unready := [machine.name for machine in _nodes(world).values() if KUBELET not in machine.active]:
        raise Failure(f"[upgrade/health] FATAL: there are NotReady nodes: {unready}")


def check_static_pods(world: World, machine: Machine) -> None:
    """What users of the API would notice."""
    balanced = any(PROXY_CONFIG in other.files for other in world.machines.values())
    if balanced and marked_down(world) != [machine.name] and len(servers_of(world)) > 1:
        raise Failure(f"the balancer passes on to {machine.name}, or not to another: {marked_down(world)}")


def _nodes(world: World) -> Mapping[str, Machine]:
    machines = {machine.hostname: machine for machine in world.machines.values()}
    return {name: machines[name] for name in world.nodes if name in machines}


def servers_of(world: World) -> list[Machine]:
    """The control planes."""
    return [machine for machine in _nodes(world).values() if machine.static_pods]


def kubelet_restarted(request: Request) -> list[str]:
    """The installed kubelet, which must not be newer than any API server, and moves to another version when drained."""
    machine, world = request.machine, request.world
    version = machine.version_of("kubelet")
    oldest = min((server.static_pods for server in servers_of(world)), key=release_order)
    if release_order(version) > release_order(oldest):
        raise Failure(f"kubelet {version} is newer than an API server, {oldest}")
    if version != machine.kubelet:
        if world.cordoned.get(machine.hostname) != MOMENT:
            raise Failure(f"{machine.name} was not drained")
        world.history.append(f"{machine.name} kubelet {version}")
    machine.kubelet = version
    machine.active += [KUBELET] * (KUBELET not in machine.active)
    return []


def sandboxes_removed(request: Request) -> list[str]:
    request.machine.active = [unit for unit in request.machine.active if unit != KUBELET]
    request.world.history.append(f"{request.machine.name} sandboxes")
    return []


def drained(request: Request) -> list[str]:
    node = _script(request).variable("NODE")
    if request.world.cordoned.get(node) != MOMENT:
        request.world.cordoned[node] = MOMENT
        request.world.history.append(f"{node} cordoned")
    return []


def uncordoned(request: Request) -> list[str]:
    node = _script(request).variable("NODE")
    if request.world.cordoned.get(node) == MOMENT:
        request.world.cordoned[node] = f"{RETURNED}{MOMENT}"
        request.world.history.append(f"{node} uncordoned")
    return []


def images(request: Request) -> list[str]:
    """All that is asked for is there."""
    return [f"image {word.partition('=')[0]} 200" for word in request.variable("IMAGES").split()]


def last_boot(request: Request) -> list[str]:
    machine = request.machine
    told = [f"boot a/{machine.booted}", f"machine {machine.name}", f"booted {machine.booted}", "now 9000"]
    return [*told, f"installed {machine.glibc} glibc"]


def rebooted(request: Request) -> list[str]:
    machine, world = request.machine, request.world
    if world.cordoned.get(machine.hostname) != MOMENT:
        raise Failure(f"{machine.name} was not drained")
    machine.booted = max(machine.booted, machine.glibc) + 1
    world.history.append(f"{machine.hostname} rebooted")
    return []


def kubelet_runtime(request: Request) -> list[str]:
    told = [f"cri {request.machine.cri}"] * bool(request.machine.cri)
    return told + ["kubelet_active yes"] * (KUBELET in request.machine.active)


def runtime_moved(request: Request) -> list[str]:
    script = _script(request)
    machine, world, action = request.machine, request.world, script.variable("ACTION")
    if action == "leave":
        if world.cordoned.get(machine.hostname) != MOMENT:
            raise Failure(f"{machine.name} was not drained")
        machine.active = [unit for unit in machine.active if unit != KUBELET]
    elif KUBELET in machine.active:
        raise Failure(f"{machine.name}: its kubelet still speaks to {machine.cri}")
    elif f"{machine.name} images" not in world.history:
        raise Failure(f"{machine.name}: containerd has no images")
    else:
        machine.cri = "containerd"
        machine.active.append(KUBELET)
    world.history.append(f"{machine.name} {'left' if action == 'leave' else 'entered'}")
    return []


def images_pulled(request: Request) -> list[str]:
    if request.machine.cri:
        request.world.history.append(f"{request.machine.name} images")
    return []


def socket_noted(request: Request) -> list[str]:
    (socket,) = re.findall(r"kubeadm\.alpha\.kubernetes\.io/cri-socket=(\S+) ", request.command)
    if "containerd" not in socket:
        raise Failure(f"kubeadm would take {socket}")
    return []


def etcd_led_elsewhere(request: Request) -> list[str]:
    (number,) = re.findall(r'"targetID": "(\d+)"', request.command)
    world = request.world
    if world.etcd_leader != request.machine.hostname:
        raise Failure("etcdserver: not leader")
    world.etcd_leader = next(
        machine.hostname for machine in world.machines.values() if machine.address.replace(".", "") == number
    )
    world.history.append(f"etcd led by {world.etcd_leader}")
    return []


def defragmented(request: Request) -> list[str]:
    """One member alone, which no other waits for: it must not lead where another could."""
    if request.world.etcd_leader == request.machine.hostname and len(request.world.members) > 1:
        raise Failure("the leader is silent")
    request.machine.loose = False
    request.world.history.append(f"{request.machine.name} defragmented")
    return []


def awaited(request: Request) -> list[str]:
    script = _script(request)
    machine, wanted = _nodes(request.world)[script.variable("NODE")], script.variable("VERSION")
    if KUBELET not in machine.active:
        raise Failure(f"{script.variable('HOST')}: its node is not Ready")
    if wanted not in ("", f"v{machine.kubelet}"):
        raise Failure(f"{script.variable('HOST')}: its kubelet reports v{machine.kubelet}, not {wanted}")
    runtime = "docker" if machine.cri in ("dockershim", "cri-dockerd") else "containerd"
    if script.variable("RUNTIME") not in ("", runtime):
        raise Failure(f"{script.variable('HOST')}: its kubelet reports the runtime {runtime}")
    if script.variable("WORKLOADS") and request.world.cordoned.get(script.variable("NODE")) != MOMENT:
        request.world.cordoned.pop(script.variable("NODE"), None)
    return []


def configuration_replaced(request: Request) -> list[str]:
    """A ConfigMap of kube-system with another configuration."""
    if endpoints.replaced(request.world, request.machine, request.stdin):
        return []
    data = json.loads(request.stdin)["data"]
    document = yaml.safe_load(next(text for key, text in data.items() if key != "kubeconfig.conf"))
    request.world.kept[document["kind"]] = document
    request.world.history.append(f"{request.machine.name} {document['kind']}")
    return []


def folder_removed(request: Request) -> list[str]:
    folder = shlex.split(request.command)[-1]
    for path in [path for path in request.machine.files if path.startswith(f"{folder}/")]:
        del request.machine.files[path]
    return []
