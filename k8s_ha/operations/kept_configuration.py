"""What the cluster keeps of its configuration, in the ConfigMaps of kube-system."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from typing import Any

from pyinfra import host
from pyinfra.api import StringCommand

from k8s_ha.catalog.control_plane import kubectl
from k8s_ha.desired.kept_configuration import edited
from k8s_ha.desired.kubeadm_config import dump
from k8s_ha.facts.node import Node
from k8s_ha.operations.commands import fail_host, planned
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.run import Run, is_executing


@isolated_operation
def configuration_kept(run: Run, edits: Mapping[tuple[str, tuple[str, ...]], Any]) -> Generator[StringCommand]:
    """Have the cluster keep these values; whoever changes the same ConfigMap meanwhile keeps his change.

    + edits: the value by kind and path; None takes the field out
    """
    if not is_executing():
        yield planned("kubectl replace configmap")
        return
    address = run.cluster.host(host.name).address
    view = require_fact(Node, address=address, standing=True)
    changed = False
    for kind in sorted({kind for kind, _ in edits}):
        try:
            document = view.standing.document(kind) if view else None
            if document is None:
                raise ValueError(f"the cluster keeps no {kind}")
        except ValueError as error:
            yield fail_host(f"{host.name}: {error}; look at `kubectl -n kube-system get configmaps`.")
            return
        wanted = edited(document, {path: value for (other, path), value in edits.items() if other == kind})
        if wanted != document:
            text = json.dumps(view.standing.with_text(kind, dump(wanted)))
            yield StringCommand(kubectl(address, "replace -f -"), _stdin=text)
            changed = True
    if not changed:
        host.noop("the cluster keeps that")
