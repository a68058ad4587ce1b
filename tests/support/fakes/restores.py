"""What a restore's commands do to the simulated hosts, as strict as what they stand for.

The snapshot is what the API would tell, in JSON. The history gets ``master1 tried``, ``master1 silent`` and so on.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import Any

from k8s_ha.observations.restoring import FOLDER, MARK, Stage
from tests.support.fakes.request import Failure, Request
from tests.support.fakes.world import CONTROL_PLANE_FILES, ENDPOINT, KUBELET, KUBERNETES, Machine, World

SNAPSHOT = f"{FOLDER}/snapshot.db"
ASIDE = "/var/lib/etcd.before-restore"
HELD = ("nodes", "members", "kept", "manifest", "cluster_info", "kube_proxy_server", "metadata")


def snapshot_of(world: World) -> bytes:
    """What etcd holds now."""
    return json.dumps({name: getattr(world, name) for name in HELD}).encode()


def lose_all(world: World) -> None:
    """Every host is blank, and the cluster is nowhere."""
    for name in list(world.machines):
        world.replace(name)
    empty: dict[str, Any] = {"members": [], "manifest": "", "cluster_info": "", "kube_proxy_server": ""}
    for name in HELD:
        setattr(world, name, empty.get(name, {}))
    world.tokens, world.secrets, world.certificate_key = [], [], ""


def marked(request: Request) -> list[str]:
    return [f"mark {request.machine.files.get(MARK, '').strip()}"] * (MARK in request.machine.files)


def told(request: Request) -> list[str]:
    files = request.machine.files
    key = files.get(f"{KUBERNETES}/pki/sa.pub", "SECRET sa.pub\n")
    digest = hashlib.sha256(key.encode()).hexdigest()
    free = request.machine.free_kib
    return [f"free {free}", f"free_kept {free}", "tool ctr", f"service_account {digest}"]


def put(request: Request) -> list[str]:
    number = int(re.search(r" seek=(\d+) ", request.command)[1])
    before = request.machine.files.get(SNAPSHOT, "") if number else ""
    request.machine.write(SNAPSHOT, before + base64.b64decode(request.stdin).decode())
    return ["put"]


def summed(request: Request) -> list[str]:
    held = request.machine.files.get(SNAPSHOT)
    return [] if held is None else [hashlib.sha256(held.encode()).hexdigest()]


def _stage(machine: Machine, mark: str) -> Stage | None:
    words = machine.files.get(MARK, "").split()
    return Stage[words[3].upper()] if " ".join(words[:3]) == mark else None


def _servers(request: Request) -> list[Machine]:
    return [request.world.machines[name] for name in request.scenario.groups["control_plane"]]


def advanced(request: Request) -> list[str]:
    script = request._replace(command=request.variable("COMMAND"))
    machine, world, mark = request.machine, request.world, script.variable("MARK")
    stage = Stage[script.variable("STAGE").upper()]
    before = [_stage(each, mark) for each in _servers(request)]
    if stage and any(each is None or each < stage - 1 for each in before):
        raise Failure(f"{stage.name} before all came to the stage before it: {before}")
    if stage is Stage.TRIED:
        held = machine.files.pop(SNAPSHOT)
        if hashlib.sha256(held.encode()).hexdigest() != script.variable("SHA256"):
            raise Failure("the snapshot did not arrive whole")
        if script.variable("MEMBERS") != ",".join(
            f"{each.name}=https://{each.address}:2380" for each in _servers(request)
        ):
            raise Failure(script.variable("MEMBERS"))
        machine.files["/simulated/snapshot"] = held
        if not script.variable("TOKEN").startswith("k8s-ha-restore-"):
            raise Failure("no token")
    if stage is Stage.SILENT:
        machine.broken = True
    if stage is Stage.REPLACED:
        machine.files[ASIDE] = "what etcd held"
    if stage is Stage.MEMBER and not any(each is Stage.MEMBER for each in before):
        for name, value in json.loads(machine.files["/simulated/snapshot"]).items():
            setattr(world, name, value)
    if stage is Stage.SERVING:
        machine.broken = False
    machine.write(MARK, f"{mark} {stage.name.lower()}")
    world.history.append(f"{machine.name} {stage.name.lower()}")
    return []


def rebuilt(request: Request) -> list[str]:
    script = request._replace(command=request.variable("COMMAND"))
    machine = request.machine
    config = machine.config(script.variable("CONFIG"))
    if "KubeletConfiguration" not in config["documents"]:
        raise Failure("no configuration of the kubelet")
    if machine.files.get(f"{KUBERNETES}/pki/sa.key") != "SECRET sa.key\n":
        raise Failure("kubeadm would make another sa.key")
    for name in CONTROL_PLANE_FILES:
        if name != "pki/ca.crt":
            machine.write(f"{KUBERNETES}/{name}", f"    server: https://{ENDPOINT}\n")
    machine.active += [KUBELET] * (KUBELET not in machine.active)
    machine.broken = True
    machine.kubelet = machine.static_pods = machine.version_of("kubelet")
    named = config["documents"]["ClusterConfiguration"].get("apiServer", {}).get("certSANs", [])
    machine.sans = ["kubernetes", machine.hostname, machine.address, *named]
    request.world.history.append(f"{machine.name} rebuilt")
    return []


def kubelet_restarted(request: Request) -> list[str]:
    script = request._replace(command=request.variable("COMMAND"))
    request.machine.files.pop(script.variable("FINALIZE"), None)
    request.world.history.append(f"{request.machine.name} kubelet")
    return []


def pods_deleted(request: Request) -> list[str]:
    request.world.history.append(f"deleted {re.search(r' -l (.*?) ', request.command)[1]}")
    return []


def ended(request: Request) -> list[str]:
    request.machine.files.pop(MARK, None)
    request.world.history.append(f"{request.machine.name} ended")
    return []
