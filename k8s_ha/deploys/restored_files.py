"""What is against a restore in files that the API servers read: such that nobody has, and keys for encryption."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import chain

from pyinfra import state

from k8s_ha.backup_source import MANIFEST, BackupSource
from k8s_ha.desired.restored_files import AUTHORITIES, api_server_files, host_path
from k8s_ha.facts.system import Files
from k8s_ha.findings import Finding
from k8s_ha.observations.api_status import THE_CLUSTER
from k8s_ha.observations.node import NodeView
from k8s_ha.observations.standing import Standing
from k8s_ha.observations.static_pod import StaticPod
from k8s_ha.operations.commands import read_everywhere, read_silently
from k8s_ha.preflight_checks.restore import RestoreContext
from k8s_ha.preflight_checks.restore_encryption import ENCRYPTION, Key, encryption_keys, lacking_keys
from k8s_ha.preflight_checks.restore_storage import CHECK
from k8s_ha.preflight_checks.restored_files import lacking_files, unfound_files
from k8s_ha.run import Run


def files_of_lost(run: Run, source: BackupSource) -> list[Finding]:
    """Files without which clean control planes would not start, or could not read what the snapshot holds."""
    name, flagged = source.descriptor.name, api_server_files(run.cluster)
    present = _present(run, sorted({*chain(*flagged.values())}))
    server = _api_server(source)
    found = lacking_files(name, [path for path in AUTHORITIES if path not in source.files])
    found += unfound_files(name, flagged, source.files, present)
    if ENCRYPTION in flagged:
        found += _keys_of_lost(source, server, flagged[ENCRYPTION][-1], present)
    elif server is not None and ENCRYPTION in server.arguments:
        found.append(
            Finding(
                THE_CLUSTER,
                CHECK,
                f"the backup's API server has --{ENCRYPTION}, the settings have none",
                "it could not read what the snapshot holds",
                "name it in kubeadm_patches, ClusterConfiguration, apiServer, with its volume",
            )
        )
    return found


def _present(run: Run, paths: list[str]) -> dict[str, Collection[str] | None]:
    """Which of these files each control plane has; None for one that could not be read."""
    hosts = [entry.name for entry in run.cluster.control_planes]
    if not paths:
        return dict.fromkeys(hosts, ())
    asked = {state.inventory.get_host(name): {"paths": [f"/{path}" for path in paths]} for name in hosts}
    held = read_everywhere(Files, asked)
    return {name: None if files is None else [path.lstrip("/") for path in files] for name, files in held.items()}


def _keys_of_lost(
    source: BackupSource, server: StaticPod | None, path: str, present: Mapping[str, Collection[str] | None]
) -> Iterator[Finding]:
    """Control planes that would lack a key of the backup's time, with their own file or with the backup's.

    + path: the settings', without the first slash
    """
    former = _encryption_file(server)
    if former is not None and former.lstrip("/") not in source.files:
        yield Finding(
            THE_CLUSTER,
            CHECK,
            f"{source.descriptor.name} holds no {former}",
            "the keys for encryption that the hosts have are not compared with it",
            "see that they are those of the backup's time",
            "warning",
        )
        return
    needed = encryption_keys(_text_of(server, source.files))
    for name, held in present.items():
        own = path in (held or ())
        text = read_silently(state.inventory.get_host(name), f"/{path}") if own else source.files.get(path)
        if own or text is not None:
            yield from lacking_keys(name, needed, _keys_in(text))


def keys_of_standing(run: Run, context: RestoreContext, source: BackupSource) -> list[Finding]:
    """Control planes whose API server could not read what the snapshot holds."""
    needed = encryption_keys(_text_of(_api_server(source), source.files))
    found: list[Finding] = []
    for entry in run.cluster.control_planes:
        view = context.views[entry.name]
        found += lacking_keys(entry.name, needed, _held_keys(entry.name, view)) if view else []
    return found


def _api_server(source: BackupSource) -> StaticPod | None:
    """The API server that the backup's archive has; None where none can be read."""
    text = source.files.get(MANIFEST, b"").decode(errors="replace")
    try:
        return Standing(static_pods={"kube-apiserver": text}).static_pod("kube-apiserver")
    except ValueError:
        return None


def _text_of(server: StaticPod | None, files: Mapping[str, bytes]) -> str | None:
    """The encryption configuration of the backup; None where it has none, and no text of one where it is missing."""
    path = _encryption_file(server)
    return None if path is None else files.get(path.lstrip("/"), b"").decode(errors="replace")


def _held_keys(name: str, view: NodeView) -> frozenset[Key] | None:
    try:
        path = _encryption_file(view.standing.static_pod("kube-apiserver"))
    except ValueError:
        return None
    if path is None:
        return encryption_keys(None)
    return _keys_in(read_silently(state.inventory.get_host(name), path))


def _keys_in(content: bytes | None) -> frozenset[Key] | None:
    """Of a file; None where it could not be read."""
    return None if content is None else encryption_keys(content.decode(errors="replace"))


def _encryption_file(server: StaticPod | None) -> str | None:
    """The file on the host that the API server's flag names; None where it has no such flag."""
    value = server.arguments.get(ENCRYPTION) if server else None
    if server is None or value is None:
        return None
    return host_path(server.volumes.values(), value) or value
