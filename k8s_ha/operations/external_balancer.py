"""Examples for a balancer that somebody else runs, on the operator's machine."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Final

from pyinfra import host, logger
from pyinfra.api import FunctionCommand, Host, State, StringCommand

from k8s_ha.local_files import local_folder, write_private
from k8s_ha.operations.commands import fail_host
from k8s_ha.operations.isolated import isolated_operation
from k8s_ha.pyinfra_internals.state import working_folder
from k8s_ha.resources import render
from k8s_ha.run import Run
from k8s_ha.settings import Cluster

FILES: Final = ("haproxy.cfg", "nginx.conf", "keepalived.conf", "ipvsadm.rules")
"""Each is an example for one kind of balancer; the last two belong together, and one of them is enough."""


def configurations(cluster: Cluster) -> dict[str, str]:
    """An example for each kind of balancer, by its file's name."""
    # LVS takes addresses alone.
    address = f"ADDRESS-OF-{cluster.endpoint_host}" if cluster.resolves_endpoint else cluster.endpoint_host
    return {name: render(f"external/{name}.j2", cluster=cluster, address=address) for name in FILES}


@isolated_operation
def examples_written(run: Run) -> Generator[StringCommand | FunctionCommand]:
    """Have the examples in ``balancer`` below report_dir, as the cluster is now."""
    folder = local_folder(working_folder(host.state), run.cluster.settings.report_dir) / "balancer"
    wanted = configurations(run.cluster)
    try:
        stale = {name: text for name, text in wanted.items() if _held(folder / name) != text.encode()}
    except OSError as error:
        yield fail_host(f"{folder} could not be read: {error}; set report_dir to a folder of yours.")
        return
    if stale:
        yield FunctionCommand(_written, (folder, stale), {})
    else:
        host.noop(f"{folder} has them")


def _held(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _written(state: State, host: Host, folder: Path, texts: dict[str, str]) -> bool:  # pyinfra gives the first two
    try:
        for name, text in texts.items():
            write_private(folder / name, text)
    except OSError as error:
        logger.error(f"{error}; make {folder} writable or set report_dir")
        return False
    logger.info(f"Examples for HAProxy, nginx, and keepalived with LVS: {folder}")
    return True
