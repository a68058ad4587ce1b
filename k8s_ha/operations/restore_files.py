"""What a control plane is given of a backup: the snapshot, and where it is made anew, the cluster's keys."""

from __future__ import annotations

import base64
import shlex
from collections.abc import Generator
from itertools import chain
from typing import Final

from pyinfra import host, logger
from pyinfra.api import FunctionCommand, Host, StringCommand

from k8s_ha.backup_source import BackupSource
from k8s_ha.desired.restored_files import AUTHORITIES, api_server_files, files_beside
from k8s_ha.facts.system import Files
from k8s_ha.observations.restoring import FOLDER, Stage
from k8s_ha.operations.commands import long_command, path_of_this_run, planned, run_silently, write
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.operations.kubeadm.init import SECONDS_FOR_KUBEADM
from k8s_ha.operations.restore import Restoration, behind_in, failed_behind, restored_config
from k8s_ha.pyinfra_internals.state import State
from k8s_ha.resources import read_file, shell_variables
from k8s_ha.run import Run, is_executing

SECONDS_TO_SEND: Final = 6 * 60 * 60
"""etcd may hold 8 GiB, and the way from the operator may be a slow one."""

SECONDS_FOR_A_PIECE: Final = 300
BYTES_OF_A_PIECE: Final = 4 * 1024 * 1024


@isolated_operation
def snapshot_sent(run: Run) -> Generator[StringCommand | FunctionCommand]:
    """Have the snapshot on this control plane, readable by root alone, until it is restored there."""
    if not is_executing():
        yield planned("send the snapshot")
        return
    if not behind_in(run, Stage.TRIED, own=True):
        host.noop("it is restored there already")
        return
    yield FunctionCommand(_send, (run.part(Restoration).decided[0],), {})


def _send(state: State, host: Host, source: BackupSource) -> bool:  # pyinfra's names
    target = f"{FOLDER}/snapshot.db"
    quoted = shlex.quote(target)
    sha256 = source.descriptor.snapshot_sha256
    if (
        run_silently(host, f"sha256sum {quoted} | cut -d ' ' -f 1", seconds=SECONDS_FOR_A_PIECE) or ""
    ).strip() == sha256:
        return True
    logger.info(f"{host.name}: the snapshot is sent, {source.descriptor.size >> 20} MiB")
    try:
        with source.snapshot.open("rb") as file:
            number = 0
            while piece := file.read(BYTES_OF_A_PIECE):
                begin = f"umask 077; rm -f {quoted}; " if number == 0 else ""
                put = f"dd of={quoted} bs={BYTES_OF_A_PIECE} seek={number} conv=notrunc iflag=fullblock status=none"
                command = f"{begin}base64 -d | {put} && echo put"
                encoded = base64.b64encode(piece).decode()
                if run_silently(host, command, encoded, SECONDS_FOR_A_PIECE) != "put":
                    logger.error(f"{host.name}: the snapshot could not be written to {target}; see `df` there")
                    return False
                number += 1
    except OSError as error:
        logger.error(f"{host.name}: the snapshot cannot be read here: {error}; see that file, then run this again")
        return False
    return True


@isolated_operation
def control_plane_rebuilt(run: Run) -> Generator[StringCommand]:
    """Have a clean host be a control plane of the lost cluster, up to its static pods, which are not started yet."""
    if not is_executing():
        yield planned("kubeadm init phase certs, kubeconfig, etcd, control-plane, kubelet-start")
        return
    if failure := failed_behind(run, Stage.BEGUN):
        yield failure
        return
    if not behind_in(run, Stage.TRIED, own=True):
        host.noop("they are there")
        return
    source, mark = run.part(Restoration).decided
    own = run.cluster.host(host.name)
    for name, mode in AUTHORITIES.items():
        yield write(f"/{name}", source.files[name], mode)
    flagged = chain(*api_server_files(run.cluster).values())
    named = sorted({*flagged, *files_beside(run.cluster, source.files)} - AUTHORITIES.keys())
    present = require_fact(Files, paths=[f"/{name}" for name in named]) if named else []
    for name in named:
        # What somebody has put there is theirs.
        if name in source.files and f"/{name}" not in present:
            yield write(f"/{name}", source.files[name], "600")
    config = path_of_this_run("restore")
    yield write(config, restored_config(run), "600")
    is_first = own == run.cluster.control_planes[0]
    values = {"HOST": own.name, "MARK": mark.line, "FIRST": "yes" if is_first else "", "CONFIG": config}
    script = shell_variables(values) + "".join(map(read_file, ("copied.sh", "restore-mark.sh", "restore-files.sh")))
    yield long_command("restore-files", script, seconds=SECONDS_FOR_KUBEADM, lock="kubeadm")
