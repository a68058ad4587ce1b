"""The package's own files and templates: inside the package in a wheel, beside it in a checkout."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_PACKAGE = Path(__file__).parent


def _folder(name: str) -> Path:
    inside = _PACKAGE / name
    return inside if inside.is_dir() else _PACKAGE.parent / name


@cache
def read_file(name: str) -> str:
    """The text of ``files/NAME``."""
    return (_folder("files") / name).read_text(encoding="utf-8")


def shell_variables(values: Mapping[str, str]) -> str:
    """Lines that set shell variables, each value quoted; what a script of ``files/`` is given in front of it."""
    return "".join(f"{key}={shlex.quote(value)}\n" for key, value in values.items())


@cache
def _environment(is_html: bool) -> Environment:
    return Environment(
        loader=FileSystemLoader(_folder("templates")),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=is_html,
    )


def render(template: str, **values: object) -> str:
    """``templates/TEMPLATE`` with ``values``; a value that the template misses raises jinja2's ``UndefinedError``.

    The results are configuration files and YAML: there is nothing to escape.
    """
    return _environment(False).get_template(template).render(**values)


def render_html(template: str, **values: object) -> str:
    """The same as HTML, with every value escaped."""
    return _environment(True).get_template(template).render(**values)
