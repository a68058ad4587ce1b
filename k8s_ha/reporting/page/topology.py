"""Where the hosts and the endpoint stand in a drawing, and who passes on to whom. Values in, values out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from k8s_ha.observations.host_status import OK
from k8s_ha.reporting.page.hosts import Mark, Standing
from k8s_ha.reporting.page.words import clipped, counted
from k8s_ha.reporting.report import RunReport

WIDTH: Final = 960
BOX: Final = (176, 60)
TILE: Final = 12

_GAP: Final = 20
_BETWEEN_RANKS: Final = 44
_A_ROW: Final = WIDTH // (BOX[0] + _GAP)
_BOXES_AT_MOST: Final = 2 * _A_ROW
"""Workers; more of them are a tile each."""

_TILES_A_ROW: Final = WIDTH // (TILE + 3)
_CHARACTERS: Final = 21

Way = Literal["known", "missing", "unknown"]


@dataclass(frozen=True)
class Box:
    """A host, the endpoint, or what a balancer passes on to though it is no host of the cluster.

    + x, y: of its left upper corner
    + lines: its name, and what stands below
    + title: all that is said of it, for whoever points at it
    """

    x: float
    y: float
    mark: Mark
    lines: Sequence[str]
    title: str

    @property
    def middle(self) -> float:
        return self.x + BOX[0] / 2


@dataclass(frozen=True)
class Edge:
    """From a box to one below it.

    + way: known to be so, missing though it should be, or not looked at
    """

    start: tuple[float, float]
    end: tuple[float, float]
    way: Way

    @property
    def path(self) -> str:
        """Of an SVG."""
        (x, y), (to_x, to_y) = self.start, self.end
        bend = (to_y - y) / 2
        return f"M{x:g} {y:g}C{x:g} {y + bend:g} {to_x:g} {to_y - bend:g} {to_x:g} {to_y:g}"


@dataclass(frozen=True)
class Tile:
    x: float
    y: float
    mark: Mark
    title: str


@dataclass(frozen=True)
class Rank:
    """A row of hosts with its name; ``y`` is its upper edge."""

    name: str
    y: float


@dataclass(frozen=True)
class Topology:
    height: float
    ranks: Sequence[Rank]
    boxes: Sequence[Box]
    tiles: Sequence[Tile]
    edges: Sequence[Edge]
    says: str


def topology(report: RunReport, found: Sequence[Standing]) -> Topology:
    """The endpoint above the balancers, these above the control planes, and the workers below."""
    control_planes = [entry for entry in found if "control_plane" in entry.host.roles]
    apart = [entry for entry in found if entry not in control_planes]
    balancers = [entry for entry in apart if "load_balancer" in entry.host.roles]
    workers = [entry for entry in apart if "worker" in entry.host.roles and entry not in balancers]
    others = [entry for entry in apart if entry not in balancers and entry not in workers]
    sheet = _Sheet()
    top = sheet.row("", [_endpoint(report)]) if report.endpoint else []
    above = sheet.row("load balancers", [_of(entry) for entry in balancers])
    strangers = _strangers(balancers, control_planes)
    below = sheet.row("control planes", [_of(entry) for entry in control_planes] + [_stranger(at) for at in strangers])
    edges = [*_from_endpoint(report, top, above or below[: len(control_planes)])]
    for entry, box in zip(balancers, above, strict=True):
        edges += _from_balancer(entry, box, control_planes, strangers, below)
    if len(workers) <= _BOXES_AT_MOST:
        sheet.row("workers", [_of(entry) for entry in workers])
    else:
        sheet.tiles(f"{len(workers)} workers", workers)
    sheet.row("other hosts", [_of(entry) for entry in others])
    groups = ((balancers, "load balancer"), (control_planes, "control plane"), (workers, "worker"))
    says = ", ".join(counted(len(entries), word) for entries, word in groups if entries)
    return Topology(sheet.height, sheet.ranks, sheet.boxes, sheet.placed_tiles, edges, says)


class _Sheet:
    """Rows of boxes, from above."""

    def __init__(self) -> None:
        self.height = 4.0
        self.ranks: list[Rank] = []
        self.boxes: list[Box] = []
        self.placed_tiles: list[Tile] = []

    def row(self, name: str, contents: Sequence[tuple[Mark, Sequence[str], str]]) -> list[Box]:
        """The contents as boxes, in as many rows as they need."""
        self._begin(name, bool(contents))
        placed = []
        for first in range(0, len(contents), _A_ROW):
            row = contents[first : first + _A_ROW]
            left = (WIDTH - len(row) * (BOX[0] + _GAP) + _GAP) / 2
            placed += [Box(left + place * (BOX[0] + _GAP), self.height, *each) for place, each in enumerate(row)]
            self.height += BOX[1] + (_GAP if first + _A_ROW < len(contents) else 2)
        self.boxes += placed
        return placed

    def tiles(self, name: str, entries: Sequence[Standing]) -> None:
        """A tile for each."""
        self._begin(name, True)
        pitch = TILE + 3
        for place, entry in enumerate(entries):
            row, column = divmod(place, _TILES_A_ROW)
            title = f"{entry.host.name}: {entry.word}"
            self.placed_tiles.append(Tile(column * pitch, self.height + row * pitch, entry.mark, title))
        self.height += (len(entries) + _TILES_A_ROW - 1) // _TILES_A_ROW * pitch

    def _begin(self, name: str, has_contents: bool) -> None:
        if has_contents and self.boxes:
            self.height += _BETWEEN_RANKS
        if has_contents and name:
            self.ranks.append(Rank(name, self.height))


def _of(entry: Standing) -> tuple[Mark, Sequence[str], str]:
    host, verified = entry.host, entry.verified
    notes = [verified.version] if verified and verified.version else []
    if verified and verified.backends is not None:
        notes.append(f"passes on to {len(verified.backends)}")
    notes += verified.holds if verified else ()
    lines = [clipped(host.name, _CHARACTERS), host.address, clipped(" · ".join(notes) or entry.word, _CHARACTERS + 6)]
    return entry.mark, lines, f"{host.name}, {host.address}: {', '.join([entry.word, *notes])}"


def _endpoint(report: RunReport) -> tuple[Mark, Sequence[str], str]:
    answers = _answers_of_endpoint(report)
    mark: Mark = "unknown" if not answers else "well" if answers == {OK} else "wrong"
    says = {"unknown": "not asked", "well": "answers every node", "wrong": "does not answer every node"}[mark]
    name = clipped(report.endpoint or "", _CHARACTERS)
    return mark, [name, "endpoint", says], f"the endpoint {report.endpoint}: {says}"


def _answers_of_endpoint(report: RunReport) -> set[str]:
    return {entry.answers["endpoint"] for entry in report.verification if "endpoint" in entry.answers}


def _strangers(balancers: Sequence[Standing], control_planes: Sequence[Standing]) -> list[str]:
    """What balancers pass on to that is no control plane of the report, by HOST:PORT."""
    addresses = {entry.host.address for entry in control_planes}
    backends = [at for entry in balancers if entry.verified for at in entry.verified.backends or ()]
    return [at for at in dict.fromkeys(backends) if _address(at) not in addresses][:_A_ROW]


def _stranger(at: str) -> tuple[Mark, Sequence[str], str]:
    return "wrong", [clipped(at, _CHARACTERS), "no control plane"], f"{at}: no control plane"


def _address(at: str) -> str:
    return at.rpartition(":")[0]


def _from_endpoint(report: RunReport, top: Sequence[Box], below: Sequence[Box]) -> Iterator[Edge]:
    answers = _answers_of_endpoint(report)
    for endpoint in top:
        for box in below:
            yield _edge(endpoint, box, "known" if answers == {OK} else "unknown")


def _from_balancer(
    entry: Standing, box: Box, control_planes: Sequence[Standing], strangers: Sequence[str], below: Sequence[Box]
) -> Iterator[Edge]:
    backends = entry.verified.backends if entry.verified else None
    addresses = {_address(at) for at in backends or ()}
    for control_plane, target in zip(control_planes, below, strict=False):
        passes_on = control_plane.host.address in addresses
        yield _edge(box, target, "unknown" if backends is None else "known" if passes_on else "missing")
    for at, target in zip(strangers, below[len(control_planes) :], strict=True):
        if at in (backends or ()):
            yield _edge(box, target, "missing")


def _edge(above: Box, below: Box, way: Way) -> Edge:
    return Edge((above.middle, above.y + BOX[1]), (below.middle, below.y - 5), way)
