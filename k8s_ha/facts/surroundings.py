"""The lines of surroundings.sh."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from k8s_ha.observations.surroundings import Filters, Resolver, Surroundings, UnitLine, Zone


def surroundings(values: Mapping[str, Sequence[str]]) -> Surroundings:
    """What the lines tell, by their keys."""

    def of(key: str) -> Sequence[str]:
        return values.get(key, ())

    return Surroundings(
        filters=Filters(
            nft=tuple(of("nft")),
            iptables=tuple(of("iptables")),
            saved=tuple(of("iptables_saved")),
            nft_saved="yes" in of("nft_saved"),
            cut=tuple(of("rules_cut")),
            zones=tuple(_zones(of("zone_file"))),
            drifting="yes" in of("zone_drifting"),
        ),
        resolvers=_resolvers(of("resolver")) if "resolvers" in values else None,
        sshd={key.lower(): rest for key, rest in _columns(of("sshd"), 2)},
        cloud={key: (value.partition(" #")[0].strip(" '\""), file) for file, key, value in map(_cloud, of("cloud"))},
        cloud_writes_hosts="hosts" in of("cloud_module"),
        kubelet=tuple(UnitLine(file, text) for file, text in _columns(of("kubelet"), 2)),
        kubelet_environment=tuple(UnitLine(file, text) for file, text in _columns(of("kubelet_environment"), 2)),
        links=tuple(of("link")),
    )


def _columns(lines: Iterable[str], number: int) -> Iterable[list[str]]:
    """Lines of so many columns, the last of which may hold blanks."""
    for line in lines:
        parts = line.split(" ", number - 1)
        if len(parts) == number:
            yield parts


def _zones(lines: Iterable[str]) -> Iterable[Zone]:
    found: dict[str, list[str]] = {}
    for name, tag in _columns(lines, 2):
        found.setdefault(name, []).append(tag)
    for name, tags in found.items():
        targets = [value for tag in tags if tag.startswith("<zone") for value in re.findall(r'target="([^"]*)"', tag)]
        sources = [
            f"ipset:{value}" if kind == "ipset" else value
            for tag in tags
            if tag.startswith("<source")
            for kind, value in re.findall(r'(address|mac|ipset)="([^"]*)"', tag)
        ]
        yield Zone(name, (targets or [""])[0].strip("%"), tuple(sources))


def _resolvers(lines: Iterable[str]) -> dict[str, Resolver]:
    servers: dict[str, list[str]] = {}
    dangling: dict[str, str] = {}
    for path, key, value in _columns(lines, 3):
        servers.setdefault(path, [])
        if key == "nameserver":
            servers[path] += value.split()[:1]
        elif key == "dangles":
            dangling[path] = value
    return {path: Resolver(tuple(found), dangling.get(path, "")) for path, found in servers.items()}


def _cloud(line: str) -> tuple[str, str, str]:
    file, key, value = [*line.split(" ", 2), "", ""][:3]
    return file, key, value
