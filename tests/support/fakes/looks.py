"""What the simulated hosts tell of themselves and of their cluster."""

from __future__ import annotations

import base64
import json
import re
import time
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from k8s_ha.catalog.certificates import AUTHORITIES, KUBELET_CLIENT, RENEWABLE
from k8s_ha.catalog.compatibility import LINES
from k8s_ha.catalog.package_sets import SURVEYED
from k8s_ha.catalog.static_pods import PARTS
from k8s_ha.facts.answers import FIRST, LAST
from k8s_ha.facts.node import INIT_MARKER
from k8s_ha.observations.api_status import CONTROL_PLANE_PODS
from k8s_ha.observations.node import ANNOTATION, CORDONED
from k8s_ha.observations.restoring import MARK
from k8s_ha.observations.standing import FORMER
from tests.support.fakes import backups, endpoints
from tests.support.fakes.request import Request
from tests.support.fakes.world import KUBELET, KUBERNETES, Machine, World, by_name, minor
from tests.support.paths import RECORDED

NODE_ARTIFACTS = ("admin.conf", "kubelet.conf", "bootstrap-kubelet.conf", "pki/ca.crt", "manifests/kube-apiserver.yaml")
ETCD = {
    minor: "3.5.15" if minor < 31 else "3.5.29" if minor < 34 else "3.6.16" if minor < 37 else "3.7.0"
    for minor in LINES
}
"""Which etcd each line's kubeadm brings."""

DNS_ANSWER = re.search(r"\ndns \S+ (\w+)", (RECORDED / "verify-worker.txt").read_text(encoding="utf-8"))[1]


def survey(request: Request) -> list[str]:
    values = {
        "uid": "0",
        "os_id": "rocky",
        "os_like": "rhel centos fedora",
        "os_version": "8.10",
        "architecture": "x86_64",
        "kernel": "4.18.0-553.el8_10.x86_64",
        "cgroup": "tmpfs",
        "hostname": request.machine.hostname,
        "address": request.machine.address,
    } | request.scenario.survey.get(request.machine.name, {})
    is_node = f"{KUBERNETES}/kubelet.conf" in request.machine.files
    lines = [f"{key} {value}" for key, value in values.items()] + ["node yes"] * is_node
    lines += [f"installed {name} {version}" for name, version in request.machine.packages.items() if name in SURVEYED]
    lines += [f"cri {request.machine.cri}"] * bool(request.machine.cri)
    leads = f"{KUBERNETES}/manifests/kube-apiserver.yaml" in request.machine.files
    lines += backups.told(request) + [f"restoring {request.machine.files.get(MARK)}"] * (MARK in request.machine.files)
    return lines + [f"api_server_image registry.k8s.io/kube-apiserver:v{request.machine.static_pods}"] * leads


def members(world: World) -> list[dict[str, Any]]:
    """etcd's members as its API lists them; their numbers are their addresses' digits."""
    addresses = {machine.hostname: machine.address for machine in world.machines.values()}
    return [
        {"ID": addresses[name].replace(".", ""), "name": name, "peerURLs": [f"https://{addresses[name]}:2380"]}
        for name in world.members
    ]


def health(world: World) -> str:
    """What a member of etcd 3.4 says of itself: with an alarm it is not well, whichever that is."""
    return json.dumps({"health": str("errors" not in world.etcd_storage).lower()})


def etcd_leader(request: Request) -> list[str]:
    """Members are numbered as ``members`` does it, and all are well, be they full, unless there is another alarm."""
    world = request.world
    listed = members(world)
    numbers = {member["name"]: member["ID"] for member in listed}
    own = numbers.get(request.machine.hostname, "")
    status = {"header": {"member_id": own}, "leader": numbers.get(world.etcd_leader, "0")}
    if request.machine.serves():
        status |= {"dbSize": "209715200" if request.machine.loose else "20971520", "dbSizeInUse": "20971520"}
        status |= world.etcd_storage
    well = [re.sub(r"^https://(.*):2380$", r'health \1 {"health":"true"}', member["peerURLs"][0]) for member in listed]
    if any("NOSPACE" not in alarm for alarm in world.etcd_storage.get("errors", ())):
        well = []
    free = [f"free {request.machine.free_kib}"]
    return [f"status {json.dumps(status)}", "members " + json.dumps({"members": listed}), *well, *free]


def artifacts(request: Request) -> list[str]:
    files = request.machine.files
    lines = [f"trace {KUBERNETES}/{name}" for name in NODE_ARTIFACTS if f"{KUBERNETES}/{name}" in files]
    configs = "".join(
        files.get(f"{KUBERNETES}/{name}", "") for name in ("admin.conf", "kubelet.conf", "bootstrap-kubelet.conf")
    )
    lines += [line.strip().replace("server: ", "server ") for line in configs.splitlines() if " server: " in line]
    lines += [f"authority {line}" for line in files.get(f"{KUBERNETES}/pki/ca.crt", "").splitlines()]
    lines += [f"restoring {files.get(MARK)}"] * (MARK in files)
    return lines + certificates(request.machine)


def node(request: Request) -> list[str]:
    files, lines = request.machine.files, artifacts(request)
    lines.append(f"clock {int(time.time()) + request.machine.ahead}")
    lines += ["init begun", "init unfinished"] * (INIT_MARKER in files)
    standing = request.variable("STANDING") == "yes"
    if standing:
        lines += endpoints.named_clusters(request.machine) + endpoints.serving_certificate(request.machine)
        lines += static_pods(request) + [f"set_aside {part}" for part in request.machine.set_aside]
    if request.machine.serves() and request.world.nodes and request.machine.is_back():
        lines += ["readyz ok", *(node_line(request.world, name) for name in request.world.nodes)]
        lines += [f"objects {_objects(request.world)}"] * standing
        lines += ["members " + json.dumps({"members": members(request.world)}), f"etcd {health(request.world)}"]
        lines += [f"secret {name}" for name in request.world.secrets]
    return lines


def certificates(machine: Machine) -> list[str]:
    """What certificates.sh tells: the CA, what kubeadm renews, and the kubelet's."""
    if machine.kubelet_certificate is None:
        return []
    lines = [f"certificate {KUBELET_CLIENT} {certificate(machine.kubelet_certificate)}"]
    lines.append(f"certificate {AUTHORITIES[0]} {certificate(3000)}")
    if machine.certificates is not None:
        lines += [f"certificate {entry.path} {certificate(machine.certificates)}" for entry in RENEWABLE]
        written = int(time.time()) if machine.certificates == NEW else 1_000_000_000
        lines += [f"written {entry.path} {written}" for entry in RENEWABLE]
        lines += [f"lacking_key {path}" for path in machine.lacking_keys]
    return lines


NEW = 365.0
"""Days that a certificate has which was just made."""


@cache
def certificate(days: float) -> str:
    """One in base64 that ends after so many days, and began a year before its end."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, end = x509.Name([]), datetime.now(UTC) + timedelta(days=days)
    made = x509.CertificateBuilder(name, name, key.public_key(), 7, end - timedelta(days=365), end).sign(key, SHA256())
    return base64.b64encode(made.public_bytes(Encoding.DER)).decode()


def static_pods(request: Request) -> list[str]:
    """Containers of the control plane's manifests, and which etcd runs; nothing on a worker."""
    version = request.machine.static_pods
    if not version:
        return []
    lines = []
    kept = request.world.kept.get("ClusterConfiguration", {})
    for component, place in PARTS.items():
        part: Any = kept
        for key in place:
            part = part.get(key, {})
        arguments = [f"--{name}={value}" for name, value in by_name(part.get("extraArgs", {})).items()]
        arguments += request.world.own_flags.get(component, ())
        if component == "etcd":
            arguments += [f"--name={request.machine.hostname}"]
            arguments += [f"--initial-advertise-peer-urls=https://{request.machine.address}:2380"]
        tag = f"{ETCD[minor(version)]}-0" if component == "etcd" else f"v{version}"
        container = {"command": [component, *arguments], "image": f"{kept.get('imageRepository')}/{component}:{tag}"}
        lines.append(f"static_pod {component} spec: {json.dumps({'containers': [container]})}")
    return [*lines, f"etcd_version {json.dumps({'etcdserver': ETCD[minor(version)]})}"]


def node_line(world: World, name: str) -> str:
    """A Node as jsonpath prints it; one whose host is gone is there, and not Ready."""
    machines = {machine.hostname: machine for machine in world.machines.values()}
    machine = machines.get(name)
    ready = machine is not None and f"{KUBERNETES}/kubelet.conf" in machine.files and KUBELET in machine.active
    return f"node {name} {ready} v{machine.kubelet if machine else ''} {_metadata(world, name)}"


def _metadata(world: World, name: str) -> str:
    """Labels, address, taints and annotation of a Node, as jsonpath prints them."""
    metadata = world.metadata.get(name, {"labels": {}, "taints": [], "owned": ""})
    labels = metadata["labels"] | ({"node-role.kubernetes.io/control-plane": ""} if world.nodes[name] else {})
    addresses = {machine.hostname: machine.address for machine in world.machines.values()}
    columns = [json.dumps(entry, separators=(",", ":")) for entry in (labels, metadata["taints"])]
    noted = {ANNOTATION: metadata["owned"]} | ({CORDONED: world.cordoned[name]} if name in world.cordoned else {})
    return f"{columns[0]} {addresses.get(name, '')} {columns[1]} {json.dumps(noted)}"


def _objects(world: World) -> str:
    """The cluster's ConfigMaps and flannel's DaemonSet, as kubectl prints them."""
    kept = world.kept
    maps = {
        "kubeadm-config": {"ClusterConfiguration": json.dumps(kept.get("ClusterConfiguration", {}))},
        "kubelet-config": {"kubelet": json.dumps(kept.get("KubeletConfiguration", {}))},
        "kube-proxy": {
            "config.conf": json.dumps(kept.get("KubeProxyConfiguration", {})),
            "kubeconfig.conf": f"clusters:\n- cluster:\n    server: {world.kube_proxy_server}\n",
        },
    }
    items: list[dict[str, Any]] = [
        {"kind": "ConfigMap", "metadata": {"name": name, "annotations": {FORMER: world.noted.get(name) or "[]"}}}
        | {"data": data}
        for name, data in maps.items()
    ]
    if world.manifest:
        annotations = {"k8s-ha/manifest-digest": world.manifest}
        items.append({"kind": "DaemonSet", "metadata": {"name": "kube-flannel-ds", "annotations": annotations}})
    return json.dumps({"kind": "List", "items": items})


def preflight(request: Request) -> list[str]:
    """A host without a flaw, with what it holds of a cluster, whatever it is asked for."""
    sources = request.variable("SOURCES").splitlines()
    moment = time.time()
    return [
        *request.scenario.preflight.get(request.machine.name, []),
        f"began {moment}",
        *virtual_address(request),
        "cpus 2",
        "memory 4194304",
        "selinux Permissive",
        f"machine_id {request.machine.name}",
        *(f"answer {number} status=200" for number in range(len(sources))),
        *(f"node {line}" for line in (FIRST, *node(request), f"{LAST} 0")),
        f"ended {moment}",
    ]


def virtual_address(request: Request) -> list[str]:
    """A balancer's part in an address that moves: whoever is the first to run keepalived has it."""
    if not request.variable("VIRTUAL"):
        return []
    place = ["virtual asked", "virtual_place eth0 24"]
    kept = ["virtual kept"] * ("keepalived.service" in request.machine.active)
    return [*place, *kept, "virtual here" if has_virtual_address(request) else "virtual free", "virtual listened"]


def has_virtual_address(request: Request) -> bool:
    keepers = [machine for machine in request.world.machines.values() if "keepalived.service" in machine.active]
    return keepers[:1] == [request.machine]


def api_status(request: Request) -> list[str]:
    nodes = request.world.nodes
    if not nodes or not request.machine.serves():
        return []
    machines = {machine.hostname: machine for machine in request.world.machines.values()}
    pods = [
        (f"kube-system {pod}-{name} {name}", f"{pod}:v{machines[name].static_pods}" if pod != "etcd" else "")
        for pod in CONTROL_PLANE_PODS
        for name, control_plane in nodes.items()
        if control_plane
    ]
    pods += [(f"kube-system kube-proxy-{name} {name}", f"kube-proxy:v{request.world.version}") for name in nodes]
    pods += [(f"kube-flannel kube-flannel-ds-{name} {name}", "") for name in nodes]
    pods += [(f"kube-system coredns-{number} master1", "") for number in range(2)]
    ready = bool(request.world.manifest)
    return [
        "readyz own",
        *["readyz endpoint"] * request.world.endpoint_open(),
        *(f"node {name} {ready} v{machines[name].kubelet}" for name in nodes),
        *(
            f"pod {pod} Running 10.244.0.{number} true image={image and f'registry.k8s.io/{image}'}"
            for number, (pod, image) in enumerate(pods)
        ),
        f"kept_version v{request.world.version}",
        "service default kubernetes 10.96.0.1",
        "service kube-system kube-dns 10.96.0.10",
    ]


def kubelet_health(request: Request) -> list[str]:
    return ["ok"] * (KUBELET in request.machine.active and request.machine.is_back())


def host_status(request: Request) -> list[str]:
    lines = artifacts(request) + endpoints.named_clusters(request.machine)
    lines += [f"api {address} ok" for address in request.variable("APIS").split()]
    lines += [f"dns {address} {DNS_ANSWER}" for address in request.variable("NAME_SERVERS").split()]
    if request.variable("KUBELET"):
        lines += [*(f"kubelet {line}" for line in kubelet_health(request)), "proxy {}"]
    if request.variable("ETCD"):
        machines = {machine.hostname: machine.address for machine in request.world.machines.values()}
        control_planes = [
            (number, name)
            for number, (name, control_plane) in enumerate(request.world.nodes.items(), 1)
            if control_plane
        ]
        members = [
            {"ID": str(n), "name": name, "peerURLs": [f"https://{machines[name]}:2380"]} for n, name in control_planes
        ]
        status = {"leader": "1", "dbSize": "20971520", "dbSizeInUse": "15728640", **request.world.etcd_storage}
        lines += ['etcd_health {"health":"true"}', f"etcd_status {json.dumps(status)}", *backups.told(request)]
        lines += [f"etcd_members {json.dumps({'members': members})}"]
    if request.variable("BALANCER"):
        config = "".join(request.machine.files.get(path, "") for path in request.variable("BALANCER").split())
        lines += ["nginx active"] * ("nginx.service" in request.machine.active)
        for backend in re.findall(r"^ *server (\S+:\d+) ", config, re.MULTILINE):
            lines += [f"backend {backend} max_fails=1", f"backend_api {backend} ok"]
    if request.variable("VIRTUAL"):
        lines += ["keepalived active"] * ("keepalived.service" in request.machine.active)
        lines += ["virtual here"] * has_virtual_address(request)
    return lines


def diagnosis(request: Request) -> list[str]:
    """What a host tells for a report of an error: a line a part."""
    names = [row.partition(":")[0] for row in request.variable("PARTS").split()]
    parts = [line for name in names for line in (f"k8s-ha part {name}", f" {name} as it is", "k8s-ha ends")]
    return [*parts, "k8s-ha parts end"]


def cluster_diagnosis(request: Request) -> list[str]:
    """What a control plane tells of the cluster, where its API server answers."""
    return diagnosis(request) if request.world.nodes and request.machine.serves() else []
