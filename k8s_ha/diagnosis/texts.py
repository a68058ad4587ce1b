"""What a part's file in the archive holds. Values in, values out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from k8s_ha.diagnosis.parts import Part
from k8s_ha.diagnosis.secrets import hidden
from k8s_ha.observations.certificates import validity
from k8s_ha.untrusted import printable


def text_of(part: Part, secrets: Iterable[str]) -> tuple[str, Counter[str]]:
    """A part's text to be shown, and how many secrets of each kind were hidden in it.

    + secrets: those that are known word for word
    """
    return shown(ends_of_certificates(part.text) if part.name == "certificates" else part.text, secrets)


def shown(text: str, secrets: Iterable[str]) -> tuple[str, Counter[str]]:
    """A text without secrets and without what a terminal would obey, and how many secrets of each kind there were."""
    text, found = hidden("\n".join(printable(line, "\t") for line in text.split("\n")), secrets)
    return text, found


def ends_of_certificates(text: str) -> str:
    """Lines "END PATH" of lines "PATH CERTIFICATE"."""
    return "".join(f"{_end(*line.rpartition(' ')[::2])}\n" for line in text.splitlines() if line.strip())


def _end(path: str, encoded: str) -> str:
    found = validity(encoded)
    return f"{found.ends:%Y-%m-%dT%H:%M:%SZ}  {path}" if found else f"no certificate was read  {path or encoded[:200]}"
