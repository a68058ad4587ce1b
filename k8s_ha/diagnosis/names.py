"""Names of files in an archive, made of what hosts call things: no way out of its folder. Values in, values out."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

_LONGEST: Final = 200


def safe_path(*words: str) -> str:
    """A path of one folder or file a word, which leads nowhere else; of a name with slashes, each part is a word."""
    return "/".join(_safe(part) for word in words for part in word.split("/") if part) or "_"


def _safe(word: str) -> str:
    """A plain name: ASCII letters, digits and ``. _ -``; no dot or hyphen begins it."""
    return re.sub(r"\A[.-]", "_", re.sub(r"[^A-Za-z0-9._-]", "_", word[:_LONGEST]))


def distinct(path: str, taken: Collection[str]) -> str:
    """The path itself or, where somebody has it, with a number: two names may come to the same.

    + taken: in lower case, since there are file systems that tell no case
    """
    folder, slash, name = path.rpartition("/")
    stem, dot, suffix = name.rpartition(".") if "." in name else (name, "", "")
    number, free = 1, path
    while free.lower() in taken:
        number += 1
        free = f"{folder}{slash}{stem}-{number}{dot}{suffix}"
    return free
