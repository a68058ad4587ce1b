"""What the cluster keeps of its configuration, in the ConfigMaps of kube-system."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pyinfra import host
from pyinfra.api import StringCommand
from pyinfra.api.exceptions import PyinfraError

from k8s_ha.catalog.control_plane import kubectl
from k8s_ha.cluster_state.change_steps import Edits
from k8s_ha.desired.kept_configuration import edited
from k8s_ha.desired.kubeadm_config import dump
from k8s_ha.facts.node import Node
from k8s_ha.observations.node import NodeView
from k8s_ha.operations.commands import planned, read_fact, run_elsewhere
from k8s_ha.operations.isolated import isolated_operation, require_fact
from k8s_ha.run import Run, is_executing
from k8s_ha.settings import HostSettings


@isolated_operation
def configuration_kept(run: Run, edits: Edits, remembers: bool = False) -> Generator[StringCommand]:
    """Have the cluster keep these values; whoever changes the same ConfigMap meanwhile keeps his change.

    + remembers: whether what it kept before is noted there, since hosts may still stand with it
    """
    if not is_executing():
        yield planned("kubectl replace configmap")
        return
    address = run.cluster.host(host.name).address
    view = require_fact(Node, address=address, standing=True)
    changed = False
    for kind in sorted({kind for kind, _ in edits}):
        with readable():
            wanted = changed_object(view, kind, edits, remembers)
        if wanted is not None:
            yield replaced(address, wanted)
            changed = True
    if not changed:
        host.noop("the cluster keeps that")


def changed_object(view: NodeView, kind: str, edits: Edits, remembers: bool) -> Mapping[str, Any] | None:
    """The ConfigMap of this kind with other values; None where it has them. ValueError where it cannot be read.

    + remembers: as for ``configuration_kept``
    """
    document = view.standing.document(kind)
    if document is None:
        raise ValueError(f"the cluster keeps no {kind}")
    wanted = edited(document, {path: value for (other, path), value in edits.items() if other == kind})
    if wanted == document:
        return None
    if not remembers:
        return view.standing.with_text(kind, dump(wanted))
    now = view.standing.text(kind)
    former = [text for text in view.standing.former_texts(kind) if text != now]
    return view.standing.with_former(kind, dump(wanted), [*former, now])


def put_back_object(view: NodeView, kind: str) -> Mapping[str, Any] | None:
    """The ConfigMap with what it held before; None where nothing is noted. ValueError where it cannot be read.

    What it holds now is noted: hosts may stand with that.
    """
    former = view.standing.former_texts(kind)
    if not former:
        return None
    now = view.standing.text(kind)
    return view.standing.with_former(kind, former[-1], [*(text for text in former[:-1] if text != now), now])


def replaced(address: str, wanted: Mapping[str, Any]) -> StringCommand:
    """What gives a ConfigMap its new content; refused by the API server where somebody has changed it since."""
    return StringCommand(kubectl(address, "replace -f -"), _stdin=json.dumps(wanted))


@contextmanager
def readable() -> Iterator[None]:
    """What of the cluster's configuration cannot be read within it fails the current host, and no other."""
    try:
        yield
    except ValueError as error:
        where = "look at `kubectl -n kube-system get configmaps`"
        raise PyinfraError(f"{host.name}: {error}; {where}.") from None


@isolated_operation
def former_forgotten(run: Run, kind: str) -> Generator[StringCommand]:
    """Have the cluster keep nothing of what it kept before: every host stands with what it keeps now."""
    if not is_executing():
        yield planned("kubectl replace configmap")
        return
    address = run.cluster.host(host.name).address
    view = require_fact(Node, address=address, standing=True)
    with readable():
        if view.standing.former_texts(kind):
            yield replaced(address, view.standing.with_former(kind, view.standing.text(kind), ()))
        else:
            host.noop("nothing is noted there")


def serving_view(run: Run, first: str) -> tuple[HostSettings, NodeView] | None:
    """A control plane that serves, and what it tells of what stands; None where none does.

    + first: inventory name of the one that is asked first
    """
    for entry in sorted(run.cluster.control_planes, key=lambda entry: entry.name != first):
        view = read_fact(host.inventory.get_host(entry.name), Node, address=entry.address, standing=True)
        if view is not None and view.ready and view.standing.objects:
            return entry, view
    return None


def require_serving_view(run: Run, problem: str) -> tuple[HostSettings, NodeView]:
    """A control plane that serves, the current host where that does, and what it tells; the host fails without one.

    + problem: what was not done then, a phrase
    """
    found = serving_view(run, host.name)
    if found is None:
        raise PyinfraError(
            f"{host.name}: {problem}: no API server of the cluster answers; bring one back, then run this again."
        )
    return found


def former_put_back(run: Run, kind: str) -> str:
    """Have the cluster keep again what it kept before, where that is noted; what became of it, as a sentence."""
    found = serving_view(run, host.name)
    if found is None:
        return "The ConfigMap was not put back: no API server answers; run this again."
    entry, view = found
    try:
        wanted = put_back_object(view, kind)
    except ValueError as error:
        return f"The ConfigMap was not put back: {error}; look at it, then run this again."
    if wanted is None:
        return ""
    said = run_elsewhere(host.inventory.get_host(entry.name), replaced(entry.address, wanted))
    return f"The ConfigMap was not put back: {said}" if said else f"The cluster keeps the {kind} of before again."
