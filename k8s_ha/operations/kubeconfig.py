"""The kubeconfig: root's on every control plane, and the operator's."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pyinfra import host, logger
from pyinfra.api import FunctionCommand, Host, StringCommand

from k8s_ha.cluster_state.plan import no_leader
from k8s_ha.facts.system import Files, FileState
from k8s_ha.local_files import is_seen_by_git, local_folder, write_private
from k8s_ha.operations.cluster import is_leader, observe
from k8s_ha.operations.commands import fail_host, read_everywhere, read_silently, write
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.pyinfra_internals.state import State, working_folder
from k8s_ha.run import Run, is_executing

ADMIN: Final = "/etc/kubernetes/admin.conf"
ROOTS: Final = "/root/.kube/config"


@isolated_operation
def root_installed(endpoint: str) -> Generator[StringCommand]:
    """Have root's kubectl use this cluster; a kubeconfig that knows another one is left alone.

    + endpoint: the cluster's, ``HOST:PORT``
    """
    own = ROOTS
    files = require_fact(Files, paths=[ADMIN, own])
    if own in files and ADMIN in files and files[own].sha256 == files[ADMIN].sha256:
        host.noop("root has the kubeconfig")
        return
    if is_executing() and ADMIN not in files:
        yield fail_host(f"{host.name}: {ADMIN} is missing, so it did not become a control plane; see its errors above.")
        return
    servers = f"$(sed -n 's/^ *server: *//p' {own} | sort -u)"
    yield StringCommand(
        f'if [ ! -e {own} ] || [ "{servers}" = {shlex.quote(f"https://{endpoint}")} ]; then '
        f"install -D -m 600 {ADMIN} {own}; "
        f'else echo "{own} is of another cluster and was left alone" >&2; fi'
    )


@isolated_operation
def admin_installed(run: Run) -> Generator[StringCommand]:
    """Have root's kubectl on this host use the cluster, with the leader's kubeconfig.

    One that knows another cluster is left alone. The content goes from host to host through the operator's memory.
    """
    own = ROOTS
    snapshot = observe(run)
    leader = snapshot.leader
    if leader is None:
        if is_executing():
            yield fail_host(no_leader(snapshot, f"{host.name} got no kubeconfig"))
        else:
            yield StringCommand("cat", ADMIN)
        return
    text = read_silently(host.inventory.get_host(leader.name), ADMIN)
    if text is None:
        yield fail_host(f"{host.name} got no kubeconfig: {ADMIN} of {leader.name} could not be read; run this again.")
        return
    current = require_fact(Files, paths=[own]).get(own)
    valid = {hashlib.sha256(text).hexdigest(), *_admin_digests(run)}
    if current and current == FileState(current.sha256, "600", "root:root") and current.sha256 in valid:
        host.noop("root has the kubeconfig")
    elif current and _servers(read_silently(host, own) or b"") != {f"https://{run.cluster.endpoint}"}:
        host.noop(f"{own} is of another cluster and was left alone")
    else:
        yield write(own, text, "600")


@dataclass
class AdminDigests:
    """The digests as seen while preparing (False) and while executing (True)."""

    by_stage: dict[bool, set[str]] = field(default_factory=dict)


def _admin_digests(run: Run) -> set[str]:
    """SHA-256 of each control plane's admin kubeconfig: they differ, and each will do."""
    digests_by_stage = run.part(AdminDigests).by_stage
    with run.lock:
        if is_executing() not in digests_by_stage:
            control_planes = {
                host.inventory.get_host(control_plane.name): {"paths": [ADMIN]}
                for control_plane in run.cluster.control_planes
            }
            found = read_everywhere(Files, control_planes)
            digests = {files[ADMIN].sha256 for files in found.values() if files and ADMIN in files}
            digests_by_stage[is_executing()] = digests
        return digests_by_stage[is_executing()]


def _servers(kubeconfig: bytes) -> set[str]:
    return set(re.findall(r"^ *server: *(\S+)", kubeconfig.decode("latin-1"), re.MULTILINE))


def local_path(run: Run) -> Path:
    """Where the kubeconfig lies on the operator's machine."""
    return local_folder(working_folder(host.state), run.cluster.settings.kubeconfig_dir) / "admin.conf"


@isolated_operation
def fetched(run: Run) -> Generator[StringCommand | FunctionCommand]:
    """Have the admin kubeconfig on the operator's machine, readable by its owner alone and ignored by git."""
    if observe(run).leader is None and not is_executing():
        if host.name == run.cluster.control_planes[0].name:
            yield StringCommand("cat", ADMIN)
        return
    if not is_leader(run, host):
        host.noop("another control plane is the leader")
        return
    path = local_path(run)
    try:
        held = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
    except OSError as error:
        yield fail_host(f"the kubeconfig could not be read: {error}; set kubeconfig_dir to a folder of yours.")
        return
    if held in _admin_digests(run):
        host.noop(f"{path} is the cluster's")
    else:
        yield FunctionCommand(_fetch, (path,), {})


def _fetch(state: State, host: Host, path: Path) -> bool:  # pyinfra gives state and host by these names
    text = read_silently(host, ADMIN)
    if text is None:
        logger.error(f"{host.name}: {ADMIN} could not be read")
        return False
    try:
        write_private(path, text.decode())
        if is_seen_by_git(path.parent):
            logger.warning(
                f"{path.parent} holds files of others and got no .gitignore; keep {path.name} out of git, or set "
                "kubeconfig_dir to a folder of its own"
            )
    except UnicodeDecodeError:
        logger.error(f"{host.name}: {ADMIN} is no text; restore it there, then run this again")
        return False
    except OSError as error:
        logger.error(f"the kubeconfig could not be written: {error}; make {path.parent} writable or set kubeconfig_dir")
        return False
    return True
