"""How the simulated hosts answer the commands of the package, by what the command holds."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shlex
from collections.abc import Callable, Iterable
from typing import NamedTuple

from k8s_ha.desired.nginx import OWN_FILES
from k8s_ha.desired.nginx_capacity import LIMITS_DROP_IN
from k8s_ha.observations.nginx import NGINX_CONFIG
from tests.support.fakes import backups, endpoints, looks, renewals, resets, restores, upgrades
from tests.support.fakes.looks import members
from tests.support.fakes.request import Failure, Request
from tests.support.fakes.world import KUBEADM, KUBERNETES, KubeadmError


# What a name server says of the API's Service, in hex: 10.96.0.1.
def files(request: Request) -> list[str]:
    paths = shlex.split(re.search(r"for path in (.*); do", request.command)[1])
    return digests(request, paths)


def digests(request: Request, paths: Iterable[str]) -> list[str]:
    held, modes, paths = request.machine.files, request.machine.modes, list(paths)
    sums = {path: hashlib.sha256(held[path].encode()).hexdigest() for path in paths if path in held}
    # Nobody has the keys that public sources are pinned to but they: simulated hosts hold them already.
    sums |= {path: "0" * 64 for path in paths if path.startswith("/etc/pki/rpm-gpg/RPM-GPG-KEY-k8s-ha-")}
    return [f"file {digest} {modes.get(path, '644')} root:root {path}" for path, digest in sums.items()]


def service(request: Request) -> list[str]:
    unit = request.variable("UNIT")
    state = "active" if unit in request.machine.active else "inactive"
    enabled = "enabled" if unit in request.machine.enabled else "disabled"
    digest = request.machine.files.get(f"/var/lib/k8s-ha/{unit}.digest")
    lines = ["LoadState=loaded", f"ActiveState={state}", f"UnitFileState={enabled}"]
    return [*lines, *([f"digest {digest}"] if digest else []), *files(request)]


def kernel(request: Request) -> list[str]:
    return [f"sysctl {key} 1" for key in request.variable("KEYS").split()]


def units(request: Request) -> list[str]:
    lines = []
    clock = ["chronyd.service"]
    for unit in request.variable("UNITS").split():
        state = "active" if unit in request.machine.active + clock else "inactive"
        enabled = "enabled" if unit in request.machine.enabled + clock else "disabled"
        lines += ["", f"Id={unit}", "LoadState=loaded", f"ActiveState={state}", f"UnitFileState={enabled}"]
    return [f"unit {line}" for line in lines]


def packages(request: Request) -> list[str]:
    names = shlex.split(re.search(r"^packages package (.*)$", request.command, re.MULTILINE)[1])
    return [f"package {name} {request.machine.packages[name]}" for name in names if name in request.machine.packages]


def content(request: Request) -> list[str]:
    path = re.search(r"^(?:.* )?base64 (\S+)$", request.command, re.MULTILINE)[1]
    return [base64.b64encode(request.machine.files.get(path, "").encode()).decode()]


def port(request: Request) -> list[str]:
    return ["open" if request.world.endpoint_open() else "closed"]


def https_answer(request: Request) -> list[str]:
    return ["HTTP status 403" if request.world.endpoint_open() and request.world.nodes else "silent"]


def refused(request: Request) -> list[str]:
    raise Failure(shlex.split(request.command)[1])


def write(request: Request) -> list[str]:
    mode = re.search(r"chmod (\d+) ", request.command)[1]
    request.machine.write(shlex.split(request.command)[-1], base64.b64decode(request.stdin).decode(), mode)
    return []


def edited(request: Request) -> list[str]:
    request.machine.write(request.variable("FILE"), base64.b64decode(request.stdin).decode(), "644")
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


def runtime_changed(request: Request) -> list[str]:
    unit, change = request.variable("UNIT"), request.variable("CHANGE")
    if change == "restart":
        request.machine.looks_until_back = 1
    request.machine.write(f"/var/lib/k8s-ha/{unit}.digest", request.variable("RECORD"))
    for units in (request.machine.active, request.machine.enabled):
        units += [unit] * (unit not in units)
    return []


def runtime_service(request: Request) -> list[str]:
    held = request.machine.files.get(request.variable("CONFIGS"))
    lines = service(request._replace(command=request.command + "\nfor path in ; do\n"))
    if held is None:
        return lines
    return [*lines, f"runtime files config ={base64.b64encode(held.encode()).decode()} {request.variable('CONFIGS')}"]


def service_restarted(request: Request) -> list[str]:
    request.machine.looks_until_back = 1
    return service_started(request)


def nginx(request: Request) -> list[str]:
    """nginx from its package, with the files that are there."""
    if "nginx" not in request.machine.packages:
        return []
    files, unit = request.machine.files, "nginx.service"
    active = unit in request.machine.active
    read = {path: files[path] for path in (NGINX_CONFIG, *OWN_FILES) if path in files}
    dump = "".join(f"# configuration file {path}:\n{text}\n" for path, text in read.items())
    record = files.get(f"/var/lib/k8s-ha/{unit}.digest", "")
    limit = files.get(LIMITS_DROP_IN, "").strip().rpartition("LimitNOFILE=")[2]
    return [
        f"unit ActiveState={'active' if active else 'inactive'}",
        f"unit UnitFileState={'enabled' if unit in request.machine.enabled else 'disabled'}",
        *[f"record {record}"] * bool(record),
        *[f"unit LimitNOFILESoft={limit}"] * bool(limit),
        *(f"own {line.removeprefix('file ')}" for line in digests(request, (*OWN_FILES, LIMITS_DROP_IN))),
        f"listens {'yes' if active else 'no'}",
        "program /usr/sbin/nginx",
        "build nginx version: nginx/1.20.1",
        "build configure arguments: --with-stream=dynamic",
        f"answer {base64.b64encode(dump.encode()).decode()}",
    ]


def nginx_configured(request: Request) -> list[str]:
    before = upgrades.marked_down(request.world)
    for line in request.stdin.splitlines():
        kind, *rest = line.split()
        if kind in ("edit", "own"):
            request.machine.write(rest[0], base64.b64decode(rest[2]).decode(), "644")
    for units in (request.machine.active, request.machine.enabled):
        units += ["nginx.service"] * ("nginx.service" not in units)
    (dump,) = (line.split()[1] for line in nginx(request) if line.startswith("answer "))
    request.machine.write(request.variable("RECORD"), f"config={hashlib.sha256(base64.b64decode(dump)).hexdigest()}")
    upgrades.balancers_changed(request.world, before)
    return []


def address_released(request: Request) -> list[str]:
    machine = request.machine
    for units in (machine.active, machine.enabled):
        units.remove("keepalived.service")
    for path in shlex.split(request.command.partition("rm -f ")[2]):
        machine.files.pop(path, None)
    return []


def unit_changed(request: Request) -> list[str]:
    action, unit = re.search(r"systemctl (start|stop|enable|disable) (\S+)", request.command).groups()
    units = request.machine.active if action in ("start", "stop") else request.machine.enabled
    if action in ("start", "enable"):
        units.append(unit)
    elif unit in units:
        units.remove(unit)
    return []


def hostname(request: Request) -> list[str]:
    return [f"current {request.machine.hostname}", f"static {request.machine.hostname}"]


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
    name = re.search(r"delete node (\S+)", request.command)[1]
    request.world.nodes.pop(name)
    request.world.cordoned.pop(name, None)
    return []


def member_removed(request: Request) -> list[str]:
    words = shlex.split(request.command)
    identity = json.loads(words[words.index("-d") + 1])["ID"]
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


def node_patched(request: Request) -> list[str]:
    """A Node's labels and annotation, by a merge patch."""
    for name, patch in re.findall(r"patch node (\S+) --type merge -p ('[^']*')", request.command):
        change = json.loads(shlex.split(patch)[0])["metadata"]
        metadata = request.world.metadata.setdefault(name, {"labels": {}, "taints": [], "owned": ""})
        labels = metadata["labels"] | change["labels"]
        metadata["labels"] = {key: value for key, value in labels.items() if value is not None}
        metadata["owned"] = change["annotations"]["k8s-ha/settings"] or ""
    return []


def holder(request: Request) -> list[str]:
    return [f"{request.variable('IDENTITY')} this run"]


def silence(_: Request) -> list[str]:
    return []


class Answer(NamedTuple):
    """The kind of a command that matches ``pattern``, whether it changes anything, and what happens."""

    step: str
    pattern: str
    handler: Callable[[Request], list[str]]
    changes: bool = True


ANSWERS = (
    Answer("refusal", r"\Aecho (?s:.*) >&2; exit 1\Z", refused, False),
    Answer("remains", r"^LOOK=yes$", resets.remains, False),
    Answer("taken back", r"\ANAME=take-back$", resets.taken_back),
    Answer("cluster diagnosis", r"^PARTS='health:", looks.cluster_diagnosis, False),
    Answer("diagnosis", r"^PARTS=", looks.diagnosis, False),
    Answer("lock", r"^SECONDS_OF_LEASE=", silence, False),
    Answer("holder", r"^SECONDS_TO_ASK=", holder, False),
    Answer("survey", r"os_like", looks.survey, False),
    Answer("restoring", r"^\[ ! -e \S+/restore/mark \] ", restores.marked, False),
    Answer("restore facts", r"^echo .free_kept ", restores.told, False),
    Answer("host status", r"^NAME_SERVERS=", looks.host_status, False),
    Answer("backups", r"^    echo .backup_newest ", backups.told, False),
    Answer("preflight", r"^FOLDERS=", looks.preflight, False),
    Answer("available versions", r"^REPOSITORIES=", upgrades.available_versions, False),
    Answer("upgrade survey", r"echo .etcd_size ", upgrades.upgrade_survey, False),
    Answer("images", r"^accepted='header ", upgrades.images, False),
    Answer("last boot", r"^SINCE=", upgrades.last_boot, False),
    Answer("reboot", r"\A\( sleep 1 && systemctl reboot \) ", upgrades.rebooted),
    Answer("drains", r"get poddisruptionbudgets,nodes,pods,", upgrades.drains, False),
    Answer("etcd leader", r"health \$\{address%:\*\}", looks.etcd_leader, False),
    Answer("etcd led elsewhere", r"/v3/maintenance/transfer-leadership", upgrades.etcd_led_elsewhere),
    Answer("defragmented", r"\ANAME=etcd-defragment$", upgrades.defragmented),
    Answer("kubelet process", r"^\[ .*readlink .*/exe", upgrades.kubelet_process, False),
    Answer("node", r"bootstrap-kubelet\.conf", looks.node, False),
    Answer("api status", r"get nodes,pods,services -A", looks.api_status, False),
    Answer("flannel", r"get configmap kube-flannel-cfg", lambda _: ["config ", "pods 10.244.0.0/16"], False),
    Answer("manifest digest", r"manifest-digest\}'", lambda request: request.world.manifest.split(), False),
    Answer("address released", r"\Asystemctl disable --now keepalived", address_released),
    Answer("labeled", r"\A! command -v restorecon ", silence),
    Answer("firewall", r"^name=org\.fedoraproject\.FirewallD1 ", silence, False),
    Answer("own file", r"^! \(test -e \S+ \|\| test -L ", silence, False),
    Answer("own interface", r"^virtual_place$", lambda _: ["virtual_place eth0 24"], False),
    Answer("nginx", r"^UNSTARTED=", nginx, False),
    Answer("nginx configured", r"^ERROR_LOG=", nginx_configured),
    Answer("configuration check", r"\A(TARGET|PROGRAM)=", silence, False),
    Answer("files kept", r"\AFILES=", silence),
    Answer("restart", r"\ACHANGE=restart$", runtime_changed),
    Answer("service start", r"\ACHANGE=", runtime_changed),
    Answer("runtime", r"^CONFIGS=", runtime_service, False),
    Answer("service", r"^UNIT=", service, False),
    Answer("files", r"^for path in .*; do\n", files, False),
    Answer("kernel", r"^MODULES=", kernel, False),
    Answer("content", r"^\[ ! -e \S+ \] \|\| base64 \S+$", content, False),
    Answer("packages", r"^packages package ", packages, False),
    Answer("swap", r"^tail -n \+2 /proc/swaps", lambda _: ["masked yes"], False),
    Answer("selinux", r"^command -v getenforce .*mode ", lambda _: ["mode Permissive"], False),
    Answer("units", r"^UNITS=", units, False),
    Answer("port", r"/dev/tcp/", port, False),
    Answer("https answer", r"^status=\$\(curl ", https_answer, False),
    Answer("kubelet health", r"10248/healthz", looks.kubelet_health, False),
    Answer("hostname", r"^echo .current ", hostname, False),
    Answer("shell", r"^printenv SHELL$", lambda _: ["/bin/bash"], False),
    Answer("kubeconfig read", rf"^base64 ({KUBERNETES}/admin\.conf|/root/\.kube/config)$", content, False),
    Answer("own operation", r"own-command", silence),
    *(Answer(name, rf"\ANAME={name}$", kubeadm) for name in KUBEADM),
    Answer("kubeadm-reset", r"\ANAME=kubeadm-reset$", kubeadm_reset),
    Answer("detach", r"\ANAME=detach-", silence, False),
    Answer("image pull", r"\ANAME=image-pull$", upgrades.images_pulled),
    Answer("fetch", r"\ANAME=fetch-version$", silence),
    Answer("fetched removed", r"\Arm -rf /var/lib/k8s-ha/fetched-", upgrades.folder_removed),
    Answer(
        "backup timer started", r"\Asystemctl daemon-reload && systemctl -q enable k8s-ha-backup", backups.timer_started
    ),
    Answer(
        "backup timer removed",
        r"k8s-ha-backup\.timer; .*rm -f |\Arm -f (/\S*/k8s-ha-backup|/var/lib/k8s-ha/backup)",
        backups.removed,
    ),
    Answer("file read", r"^base64 /srv/\S+$", content, False),
    Answer("backup piece", r"^dd if=.* base64 -w 8000$", backups.piece, False),
    Answer("snapshot summed", r"sha256sum \S+/restore/snapshot\.db", restores.summed, False),
    Answer("snapshot piece", r"base64 -d \| dd of=\S+/restore/snapshot\.db", restores.put),
    Answer("rebuilt", r"\ANAME=restore-files$", restores.rebuilt),
    Answer("kubelet restarted", r"\ANAME=restore-kubelet$", restores.kubelet_restarted),
    Answer("restore ended", r"\ANAME=restore-end$", restores.ended),
    Answer("restore stage", r"\ANAME=restore-", restores.advanced),
    Answer("pods deleted", r" delete pods -l ", restores.pods_deleted),
    Answer("snapshot", r"\ANAME=etcd-snapshot$", upgrades.snapshot_taken),
    Answer("kubeadm-upgrade", r"\ANAME=kubeadm-upgrade$", upgrades.kubeadm_upgraded),
    Answer("drain", r"\ANAME=drain-", upgrades.drained),
    Answer("uncordon", r"\ANAME=uncordon-", upgrades.uncordoned),
    Answer("await", r"\ANAME=await-", upgrades.awaited),
    Answer(
        "kubelet restart",
        r"\Asystemctl daemon-reload && systemctl restart kubelet\.service",
        upgrades.kubelet_restarted,
    ),
    Answer("kubelet runtime", r'echo "cri dockershim"', upgrades.kubelet_runtime, False),
    Answer("runtime moved", r"\ANAME=move-runtime$", upgrades.runtime_moved),
    Answer("socket noted", r" annotate node ", upgrades.socket_noted),
    Answer("sandboxes removed", r"\Asystemctl stop kubelet\.service && .* crictl rmp ", upgrades.sandboxes_removed),
    Answer("endpoint proof", r"^QUESTIONS=", endpoints.endpoint_proof, False),
    Answer("cluster-info", r"get configmap cluster-info ", endpoints.cluster_info, False),
    Answer("kubeconfigs", r"\ANAME=move-kubeconfigs$", endpoints.kubeconfigs_moved),
    Answer("certificate", r"\ANAME=issue-serving-certificate$", endpoints.certificate_issued),
    Answer("kube-proxy", r"\ANAME=roll-kube-proxy$", endpoints.kube_proxy_rolled),
    Answer("configuration", r" replace -f -$", upgrades.configuration_replaced),
    Answer("certificates renewed", r"\ANAME=renew-certificates$", renewals.certificates_renewed),
    Answer("kubelet certificate", r"init phase kubeconfig kubelet --config ", renewals.certificate_made, False),
    Answer("kubelet renewed", r"\ANAME=install-kubelet-certificate$", renewals.kubelet_renewed),
    Answer("configuration removed", r"\Arm -f /run/k8s-ha/", silence, False),
    Answer("install", r"\ANAME=install-", installed),
    Answer("write", r"\AFILE=", edited),
    Answer("write", r"^umask 022; mkdir -p .* mv -f ", write),
    Answer("restart", r"systemctl -q enable .* systemctl restart ", service_restarted),
    Answer("service start", r"systemctl -q enable .* mv -f ", service_started),
    Answer("kubeconfig", r"install -D -m 600", kubeconfig_installed),
    Answer("token", r" create -f -$", token_created),
    Answer("node patched", r" patch node ", node_patched),
    Answer("node deleted", r" delete node ", node_deleted),
    Answer("member removed", r"/v3/cluster/member/remove", member_removed),
    Answer("secrets removed", r" delete --ignore-not-found ", secrets_deleted),
    Answer("manifest", r" apply -f -$", manifest_applied),
    Answer("kept", r"^KEPT=", silence),
    Answer("unit", r"systemctl (start|stop|enable|disable) ", unit_changed),
    Answer("hostname", r"hostnamectl set-hostname", hostname_set),
    Answer("success", r"\Atrue\Z", silence),
    Answer("record removed", r"^rm -f /var/lib/k8s-ha/", silence),
    # A command that the table does not know counts as a change, so that no test can overlook it.
    Answer("unknown", r"", silence),
)


def answer_to(command: str) -> Answer:
    """The first row that fits."""
    return next(row for row in ANSWERS if re.search(row.pattern, command, re.MULTILINE))
