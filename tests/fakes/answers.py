"""How the simulated hosts answer the commands of the package, by what the command holds."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from k8s_ha.health import CONTROL_PLANE_PODS
from tests.fakes.scenario import Scenario
from tests.fakes.world import KUBEADM, KUBERNETES, RECORDED, KubeadmError, Machine, World

NODE_TRACES = ("admin.conf", "kubelet.conf", "bootstrap-kubelet.conf", "pki/ca.crt", "manifests/kube-apiserver.yaml")
VERSION = "v1.30.14"
# What a name server says of the API's Service, in hex: 10.96.0.1.
DNS_ANSWER = re.search(r"\ndns \S+ (\w+)", (RECORDED.parent / "verify-worker.txt").read_text(encoding="utf-8"))[1]


class Request(NamedTuple):
    """A command with what it reads from stdin, on a host of a world."""

    world: World
    scenario: Scenario
    machine: Machine
    command: str
    stdin: str

    def variable(self, name: str) -> str:
        """A shell variable that the command sets in its first lines."""
        found = re.search(rf"^{name}=((?:'(?:[^']|'\"'\"')*'|[^\s'])*)$", self.command, re.MULTILINE)
        return shlex.split(found[1])[0] if found and found[1] not in ("", "''") else ""


class Failure(Exception):
    """A command that exits with an error; its text goes to stderr."""


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
    return [f"{key} {value}" for key, value in values.items()] + ["node yes"] * is_node


def members(world: World) -> list[dict[str, Any]]:
    """etcd's members as its API lists them; their numbers are their addresses' digits."""
    addresses = {machine.hostname: machine.address for machine in world.machines.values()}
    return [
        {"ID": addresses[name].replace(".", ""), "name": name, "peerURLs": [f"https://{addresses[name]}:2380"]}
        for name in world.members
    ]


def traces(request: Request) -> list[str]:
    files = request.machine.files
    lines = [f"trace {KUBERNETES}/{name}" for name in NODE_TRACES if f"{KUBERNETES}/{name}" in files]
    configs = "".join(
        files.get(f"{KUBERNETES}/{name}", "") for name in ("admin.conf", "kubelet.conf", "bootstrap-kubelet.conf")
    )
    lines += [line.strip().replace("server: ", "server ") for line in configs.splitlines() if " server: " in line]
    return lines + [f"authority {line}" for line in files.get(f"{KUBERNETES}/pki/ca.crt", "").splitlines()]


def node(request: Request) -> list[str]:
    files, lines = request.machine.files, traces(request)
    if f"{KUBERNETES}/admin.conf" in files and request.world.nodes and request.machine.is_back():
        planes = request.world.nodes.items()
        label = {True: '{"node-role.kubernetes.io/control-plane":""}', False: "{}"}
        ready = {
            machine.hostname: f"{KUBERNETES}/kubelet.conf" in machine.files
            for machine in request.world.machines.values()
        }
        lines += ["readyz ok", *(f"node {name} {ready[name]} {VERSION} {label[plane]}" for name, plane in planes)]
        lines += ["members " + json.dumps({"members": members(request.world)}), 'etcd {"health":"true"}']
        lines += [f"secret {name}" for name in request.world.secrets]
    return [*lines, "end"]


def preflight(request: Request) -> list[str]:
    """A host without a flaw, with what it holds of a cluster, whatever it is asked for."""
    sources = [line.split()[1] for line in request.variable("SOURCES").splitlines()]
    moment = time.time()
    return [
        *request.scenario.preflight.get(request.machine.name, []),
        f"began {moment}",
        "cpus 2",
        "memory 4194304",
        "selinux Permissive",
        f"machine_id {request.machine.name}",
        *(f"answer {url} status=200" for url in sources),
        *(f"node {line}" for line in node(request)),
        f"ended {moment}",
    ]


def files(request: Request) -> list[str]:
    paths = shlex.split(re.search(r"for path in (.*); do", request.command)[1])
    held, modes = request.machine.files, request.machine.modes
    digests = {path: hashlib.sha256(held[path].encode()).hexdigest() for path in paths if path in held}
    return [f"file {digest} {modes.get(path, '644')} root:root {path}" for path, digest in digests.items()]


def service(request: Request) -> list[str]:
    unit = request.variable("UNIT")
    state = "active" if unit in request.machine.active else "inactive"
    enabled = "enabled" if unit in request.machine.enabled else "disabled"
    digest = request.machine.files.get(f"/var/lib/k8s-ha/{unit}.digest")
    lines = ["LoadState=loaded", f"ActiveState={state}", f"UnitFileState={enabled}"]
    return [*lines, *([f"digest {digest}"] if digest else []), *files(request)]


def kernel(request: Request) -> list[str]:
    keys = request.variable("KEYS").split()
    return [*(f"sysctl {key} 1" for key in keys), "swap_masked yes", "selinux Permissive"]


def packages(request: Request) -> list[str]:
    names = shlex.split(request.command.split("\\n' ", 1)[1].split(" | ")[0])
    return [f"package {name} {request.machine.packages[name]}" for name in names if name in request.machine.packages]


def text(request: Request) -> list[str]:
    path = re.search(r"cat (\S+)", request.command)[1]
    return [*request.machine.files.get(path, "").splitlines(), "end"]


def unit_state(request: Request) -> list[str]:
    key, unit = re.search(r"Id --property (\w+) (\S+)", request.command).groups()
    values = {
        "SubState": "running" if unit in request.machine.active else "dead",
        "UnitFileState": "enabled" if unit in request.machine.enabled else "disabled",
    }
    return [f"Id={unit}", f"{key}={values[key]}"]


def port(request: Request) -> list[str]:
    return ["open" if request.world.endpoint_open() else "closed"]


def https_answer(request: Request) -> list[str]:
    return ["HTTP status 403" if request.world.endpoint_open() and request.world.nodes else "silent"]


def kubelet_health(request: Request) -> list[str]:
    return ["ok"] * ("kubelet.service" in request.machine.active and request.machine.is_back())


def health(request: Request) -> list[str]:
    nodes = request.world.nodes
    if not nodes or f"{KUBERNETES}/admin.conf" not in request.machine.files:
        return []
    pods = [f"kube-system {pod}-{name} {name}" for pod in CONTROL_PLANE_PODS for name, plane in nodes.items() if plane]
    for daemon in ("kube-system kube-proxy-", "kube-flannel kube-flannel-ds-"):
        pods += [f"{daemon}{name} {name}" for name in nodes]
    pods += [f"kube-system coredns-{number} master1" for number in range(2)]
    ready = bool(request.world.manifest)
    return [
        "readyz own",
        *["readyz endpoint"] * request.world.endpoint_open(),
        *(f"node {name} {ready} {VERSION}" for name in nodes),
        *(f"pod {pod} Running 10.244.0.{number} true" for number, pod in enumerate(pods)),
        "service default kubernetes 10.96.0.1",
        "service kube-system kube-dns 10.96.0.10",
    ]


def proof(request: Request) -> list[str]:
    lines = traces(request)
    lines += [f"api {address} ok" for address in request.variable("APIS").split()]
    lines += [f"dns {address} {DNS_ANSWER}" for address in request.variable("NAME_SERVERS").split()]
    if request.variable("KUBELET"):
        lines += [*(f"kubelet {line}" for line in kubelet_health(request)), "proxy {}"]
    if request.variable("ETCD"):
        machines = {machine.hostname: machine.address for machine in request.world.machines.values()}
        planes = [(number, name) for number, (name, plane) in enumerate(request.world.nodes.items(), 1) if plane]
        members = [{"ID": str(n), "name": name, "peerURLs": [f"https://{machines[name]}:2380"]} for n, name in planes]
        lines += ['etcd_health {"health":"true"}', 'etcd_status {"leader":"1"}']
        lines += [f"etcd_members {json.dumps({'members': members})}"]
    if request.variable("BALANCER"):
        config = request.machine.files.get(request.variable("BALANCER"), "")
        lines += ["nginx active"] * ("nginx.service" in request.machine.active)
        for backend in re.findall(r"^ *server (\S+:\d+) ", config, re.MULTILINE):
            lines += [f"backend {backend} max_fails=1", f"backend_api {backend} ok"]
    return [*lines, "end"]


def kubeconfig_read(request: Request) -> list[str]:
    return request.machine.files.get(request.command.removeprefix("cat "), "").splitlines()


def refused(request: Request) -> list[str]:
    raise Failure(shlex.split(request.command)[1])


def write(request: Request) -> list[str]:
    mode = re.search(r"chmod (\d+) ", request.command)[1]
    request.machine.write(shlex.split(request.command)[-1], request.stdin, mode)
    return []


def installed(request: Request) -> list[str]:
    script = request._replace(command=request.variable("COMMAND"))
    for wanted in script.variable("WANTED").splitlines():
        name, pattern = wanted.split()
        version = re.sub(r"\[(.).*?\]|\*", lambda match: match[1] or "1", pattern)
        request.machine.packages[name] = f"{version}-1.el8"
    return []


def kubeadm(request: Request) -> list[str]:
    name = request.variable("NAME")
    config = request.machine.config(f"/run/k8s-ha/{name}.yaml")
    try:
        request.world.kubeadm(request.machine, name, config)
    except KubeadmError as error:
        raise Failure(f"error execution phase preflight: {error}") from None
    return []


def service_started(request: Request) -> list[str]:
    unit, digest, path = re.search(r"enable (\S+) && .*echo (.+) >(\S+)\.new && mv", request.command).groups()
    request.machine.write(path, digest)
    for units in (request.machine.active, request.machine.enabled):
        units += [unit] * (unit not in units)
    return []


def service_restarted(request: Request) -> list[str]:
    request.machine.looks_until_back = 1
    return service_started(request)


def unit_changed(request: Request) -> list[str]:
    action, unit = re.search(r"systemctl (start|stop|enable|disable) (\S+)", request.command).groups()
    units = request.machine.active if action in ("start", "stop") else request.machine.enabled
    if action in ("start", "enable"):
        units.append(unit)
    elif unit in units:
        units.remove(unit)
    return []


def hostname_set(request: Request) -> list[str]:
    request.machine.hostname = shlex.split(request.command)[-1]
    return []


def kubeconfig_installed(request: Request) -> list[str]:
    admin = f"{KUBERNETES}/admin.conf"
    if admin not in request.machine.files:
        raise Failure(f"install: cannot stat '{admin}'")
    request.machine.write("/root/.kube/config", request.machine.files[admin])
    return []


def token_created(request: Request) -> list[str]:
    request.world.token_created(json.loads(request.stdin))
    return []


def node_deleted(request: Request) -> list[str]:
    request.world.nodes.pop(re.search(r"delete node (\S+)", request.command)[1])
    return []


def member_removed(request: Request) -> list[str]:
    identity = json.loads(shlex.split(request.command)[-1])["ID"]
    (name,) = [member["name"] for member in members(request.world) if member["ID"] == identity]
    request.world.members.remove(name)
    return []


def kubeadm_reset(request: Request) -> list[str]:
    request.world.reset(request.machine)
    return []


def secrets_deleted(request: Request) -> list[str]:
    request.world.secrets_deleted(re.findall(r"secret/\S+", request.command))
    return []


def manifest_applied(request: Request) -> list[str]:
    request.world.manifest = re.search(r'k8s-ha/manifest-digest: "(\w+)"', request.stdin)[1]
    return []


def silence(_: Request) -> list[str]:
    return []


class Answer(NamedTuple):
    """The kind of a command that matches ``pattern``, whether it changes anything, and what happens."""

    step: str
    pattern: str
    handler: Callable[[Request], list[str]]
    changes: bool = True


ANSWERS = (
    Answer("refusal", r"^echo .* >&2; exit 1$", refused, False),
    Answer("survey", r"os_like", survey, False),
    Answer("proof", r"^NAME_SERVERS=", proof, False),
    Answer("preflight", r"^FOLDERS=", preflight, False),
    Answer("node", r"bootstrap-kubelet\.conf", node, False),
    Answer("health", r"get nodes,pods,services -A", health, False),
    Answer("manifest digest", r"manifest-digest\}'", lambda request: request.world.manifest.split(), False),
    Answer("service", r"^UNIT=", service, False),
    Answer("files", r"^for path in .*; do\n", files, False),
    Answer("kernel", r"^MODULES=", kernel, False),
    Answer("text", r"\bcat \S+ .*; echo end$", text, False),
    Answer("packages", r"^rpm -q --qf", packages, False),
    Answer("active units", r"^for unit in .* is-active", lambda _: ["chronyd.service"], False),
    Answer("port", r"/dev/tcp/", port, False),
    Answer("https answer", r"curl -ksS", https_answer, False),
    Answer("kubelet health", r"10248/healthz", kubelet_health, False),
    Answer("hostname", r"^uname -n$", lambda request: [request.machine.hostname], False),
    Answer("which", r"command -v hostnamectl", lambda _: ["/usr/bin/hostnamectl"], False),
    Answer("unit state", r"systemctl show --all", unit_state, False),
    Answer("sudo", r"sudo -n true", silence, False),
    Answer("kubeconfig read", rf"^cat ({KUBERNETES}/admin\.conf|/root/\.kube/config)$", kubeconfig_read, False),
    Answer("own operation", r"own-command", silence),
    *(Answer(name, rf"\ANAME={name}$", kubeadm) for name in KUBEADM),
    Answer("kubeadm-reset", r"\ANAME=kubeadm-reset$", kubeadm_reset),
    Answer("image pull", r"\ANAME=image-pull$", silence),
    Answer("install", r"\ANAME=install-", installed),
    Answer("write", r"^umask 022; mkdir -p .* mv -f ", write),
    Answer("restart", r"systemctl -q enable .* systemctl restart ", service_restarted),
    Answer("service start", r"systemctl -q enable .* mv -f ", service_started),
    Answer("kubeconfig", r"install -D -m 600", kubeconfig_installed),
    Answer("token", r" create -f -$", token_created),
    Answer("node deleted", r" delete node ", node_deleted),
    Answer("member removed", r"/v3/cluster/member/remove", member_removed),
    Answer("secrets removed", r" delete --ignore-not-found ", secrets_deleted),
    Answer("manifest", r" apply -f -$", manifest_applied),
    Answer("unit", r"systemctl (start|stop|enable|disable) ", unit_changed),
    Answer("hostname", r"hostnamectl set-hostname", hostname_set),
    Answer("record removed", r"^rm -f /var/lib/k8s-ha/", silence),
    # A command that the table does not know counts as a change, so that no test can overlook it.
    Answer("unknown", r"", silence),
)


def answer_to(command: str) -> Answer:
    """The first row that fits."""
    return next(row for row in ANSWERS if re.search(row.pattern, command, re.MULTILINE))
