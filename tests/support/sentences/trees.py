"""Questions to a tree of the sources."""

from __future__ import annotations

import ast
from typing import Any

from tests.support.sentences.sources import Source, enclosing


def parameters(function: ast.FunctionDef) -> list[str]:
    return [each.arg for each in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]


def names(target: ast.expr) -> list[str]:
    return [each.id for each in ast.walk(target) if isinstance(each, ast.Name)]


def blocks(node: ast.AST) -> list[list[Any]]:
    return [block for name in ("body", "orelse", "finalbody") if isinstance(block := getattr(node, name, None), list)]


def binds(statement: ast.AST, name: str) -> bool:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return False
    return any(
        isinstance(each, ast.Name)
        and each.id == name
        and isinstance(each.ctx, ast.Store)
        and not isinstance(statement, ast.Expr)
        for part in ast.walk(statement)
        if isinstance(part, ast.Assign | ast.AnnAssign | ast.AugAssign)
        for each in ast.walk(part)
    )


def in_comprehension(source: Source, node: ast.Name) -> bool:
    for outer in enclosing(source, node):
        if isinstance(outer, ast.FunctionDef):
            return False
        loops = getattr(outer, "generators", ())
        if any(node.id in names(loop.target) for loop in loops):
            return True
    return False


def unpacked(target: ast.expr, row: Any) -> dict[str, Any]:
    if isinstance(target, ast.Name):
        return {target.id: row}
    if isinstance(target, ast.Tuple) and isinstance(row, tuple) and len(row) == len(target.elts):
        return {
            name: value
            for part, each in zip(target.elts, row, strict=True)
            for name, value in unpacked(part, each).items()
        }
    return {}


def is_none(node: ast.expr | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value is None)


def is_row(value: Any) -> bool:
    """Whether it is one of the package's own frozen values."""
    is_instance = not isinstance(value, type)
    return is_instance and (hasattr(value, "__dataclass_fields__") or hasattr(value, "_fields"))
