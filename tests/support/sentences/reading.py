"""What text an expression of the package's sources can be, with plain names for what only a run knows."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from tests.support.sentences.bindings import Bindings, Frame, test_of
from tests.support.sentences.plain_names import OPEN, name_of, placeholder
from tests.support.sentences.sources import Source, called, function_around
from tests.support.sentences.trees import is_none, is_row, unpacked
from tests.support.sentences.ways import Impossible

NOT_FOLLOWED = (
    *("some", "_some", "counted", "shown", "short", "printable", "written", "one_line", "_display_name", "_shown"),
    *("_unit", "_size", "sessions"),
)
"""Functions that only shorten or write out what they are given, or choose among names."""

SAYS = ("found", "wanted", "rule", "remedy", "reason", "sentence", "refusal")
"""Attributes of what carries a sentence that is made elsewhere."""

PHRASES = (*SAYS, "having", "owner", "no_leader", "quorum_refusal")
"""Names of what is a phrase, also as a part of another."""

_LONG = 6
"""Words of a part that is shown by itself, not beside the other one."""

DEEPEST = 12


class Untold(Exception):
    """A text that cannot be told."""


class Carried(Untold):
    """A text that an object brings along."""


class Reading(Bindings):
    """Reads expressions on one way."""

    def text(self, node: ast.expr, frame: Frame) -> str:
        """A whole phrase. Raises Untold where it cannot be told."""
        value = self.value(node, frame, whole=True)
        if not isinstance(value, str):
            raise Untold(ast.unparse(node))
        return value

    def value(self, node: ast.expr | None, frame: Frame, *, whole: bool) -> Any:
        """What an expression is; None where only a run knows.

        + whole: whether it is a phrase, for which callers, rows of tables and other modules' functions are followed
        """
        if node is None or len(frame.key) > DEEPEST:
            return None
        reader = getattr(self, f"_{type(node).__name__}", None)
        return reader(node, frame, whole) if reader else None

    # literals
    def _Constant(self, node: ast.Constant, frame: Frame, whole: bool) -> Any:
        return node.value

    def _JoinedStr(self, node: ast.JoinedStr, frame: Frame, whole: bool) -> str:
        return "".join(self._part(part, frame) for part in node.values)

    def _part(self, part: ast.expr, frame: Frame) -> str:
        if isinstance(part, ast.Constant):
            return str(part.value)
        assert isinstance(part, ast.FormattedValue)
        is_phrase = _is_phrase(part.value)
        found = self.value(part.value, frame, whole=is_phrase)
        if isinstance(found, int | float) and isinstance(part.format_spec, ast.JoinedStr):
            return format(
                found, "".join(str(each.value) for each in part.format_spec.values if isinstance(each, ast.Constant))
            )
        shown = str(found) if isinstance(found, str | int | float) else name_of(part.value)
        return f"'{shown}'" if part.conversion == ord("r") else shown

    def _Tuple(self, node: ast.Tuple | ast.List, frame: Frame, whole: bool) -> tuple[Any, ...]:
        return tuple(self.value(each, frame, whole=whole) for each in node.elts if not isinstance(each, ast.Starred))

    _List = _Tuple

    # choices
    def _IfExp(self, node: ast.IfExp, frame: Frame, whole: bool) -> Any:
        if not whole and not (is_none(node.body) or is_none(node.orelse)):
            return self._either(node, frame)
        branch = (node.body, node.orelse)[self.way.choose(test_of(node.test, frame), 2)]
        if is_none(branch):
            raise Impossible  # what is None is not said
        return self.value(branch, frame, whole=whole)

    def _either(self, node: ast.IfExp, frame: Frame) -> Any:
        """Both words of a part: one of them, or the one that may be left out in brackets."""
        both = [self.value(each, frame, whole=False) for each in (node.body, node.orelse)]
        first, second = (
            name_of(each) if found is None else found
            for each, found in zip((node.body, node.orelse), both, strict=True)
        )
        if not isinstance(first, str) or not isinstance(second, str):
            return first
        if first.startswith(second) and second:
            return f"{second}[{first.removeprefix(second)}]"
        if max(len(each.split()) for each in (first, second)) > _LONG:
            return (first, second)[self.way.choose(test_of(node.test, frame), 2)]
        if first and second:
            return f"{first} or {second}"
        only = first or second
        return f"[{only}]" if not only[:1].isalnum() and only[:1] != OPEN else only

    def _BoolOp(self, node: ast.BoolOp, frame: Frame, whole: bool) -> Any:
        if not whole or isinstance(node.op, ast.And):
            return None
        return self.value(node.values[self.way.choose((node, frame.key), len(node.values))], frame, whole=whole)

    def _BinOp(self, node: ast.BinOp, frame: Frame, whole: bool) -> Any:
        left = self.value(node.left, frame, whole=whole)
        if isinstance(node.op, ast.Mult):
            return left
        right = self.value(node.right, frame, whole=whole)
        if isinstance(node.op, ast.Add) and isinstance(left, str) and isinstance(right, str):
            return left + right
        if isinstance(node.op, ast.Add) and isinstance(left, tuple) and isinstance(right, tuple):
            return (left, right)[self.way.choose((node, frame.key), 2)]
        return None

    # what belongs to something
    def _Attribute(self, node: ast.Attribute, frame: Frame, whole: bool) -> Any:
        base = self.value(node.value, frame, whole=whole and node.attr not in SAYS)
        if isinstance(base, ModuleType) or is_row(base):
            found = getattr(base, node.attr, None)
            return found if isinstance(found, str | int | float | tuple | Mapping) or is_row(found) else None
        if whole and node.attr in SAYS:
            raise Carried(ast.unparse(node.value))
        return None

    def _Subscript(self, node: ast.Subscript, frame: Frame, whole: bool) -> Any:
        table = self.value(node.value, frame, whole=whole)
        if not isinstance(table, Mapping | tuple | list):
            return None
        key = self.value(node.slice, frame, whole=whole)
        if isinstance(table, Mapping):
            if isinstance(key, str | int) and key in table:
                return table[key]
        elif isinstance(key, int):
            return table[key]
        if not whole:
            return None
        rows = list(table.values()) if isinstance(table, Mapping) else list(table)
        return rows[self.way.choose((ast.unparse(node), frame.key), len(rows))]

    def _NamedExpr(self, node: ast.NamedExpr, frame: Frame, whole: bool) -> Any:
        return self.value(node.value, frame, whole=whole)

    def _GeneratorExp(self, node: ast.GeneratorExp | ast.ListComp, frame: Frame, whole: bool) -> Any:
        (loop, *more) = node.generators
        if isinstance(node.elt, ast.Name) and not whole:
            return None
        rows = self.value(loop.iter, frame, whole=whole)
        if more or not whole or not isinstance(rows, tuple):
            return (self.value(node.elt, frame, whole=whole),)
        frames = [
            Frame(frame.source, frame.function, frame.key, frame.bound, frame.held | unpacked(loop.target, row))
            for row in rows
        ]
        return tuple(self.value(node.elt, each, whole=whole) for each in frames)

    _ListComp = _GeneratorExp

    # calls
    def _Call(self, node: ast.Call, frame: Frame, whole: bool) -> Any:
        if isinstance(node.func, ast.Attribute):
            method = getattr(self, f"_call_{node.func.attr}", None)
            if method:
                return method(node, node.func.value, frame, whole)
        if isinstance(node.func, ast.Name) and node.func.id in ("repr", "str", "printable") and node.args:
            found = self.value(node.args[0], frame, whole=whole)
            return repr(found) if node.func.id == "repr" and isinstance(found, str) else found
        if isinstance(node.func, ast.Name) and node.func.id == "map" and ast.unparse(node.args[0]) == "str":
            return self.value(node.args[1], frame, whole=whole)
        if isinstance(node.func, ast.Name) and node.func.id == "next" and whole:
            rows = self.value(node.args[0], frame, whole=True)
            return rows[self.way.choose((node, frame.key), len(rows))] if isinstance(rows, tuple) else None
        place = called(frame.source, node.func)
        if place is None or place[1].name in NOT_FOLLOWED or not (whole or place[1].name.startswith("_")):
            return None
        return self._returned(*place, node, frame, whole)

    def _returned(self, home: Source, function: ast.FunctionDef, call: ast.Call, caller: Frame, whole: bool) -> Any:
        own = [
            each
            for each in ast.walk(function)
            if isinstance(each, ast.Return) and function_around(home, each) is function and not is_none(each.value)
        ]
        if not own:
            return None
        frame = Frame(home, function, (*caller.key, call), self.arguments(function, call, caller))
        chosen = own[self.way.choose((function, frame.key), len(own))]
        self.reach(chosen, frame)
        found = self.value(chosen.value, frame, whole=whole)
        return found

    def _call_join(self, node: ast.Call, separator: ast.expr, frame: Frame, whole: bool) -> Any:
        rows = self.value(node.args[0], frame, whole=False)
        if not isinstance(rows, tuple) or not rows:
            return None
        if not isinstance(node.args[0], ast.Tuple | ast.List) and _is_constant(node.args[0], frame):
            return str(self.value(separator, frame, whole=False)).join(map(str, rows))
        found = rows[0] if len(rows) == 1 else rows[self.way.choose((node, frame.key), len(rows))]
        return found if isinstance(found, str) else None

    def _call_format(self, node: ast.Call, text: ast.expr, frame: Frame, whole: bool) -> Any:
        found = self.value(text, frame, whole=whole)
        return re.sub(r"\{(\w+)\}", lambda match: placeholder(match[1]), found) if isinstance(found, str) else None

    def _call_items(self, node: ast.Call, table: ast.expr, frame: Frame, whole: bool) -> Any:
        found = self.value(table, frame, whole=whole)
        return tuple(found.items()) if isinstance(found, Mapping) else None

    def _call_values(self, node: ast.Call, table: ast.expr, frame: Frame, whole: bool) -> Any:
        found = self.value(table, frame, whole=whole)
        return tuple(found.values()) if isinstance(found, Mapping) else None

    def _call_get(self, node: ast.Call, table: ast.expr, frame: Frame, whole: bool) -> Any:
        found = self.value(table, frame, whole=whole)
        if not whole or not isinstance(found, Mapping):
            return None
        rows = [*found.values(), *(self.value(each, frame, whole=whole) for each in node.args[1:])]
        rows = [row for row in rows if row != ""]
        return rows[self.way.choose((ast.unparse(node), frame.key), len(rows))]

    def _call_strip(self, node: ast.Call, text: ast.expr, frame: Frame, whole: bool) -> Any:
        return self.value(text, frame, whole=whole)

    _call_rstrip = _call_strip


def _is_constant(node: ast.expr, frame: Frame) -> bool:
    """Whether it is a module's constant."""
    named = node.args[1] if isinstance(node, ast.Call) and len(node.args) > 1 else node
    base = named.value if isinstance(named, ast.Attribute) else named
    return isinstance(base, ast.Name) and hasattr(frame.source.loaded, base.id)


def _is_phrase(node: ast.expr) -> bool:
    named = node.func if isinstance(node, ast.Call) else node
    return isinstance(named, ast.Name) and named.id in PHRASES
