"""What a name of the package's sources is bound to, at a place of a function and on one way through it."""

from __future__ import annotations

import ast
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from tests.support.sentences.plain_names import name_of
from tests.support.sentences.sources import Source, calls, enclosing, function_around
from tests.support.sentences.trees import binds, blocks, in_comprehension, is_row, names, parameters, unpacked
from tests.support.sentences.ways import Impossible, Way


@dataclass(eq=False)
class Frame:
    """A function at work: what its parameters are, as far as the caller is known.

    + key: the calls that led to it
    + held: what a comprehension's names are
    """

    source: Source
    function: ast.FunctionDef | None
    key: tuple[Hashable, ...] = ()
    bound: dict[str, tuple[ast.expr, Frame]] | None = None
    held: dict[str, Any] = field(default_factory=dict)


class Bindings:
    """Reads names on one way; what an expression is ``value`` says."""

    def __init__(self, way: Way) -> None:
        self.way = way

    def frame(self, source: Source, node: ast.AST, key: tuple[Hashable, ...] = ()) -> Frame:
        """The function around a node, which is reached."""
        found = Frame(source, function_around(source, node), key)
        self.reach(node, found)
        return found

    def value(self, node: ast.expr | None, frame: Frame, *, whole: bool) -> Any:
        raise NotImplementedError

    def reach(self, node: ast.AST, frame: Frame) -> None:
        """Have every test around a node turn out so that it is reached."""
        inner = node
        for outer in enclosing(frame.source, node):
            if outer is frame.function:
                return
            if isinstance(outer, ast.If) and inner is not outer.test:
                self.way.assume(test_of(outer.test, frame), 0 if inner in outer.body else 1)
            inner = outer

    def _Name(self, node: ast.Name, frame: Frame, whole: bool) -> Any:
        if node.id in frame.held:
            return frame.held[node.id]
        if in_comprehension(frame.source, node):
            return None
        bound = self._bound(node.id, node, frame, whole)
        if bound is not None:
            return bound[0]
        if frame.function is not None and node.id in parameters(frame.function):
            return self._parameter(node.id, frame, whole)
        found = getattr(frame.source.loaded, node.id, None)
        is_data = isinstance(found, str | int | float | tuple | list | Mapping | ModuleType)
        return found if is_data or is_row(found) else None

    def _bound(self, name: str, node: ast.AST, frame: Frame, whole: bool) -> tuple[Any] | None:
        """What the statements before ``node`` make of a name; None where they do not."""
        inner: ast.AST = node
        for outer in enclosing(frame.source, node):
            for block in blocks(outer):
                if inner in block:
                    found = self._block(block[: block.index(inner)], name, frame, whole)
                    if found is not None:
                        return found
            if isinstance(outer, ast.For) and inner in outer.body and name in names(outer.target):
                is_chosen = (outer.target, frame.key) in self.way.made
                return (self._row(outer.iter, outer.target, name, frame) if whole or is_chosen else None,)
            if isinstance(outer, ast.If | ast.While) and inner is not outer.test:
                for walrus in ast.walk(outer.test):
                    if isinstance(walrus, ast.NamedExpr) and walrus.target.id == name:
                        return (self.value(walrus.value, frame, whole=whole),)
            if isinstance(outer, ast.ExceptHandler) and outer.name == name:
                return (None,)
            if outer is frame.function:
                return None
            inner = outer
        return None

    def _block(self, block: Sequence[ast.stmt], name: str, frame: Frame, whole: bool) -> tuple[Any] | None:
        for statement in reversed(block):
            found = self._statement(statement, name, frame, whole)
            if found is not None:
                return found
        return None

    def _statement(self, statement: ast.AST, name: str, frame: Frame, whole: bool) -> tuple[Any] | None:
        if not binds(statement, name):
            return None
        if isinstance(statement, ast.If):
            block = (statement.body, statement.orelse)[self.way.choose(test_of(statement.test, frame), 2)]
            if block and isinstance(block[-1], ast.Return | ast.Raise | ast.Continue):
                raise Impossible
            return self._block(block, name, frame, whole)
        if isinstance(statement, ast.For | ast.With | ast.Try | ast.While):
            return self._block(statement.body, name, frame, whole)
        if isinstance(statement, ast.AugAssign):
            return self._added(statement, name, frame, whole)
        if isinstance(statement, ast.Assign):
            target = next(each for each in statement.targets if name in names(each))
            if not isinstance(target, ast.Name):
                return (self._element(statement.value, target, name, frame, whole),)
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            return (self.value(statement.value, frame, whole=whole),)
        return None

    def _added(self, statement: ast.AugAssign, name: str, frame: Frame, whole: bool) -> tuple[Any] | None:
        before = self._bound(name, statement, frame, whole)
        added = self.value(statement.value, frame, whole=whole)
        if before is None or not isinstance(before[0], str):
            return before
        return (before[0] + (added if isinstance(added, str) else name_of(statement.value)),)

    def _element(self, value: ast.expr, target: ast.expr, name: str, frame: Frame, whole: bool) -> Any:
        place = names(target).index(name)
        if isinstance(value, ast.Tuple) and not any(isinstance(each, ast.Starred) for each in value.elts):
            return self.value(value.elts[place], frame, whole=whole)
        found = self.value(value, frame, whole=whole)
        return found[place] if isinstance(found, tuple) and len(found) > place else None

    def _row(self, table: ast.expr, target: ast.expr, name: str, frame: Frame) -> Any:
        """What a loop's name is in one row of a table that is known."""
        rows = self.value(table, frame, whole=True)
        if isinstance(rows, Mapping):
            rows = tuple(rows)
        if not isinstance(rows, tuple | list):
            return None
        row = rows[self.way.choose((target, frame.key), len(rows))]
        return unpacked(target, row).get(name)

    def _parameter(self, name: str, frame: Frame, whole: bool) -> Any:
        function = frame.function
        assert function is not None
        if frame.bound is None:
            is_private = function.name.startswith("_")
            if not (whole or is_private):
                return None
            found = calls(function.name, frame.source if is_private else None)
            if not found:
                return None
            site = found[self.way.choose((function, frame.key), len(found))]
            caller = self.frame(site.source, site.call, (*frame.key, site.call))
            frame.bound = self.arguments(function, site.call, caller)
        expression, caller = frame.bound.get(name, (None, frame))
        return self.value(expression, caller, whole=whole)

    def arguments(self, function: ast.FunctionDef, call: ast.Call, caller: Frame) -> dict[str, tuple[ast.expr, Frame]]:
        """What a call gives for each parameter."""
        named = [each.arg for each in (*function.args.posonlyargs, *function.args.args)]
        defaults = dict(zip(reversed(named), reversed(function.args.defaults), strict=False))
        keywords = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
        defaults |= {each.arg: value for each, value in keywords if value}
        own = Frame(caller.source, None, caller.key)
        bound = {name: (value, own) for name, value in defaults.items()}
        given: list[ast.expr] = []
        for argument in call.args:
            if isinstance(argument, ast.Starred):
                row = self.value(argument.value, caller, whole=True)
                given += [ast.Constant(each) for each in row] if isinstance(row, tuple) else []
            else:
                given.append(argument)
        bound |= {name: (value, caller) for name, value in zip(named, given, strict=False)}
        return bound | {each.arg: (each.value, caller) for each in call.keywords if each.arg}


def test_of(test: ast.expr, frame: Frame) -> Hashable:
    """By what a test is known: what is tested twice turns out alike."""
    return ast.unparse(test), frame.source.name, frame.key
