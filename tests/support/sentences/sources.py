"""The package's sources as trees: what calls what, and what encloses what."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType

from tests.support.paths import PROJECT

PACKAGE = "k8s_ha"


@dataclass(frozen=True, eq=False)
class Source:
    """A module: its dotted name and its tree."""

    name: str
    tree: ast.Module

    @property
    def loaded(self) -> ModuleType:
        """The module itself, for the values of its constants."""
        return sys.modules.get(self.name) or import_module(self.name)


@dataclass(frozen=True, eq=False)
class Site:
    """A call, and the function around it; None at a module's top."""

    source: Source
    call: ast.Call


@cache
def sources() -> dict[str, Source]:
    """Every module of the package, by name."""
    found = {}
    for path in sorted((PROJECT / PACKAGE).rglob("*.py")):
        parts = path.relative_to(PROJECT).with_suffix("").parts
        name = ".".join(parts).removesuffix(".__init__")
        found[name] = Source(name, ast.parse(path.read_text(encoding="utf-8")))
    return found


@cache
def _parents(source: Source) -> dict[ast.AST, ast.AST]:
    return {child: parent for parent in ast.walk(source.tree) for child in ast.iter_child_nodes(parent)}


def enclosing(source: Source, node: ast.AST) -> Iterator[ast.AST]:
    """What a node stands in, from the inside outwards."""
    parents = _parents(source)
    while node in parents:
        node = parents[node]
        yield node


def function_around(source: Source, node: ast.AST) -> ast.FunctionDef | None:
    """The function that a node stands in."""
    return next((each for each in enclosing(source, node) if isinstance(each, ast.FunctionDef)), None)


@cache
def _calls() -> dict[str, list[Site]]:
    found: dict[str, list[Site]] = {}
    for source in sources().values():
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                found.setdefault(name, []).append(Site(source, node))
    return found


def calls(name: str, within: Source | None = None) -> list[Site]:
    """The calls of what has this name, in the order of modules and lines; a private one is called in its module."""
    found = [site for site in _calls().get(name, ()) if within is None or site.source is within]
    return sorted(found, key=lambda site: (site.source.name, site.call.lineno, site.call.col_offset))


def called(source: Source, function: ast.expr) -> tuple[Source, ast.FunctionDef] | None:
    """Where the function of the package that an expression names is defined."""
    if isinstance(function, ast.Name):
        thing = getattr(source.loaded, function.id, None)
    elif isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        module = getattr(source.loaded, function.value.id, None)
        thing = getattr(module, function.attr, None) if isinstance(module, ModuleType) else None
    else:
        return None
    home = sources().get(getattr(thing, "__module__", ""))
    if home is None:
        return None
    name = getattr(thing, "__name__", "")
    return next(
        ((home, each) for each in home.tree.body if isinstance(each, ast.FunctionDef) and each.name == name), None
    )
