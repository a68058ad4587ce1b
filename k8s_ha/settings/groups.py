"""Which groups of the inventory hold the hosts of which role. Values in, values out."""

import ast
from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches

from k8s_ha.settings.load import SettingsError
from k8s_ha.untrusted import short

GROUPS: Mapping[str, tuple[str, str]] = {
    "control_plane": ("control_plane", "control_planes"),
    "worker": ("workers", "worker"),
    "load_balancer": ("load_balancers", "load_balancer"),
    "admin": ("admins", "admin"),
}
"""The inventory's group for each role, by either name; ``groups=`` of a deploy function overrides single entries."""

_ROLES = {name: role for role, names in GROUPS.items() for name in names}


def groups_of_roles(given: object, known: Mapping[str, Collection[str]]) -> dict[str, tuple[str, ...]]:
    """The groups that hold the hosts of each role; none where the inventory has no such group.

    + given: ``groups=`` of a deploy function
    + known: names of hosts by group of the inventory

    Raises SettingsError with one line for each mistake.
    """
    if not isinstance(given, Mapping):
        raise SettingsError([f"groups: {short(given)}; it is a map of role: group; write {{'worker': 'nodes'}}"])
    named: dict[str, tuple[str, ...]] = {}
    lines = []
    for key, group in given.items():
        role = _ROLES.get(key) if isinstance(key, str) else None
        if role is None:
            lines.append(f"groups: {short(key)} is no role; the roles are {', '.join(GROUPS)}; name one of them")
        elif role in named:
            lines.append(f"groups.{key}: given twice, once in the plural; a role has one group; remove one of the two")
        elif not isinstance(group, str):
            lines.append(f"groups.{key}: {short(group)}; it is the name of one group; write it in quotes")
        elif group not in known:
            lines.append(f"groups.{key}: {group!r} is no group of the inventory; {_others(group, known)}")
        else:
            named[role] = (group,)
    for role in GROUPS.keys() - named.keys():
        found = [name for name in GROUPS[role] if name in known]
        if len({frozenset(known[name]) for name in found}) > 1:
            lines.append(
                f"groups: the inventory has {' and '.join(found)}; a role has one group; put their hosts into one, or "
                f"choose it by groups={{{role!r}: …}}"
            )
        named.setdefault(role, tuple(found))
    if lines:
        raise SettingsError(lines)
    return {role: named[role] for role in GROUPS}


def _others(group: str, known: Collection[str]) -> str:
    close = get_close_matches(group, known, n=1)
    return f"did you mean {close[0]}?" if close else f"its groups are {', '.join(sorted(known)) or 'none'}; name one"


def looked_for(
    roles: Mapping[str, tuple[str, ...]], hosts: Mapping[str, Collection[str]], known: Mapping[str, Collection[str]]
) -> Iterator[str]:
    """For each role that a cluster lacks a host of: where its hosts were looked for, and what there is instead.

    + roles: as ``groups_of_roles`` gives them
    + hosts: roles by name of a host
    + known: as for that
    """
    counts = {role: sum(role in own for own in hosts.values()) for role in GROUPS}
    lacking = [role for role in ("control_plane", "load_balancer") if not counts[role]]
    if counts["control_plane"] < 2 and "load_balancer" in lacking:
        lacking.remove("load_balancer")
    others = sorted(name for name in known if all(name not in groups for groups in roles.values()))
    there = f"the inventory has also {', '.join(others[:10])}" if others else "the inventory has no other group"
    for role in lacking:
        names = " or ".join(roles[role] or GROUPS[role])
        remedy = f"rename a group, or give groups={{{role!r}: …}}"
        yield f"groups: a {role} is a host of the group {names}; {there}; {remedy}"


def not_groups(source: str, roles: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """A line for each variable of an inventory's source that bears a group's name and is no list of hosts.

    pyinfra passes over it in silence, and of a tuple of names it takes the letters of the first for hosts.
    """
    names = {name for role in GROUPS for name in (*GROUPS[role], *roles.get(role, ()))}
    try:
        body = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return  # pyinfra itself says so
    for node in body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if isinstance(target, ast.Name) and target.id in names and isinstance(value, ast.expr) and _is_no_list(value):
            written = ast.unparse(value)[:100]
            yield f"{target.id} = {written}; a group is a list of hosts; write {target.id} = ['NAME', …]"


def _is_no_list(value: ast.expr) -> bool:
    if isinstance(value, ast.Constant):
        return value.value is not None
    if isinstance(value, ast.Tuple):  # (hosts, data) is one with data for all
        return not value.elts or not isinstance(value.elts[0], (ast.List, ast.Name, ast.Call, ast.ListComp))
    return isinstance(value, (ast.Set, ast.Dict, ast.JoinedStr))
