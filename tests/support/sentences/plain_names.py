"""Plain names for what only a run knows."""

from __future__ import annotations

import ast

OPEN, CLOSE = "\ue000", "\ue001"
"""Around the name of what only a run knows."""

HOSTS = ("host", "own", "member", "node", "leader", "target", "entry", "control_plane")
"""Whose name is a host's."""

RENAMED = {
    "artifacts": "files",
    "context": "n",
    "each": "others",
    "open_addresses": "addresses",
    "owner": "…",
    "sentence": "step",
    "said": "words",
    "error": "words",
    "strerror": "words",
    "health": "words",
    "failures": "words",
    "wrong": "words",
    "refused": "words",
    "notes": "folder",
    "dangles": "target",
    "listed": "members",
    "unwell": "members",
    "called": "member",
    "cut": "programs",
    "view": "…",
    "what": "…",
}
"""Names that say more to a reader."""


def placeholder(name: str) -> str:
    """The plain name of what only a run knows, marked."""
    plain = RENAMED.get(name, name).strip("_").replace("_", "-").upper()
    return f"{OPEN}{plain or '…'}{CLOSE}"


def name_of(node: ast.expr) -> str:
    """A plain name for what an expression will be."""
    match node:
        case ast.Attribute(value=ast.Name(id=name) | ast.Attribute(attr=name), attr="name") if name in HOSTS:
            return placeholder("leader" if name == "leader" else "host")
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return placeholder(name)
        case ast.Call(func=ast.Name(id="len")):
            return placeholder("n")
        case ast.Call(func=ast.Attribute(attr="join"), args=[rows]):
            return name_of(rows)
        case ast.Call(
            func=ast.Attribute(value=value, attr="get" | "format" | "strip" | "partition" | "rpartition" | "replace")
        ):
            return name_of(value)
        case ast.Call(func=ast.Name(id="map"), args=[_, rows]):
            return name_of(rows)
        case ast.Call(func=ast.Name(), args=[first, *_]):
            return name_of(first)
        case ast.Call(func=ast.Attribute(attr=name)):
            return placeholder(name)
        case ast.Subscript(value=value) | ast.BinOp(left=value) | ast.BoolOp(values=[value, *_]):
            return name_of(value)
        case (
            ast.ListComp(elt=value)
            | ast.GeneratorExp(elt=value)
            | ast.NamedExpr(value=value)
            | ast.Starred(value=value)
        ):
            return name_of(value)
        case ast.List(elts=[value, *_]) | ast.Tuple(elts=[value, *_]):
            return name_of(value)
    return placeholder("…")
