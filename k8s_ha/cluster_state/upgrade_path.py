"""The versions that an upgrade goes through. Values in, values out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from k8s_ha.catalog import lifetimes
from k8s_ha.catalog.compatibility import LINES, MAJOR, NEWEST, OLDEST
from k8s_ha.catalog.upgrades import Floor, Numbers, bad_patch, etcd_floor, numbers
from k8s_ha.cluster_state.refused import Refused
from k8s_ha.untrusted import some

Available = Mapping[int, Collection[str]]
"""Versions that the mirrors of all nodes have, by minor."""


class NoPath(Refused):
    """There is no way to the wanted version."""


def upgrade_path(
    standing: str, wanted: str, available: Available | None, own_repository: bool, etcd: Mapping[str, str]
) -> tuple[str, ...]:
    """The version of each hop, in order; none where the wanted one stands.

    Each minor in between is passed in its newest release that is available and not known to be bad. Where etcd is too
    old for a minor, the newest release of the minor before is a hop too; whether that brought what is needed is asked
    of the members again before the next one.

    + standing, wanted: such as ``1.30.14``
    + available: None before the mirrors were asked; then what the catalog knows is taken
    + own_repository: whether images come from another registry than upstream's
    + etcd: the version of each member that runs now, by its name; empty where a member does not tell

    Raises NoPath.
    """
    begin, end = _known(standing, "the cluster stands with"), _known(wanted, "kubernetes_version is")
    if begin == end:
        return ()
    if end < begin:
        raise NoPath(
            f"the cluster stands with Kubernetes {standing}, and {wanted} is wanted",
            "Kubernetes does not go back, nor does etcd's data",
            f"set kubernetes_version = '{standing}' or newer",
        )
    _refuse_standing(begin)
    _refuse_unfit(begin, end, available, own_repository)
    hops = [_newest(minor, available, own_repository) for minor in range(begin[1] + 1, end[1])]
    for floor in filter(None, map(etcd_floor, range(begin[1] + 1, end[1] + 1))):
        low = _low_members(floor, etcd)
        if low and floor.minor == begin[1] + 1:
            hops.insert(0, _before(floor, low[0], etcd, begin, _good(begin[1], available, own_repository)))
    return (*map(_text, hops), _text(end))


def release_from(oldest: str, available: Available | None, own_repository: bool) -> str:
    """That release where every node can get it, else the newest of its minor.

    Raises NoPath, where no release of that minor is as new.
    """
    release = _known(oldest, "a control plane runs")
    if available is None or release in _releases(release[1], available):
        return oldest
    newest = _newest(release[1], available, own_repository)
    if newest < release:
        raise _lacking("a control plane", release)
    return _text(newest)


def never_back(path: Sequence[str], running: Mapping[str, str], available: Available | None) -> tuple[str, ...]:
    """The path, where no hop takes to an older version what runs already.

    Of a minor that some part has come to in a newer release than the path takes, that release is the hop.

    + running: the version of each part of the cluster, by its name
    + available: as for ``upgrade_path``

    Raises NoPath.
    """
    known = {part: found for part, version in running.items() if (found := numbers(version))}
    part = max(known, key=lambda name: known[name], default="")
    return tuple(dict.fromkeys(_not_before(hop, part, known[part], available) if part else hop for hop in path))


def _not_before(hop: str, part: str, newest: Numbers, available: Available | None) -> str:
    """The hop, or the newest that runs where that is a later release of the same minor.

    + part: what runs that
    """
    reached = numbers(hop) or newest
    if reached >= newest:
        return hop
    if newest[:2] != reached[:2]:
        raise NoPath(
            f"{part} is of Kubernetes {_text(newest)}, and the others come to {hop} next",
            "Kubernetes does not go back, nor does etcd's data",
            f"bring what is older to {hop} by hand, or take that node out by removed_nodes",
        )
    if available is not None and newest not in _releases(newest[1], available):
        raise _lacking(part, newest)
    return _text(newest)


def _lacking(part: str, release: Numbers) -> NoPath:
    return NoPath(
        f"{part} is of Kubernetes {_text(release)}, and the mirrors of the nodes lack it",
        "Kubernetes does not go back, nor does etcd's data",
        f"use a mirror that has {_text(release)} or a newer {LINES[release[1]].name}",
    )


def no_minor_left_out(first: str, kubelets: Mapping[str, str]) -> None:
    """See that no kubelet passes over a minor by the first hop; those that follow it are a minor apart.

    + kubelets: the version of each by its node's name

    Raises NoPath, which names the nodes.
    """
    reached = numbers(first)
    known = {name: numbers(version) for name, version in kubelets.items()}
    late = [name for name, found in known.items() if reached and found and found[1] < reached[1] - 1]
    if late:
        raise NoPath(
            f"the kubelet of {some(late)} is more than a minor behind Kubernetes {first}",
            "no kubelet passes over a minor: each line's kubeadm takes away the flags that its kubelet has lost",
            "take these nodes out by removed_nodes, then have them join again",
        )


def _known(version: str, what: str) -> Numbers:
    """The numbers of a version of a line that the catalog knows."""
    found = numbers(version)
    if found is None or found[0] != MAJOR or found[1] not in LINES:
        raise NoPath(
            f"{what} {version or 'a Kubernetes that is not known'}",
            f"{OLDEST.name} to {NEWEST.name} are known",
            "name one of these, or use a release of this package that knows it",
        )
    return found


def _refuse_standing(begin: Numbers) -> None:
    """Refuse to begin with a version that no upgrade by kubeadm's usual way leads from."""
    bad = lifetimes.bad_patch(begin[1], begin[2])
    if bad is not None and bad.standing:
        raise NoPath(
            f"the cluster stands with Kubernetes {_text(begin)}",
            bad.reason,
            f"upgrade its control planes by hand to {bad.remedy} or newer{bad.standing}",
        )


def _refuse_unfit(begin: Numbers, end: Numbers, available: Available | None, own_repository: bool) -> None:
    """Refuse a wanted version that has a fault, or that some mirror lacks."""
    wanted = _text(end)
    bad = bad_patch(wanted, own_repository)
    if bad is not None:
        raise NoPath(f"kubernetes_version is {wanted}", bad.reason, f"set kubernetes_version = '{bad.better}' or newer")
    if available is not None and end not in _releases(end[1], available):
        newer = [release for release in _good(end[1], available, own_repository) if release > begin]
        raise NoPath(
            f"the mirrors of the nodes lack Kubernetes {wanted}",
            "every node gets its packages and images from there",
            f"set kubernetes_version = '{_text(newer[-1])}', or use another mirror" if newer else "use another mirror",
        )


def _newest(minor: int, available: Available | None, own_repository: bool) -> Numbers:
    """The release that a minor in between is passed in."""
    good, line = _good(minor, available, own_repository), LINES[minor].name
    if good:
        return good[-1]
    releases = _releases(minor, available or {})
    bad = bad_patch(_text(releases[-1]), own_repository) if releases else None
    if bad is None:
        rule = "an upgrade passes every minor in between"
        raise NoPath(f"the mirrors of the nodes lack Kubernetes {line}", rule, "use a mirror that has it")
    raise NoPath(
        f"of Kubernetes {line} the mirrors of the nodes have at most {_text(releases[-1])}",
        f"an upgrade passes every minor in between, and of this release {bad.reason}",
        f"use a mirror that has {bad.better} or newer",
    )


def _good(minor: int, available: Available | None, own_repository: bool) -> list[Numbers]:
    """The releases of a minor that nothing is known to be wrong with, oldest first."""
    if available is None:
        return [(MAJOR, minor, LINES[minor].patch)]
    return [release for release in _releases(minor, available) if bad_patch(_text(release), own_repository) is None]


def _releases(minor: int, available: Available) -> list[Numbers]:
    """The releases of a minor that are available, oldest first; what is no release is passed over."""
    found = (numbers(version) for version in available.get(minor, ()))
    return sorted({release for release in found if release is not None and release[:2] == (MAJOR, minor)})


def _text(release: Numbers) -> str:
    return ".".join(map(str, release))


def _low_members(floor: Floor, etcd: Mapping[str, str]) -> list[str]:
    """The members that the floor refuses, by name.

    Raises NoPath where a member's version is not known.
    """
    silent = [name for name, version in etcd.items() if floor.judge(version) == "unknown"]
    if silent or not etcd:
        who = f"the etcd member{'s' * (len(silent) > 1)} {some(silent)}" if silent else "etcd"
        raise NoPath(
            f"{who} did not tell which version runs",
            f"an upgrade to {LINES[floor.minor].name} needs {_text(floor.refused_below)} or newer",
            "repair etcd, and run this again",
        )
    return [name for name, version in etcd.items() if floor.judge(version) == "refused"]


def _before(floor: Floor, member: str, etcd: Mapping[str, str], begin: Numbers, good: list[Numbers]) -> Numbers:
    """The release of the standing minor that comes first, for the etcd that it brings.

    + good: the releases of that minor

    Raises NoPath, which names the member, where there is none that is newer.
    """
    if good and good[-1] > begin:
        return good[-1]
    least, line = _text(floor.refused_below), LINES[begin[1]].name
    raise NoPath(
        f"the etcd member {member} runs {etcd[member]}, and no newer {line} is there that may bring another",
        f"an upgrade to {LINES[floor.minor].name} needs {least} at least: {floor.reason}",
        f"bring every member to {least} or newer first",
    )
