"""A cluster restored from a backup on the operator's machine: one that stands, or one that is lost with its hosts."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pyinfra import host, logger
from pyinfra.api.exceptions import PyinfraError

from k8s_ha.backup_source import AUTHORITY, PKI, BackupSource, BadBackup, open_backup
from k8s_ha.cluster_state.version_choice import Choice
from k8s_ha.deploys.admin_hosts import admin_hosts
from k8s_ha.deploys.container_runtime import container_runtime
from k8s_ha.deploys.control_plane import flannel_images
from k8s_ha.deploys.kubernetes_packages import kubernetes_packages
from k8s_ha.deploys.limit import outside_of_limit
from k8s_ha.deploys.load_balancer import load_balancer
from k8s_ha.deploys.phase import phase, start_phase, stop_on_errors, unreachable
from k8s_ha.deploys.pod_network import pod_network
from k8s_ha.deploys.preflight import findings_before_changes
from k8s_ha.deploys.prepare_host import prepare_host
from k8s_ha.deploys.repositories import repositories
from k8s_ha.deploys.restored_files import files_of_lost, keys_of_standing
from k8s_ha.deploys.scheduled_backups import scheduled_backups
from k8s_ha.deploys.standing import Compared
from k8s_ha.deploys.verify import verify
from k8s_ha.deploys.workers import workers
from k8s_ha.desired.kubeadm_config import kept_configuration
from k8s_ha.facts.restore import RestoreFacts
from k8s_ha.findings import Finding
from k8s_ha.observations.restoring import RestoreHost, RestoreMark, Stage
from k8s_ha.operations import kubeadm, kubeconfig
from k8s_ha.operations.barrier import barrier
from k8s_ha.operations.cluster import read_nodes
from k8s_ha.operations.commands import read_of_hosts
from k8s_ha.operations.kubeadm.join import ca_certificate_hash
from k8s_ha.operations.restore import (
    SENTENCES,
    Restoration,
    former_nodes_silent,
    pods_listed_anew,
    restore_advanced,
    restore_ended,
    watchers_restarted,
)
from k8s_ha.operations.restore_files import SECONDS_TO_SEND, control_plane_rebuilt, snapshot_sent
from k8s_ha.preflight_checks.confirmation import unconfirmed
from k8s_ha.preflight_checks.restore import (
    RestoreContext,
    another_endpoint,
    cannot_run,
    restore_findings,
)
from k8s_ha.preflight_checks.restore_storage import log_wanted_elsewhere
from k8s_ha.preflight_checks.rules import waived
from k8s_ha.preflight_checks.survey import survey_findings
from k8s_ha.pyinfra_internals.command_line import host_by_host
from k8s_ha.pyinfra_internals.state import working_folder
from k8s_ha.reporting.console import log_findings
from k8s_ha.run import Run, current_run


@phase("Restore the cluster")
def restore(
    settings: Mapping[str, Any] | None = None,
    groups: Mapping[str, str] | None = None,
    backup: str = "",
    endpoint: str = "",
    identity: str = "",
) -> None:
    """Have the cluster be as it was when a backup was taken, etcd on all control planes from one snapshot.

    Where the control planes are clean, it is built anew with the backup's keys, and the workers join. A run that was
    cut off is gone on with by the same call. What etcd held before is moved aside, and never removed.

    + backup: its folder on this machine, as ``backups/backup-master1-20261127T081500Z``
    + endpoint: of the cluster that stands, or that the settings say where all is lost: it confirms the call
    + identity: the file with age's private key, where the backup is encrypted by it; it stays here

    Raises PyinfraError, before the first change, where the backup is not whole, of another cluster, or does not fit.
    """
    asked = current_run(settings, groups)
    own = asked.part(Restoration)
    with asked.lock:
        # Nothing of the settings is compared with a cluster that is about to be another one.
        asked.part(Compared).done = own.is_asked = True
        if own.source is None:
            own.source = _opened(str(backup), str(identity))
    run = start_phase(settings, groups)
    with run.lock:
        if own.mark is None:
            own.mark = _decided(run, own.source, str(endpoint))
    is_lost, role = own.mark.is_lost, run.cluster.host(host.name).role
    is_node, is_control_plane = run.cluster.host(host.name).is_node, "control_plane" in role
    if is_control_plane:
        restore_advanced(name="Note the restore on the control planes", run=run, stage=Stage.BEGUN)
    barrier(name="Wait for the control planes")
    if is_lost:
        prepare_host(settings=settings, groups=groups)
        repositories(settings=settings, groups=groups)
        container_runtime(settings=settings, groups=groups)
        kubernetes_packages(settings=settings, groups=groups)
        load_balancer(settings=settings, groups=groups)
        if is_node:
            images = flannel_images(run)
            kubeadm.images_pulled(name="Pull the images the host will start with", run=run, flannel_images=images)
        if is_control_plane:
            control_plane_rebuilt(name="Make kubeadm's files with the backup's keys", run=run)
    if is_control_plane:
        _restored(run)
    barrier(name="Wait for the control plane")
    if is_node:
        pods_listed_anew(name="Restart the kubelet", run=run)
    barrier(name="Wait for the kubelets")
    if is_lost:
        _completed(run, settings, groups)
    elif host.name == run.cluster.control_planes[0].name:
        watchers_restarted(name="Restart kube-proxy, flannel and CoreDNS", run=run)
    barrier(name="Wait for the pods")
    if is_control_plane:
        restore_ended(name="End the restore", run=run)
    verify(settings=settings, groups=groups)


def _restored(run: Run) -> None:
    """Have this control plane serve the backup's data, with all others."""
    snapshot_sent(name="Send the snapshot", run=run, _timeout=SECONDS_TO_SEND)
    restore_advanced(name="Restore the snapshot beside what etcd holds", run=run, stage=Stage.TRIED)
    restore_advanced(name="Stop the API servers", run=run, stage=Stage.SILENT)
    restore_advanced(name="Stop etcd", run=run, stage=Stage.STOPPED)
    restore_advanced(name="Give etcd the backup's data", run=run, stage=Stage.REPLACED)
    restore_advanced(name="Start etcd", run=run, stage=Stage.MEMBER)
    restore_advanced(name="Start the API servers", run=run, stage=Stage.SERVING)
    restore_advanced(name="Start controller manager and scheduler", run=run, stage=Stage.MANAGED)


def _completed(run: Run, settings: Mapping[str, Any] | None, groups: Mapping[str, str] | None) -> None:
    """Have what a build has beside its control planes, by the build's own phases."""
    if host.name == run.cluster.control_planes[0].name:
        former_nodes_silent(name="Wait until the former nodes are not Ready", run=run)
    barrier(name="Wait for the former nodes")
    if "control_plane" in run.cluster.host(host.name).role:
        kubeconfig.root_installed(name="Give root the kubeconfig", endpoint=run.cluster.endpoint)
        kubeconfig.fetched(name="Fetch the kubeconfig to the operator", run=run)
    barrier(name="Wait for the kubeconfigs")
    workers(settings=settings, groups=groups)
    pod_network(settings=settings, groups=groups)
    admin_hosts(settings=settings, groups=groups)
    scheduled_backups(settings=settings, groups=groups)


def _opened(backup: str, identity: str) -> BackupSource:
    if not backup:
        raise PyinfraError(
            "nothing was changed: no backup was named; run k8s_ha.restore with backup=backups/NAME, a folder of a "
            "backup on this machine"
        )
    try:
        return open_backup(Path(working_folder(host.state)) / Path(backup).expanduser(), identity)
    except BadBackup as error:
        raise PyinfraError(f"nothing was changed: {error}") from None


def _decided(run: Run, source: BackupSource, endpoint: str) -> RestoreMark:
    """The mark of this restore, which may have begun in an earlier run; PyinfraError where something is against it."""
    context = _context(run, source)
    found = cannot_run(outside_of_limit(run), host_by_host(len(run.cluster.control_planes)))
    standing = run.cluster.endpoint if context.is_lost else _standing_endpoint(run, context)
    found += unconfirmed("restore", endpoint, standing)
    found += [*restore_findings(context)]
    if context.is_lost:
        found += _of_lost(run, context, source)
    else:
        found += [*unreachable(run), *another_endpoint(source.descriptor, standing)]
        found += keys_of_standing(run, context, source) if context.resumed is None else []
    found = waived(list(dict.fromkeys(found)), run.cluster.settings.waive)
    run.log.findings += found
    log_findings(found)
    stop_on_errors(found)
    begun = replace(context.resumed, stage=Stage.BEGUN) if context.resumed else None
    if begun:
        logger.info(f"The restore of {begun.name}, begun {begun.moment}, is gone on with")
    else:
        for number, sentence in enumerate(SENTENCES.values(), 1):
            logger.info(f"Plan: step {number} of {len(SENTENCES)}, all control planes: {sentence}")
    return begun or RestoreMark(source.descriptor.name, f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}", context.is_lost)


def _context(run: Run, source: BackupSource) -> RestoreContext:
    cluster = run.cluster
    views = read_nodes(run, cluster.control_planes, standing=True)
    runtime = cluster.settings.container_runtime
    hosts: dict[str, RestoreHost | None] = read_of_hosts(RestoreFacts, cluster.control_planes, runtime=runtime)
    hashes = {
        name: ca_certificate_hash(view.ca_certificate)
        for name, view in views.items()
        if view and view.ca_certificate is not None
    }
    held = ca_certificate_hash(source.files[AUTHORITY].decode("ascii", "replace")) or ""
    key = source.files.get(f"{PKI}/sa.pub")
    account = hashlib.sha256(key).hexdigest() if key is not None else ""
    context = RestoreContext(cluster, source.descriptor, views, hosts, hashes, held, account)
    if context.is_lost and run.asked.settings.kubernetes_version is None:
        run.choose_version(Choice(source.descriptor.version, "the backup's"))
        context = replace(context, cluster=run.cluster)
    return context


def _standing_endpoint(run: Run, context: RestoreContext) -> str:
    """The endpoint that the control planes name; the settings' where none names any."""
    urls = [entry.server for view in context.views.values() if view for entry in view.kubeconfigs if entry.server]
    admin = [
        entry.server
        for view in context.views.values()
        if view
        for entry in view.kubeconfigs
        if entry.path.endswith("/admin.conf") and entry.server
    ]
    return next((url.removeprefix("https://") for url in (*admin, *urls)), run.cluster.endpoint)


def _of_lost(run: Run, context: RestoreContext, source: BackupSource) -> list[Finding]:
    """What stands against a build with the backup's keys."""
    found = files_of_lost(run, source)
    found += log_wanted_elsewhere(kept_configuration(run.cluster)["ClusterConfiguration"])
    if context.marks:
        # They hold what the run that was cut off has made, which had the hosts checked.
        return [*found, *unreachable(run)]
    found = findings_before_changes(run, [*found, *survey_findings(run.surveys, run.cluster), *unreachable(run)])
    # It has an init and joins of control planes, none of which comes.
    run.log.plan = replace(run.log.plan, steps={})
    return found
