"""Reading the lines of certificates.sh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from k8s_ha.catalog.certificates import Kind, kind
from k8s_ha.facts.lines import pairs
from k8s_ha.observations.certificates import Validity, validity
from k8s_ha.untrusted import unix_time

CERTIFICATES: Final = ("facts/first-certificate.sh", "facts/certificates.sh")
"""The scripts that tell them, behind facts/artifacts.sh."""


def certificates(values: Mapping[str, Sequence[str]]) -> dict[str, Validity | None]:
    """How long each certificate of a host is valid, by its path; None for what is none.

    + values: the lines of certificates.sh, by their keys
    """
    written = {path: unix_time(seconds) for path, seconds in pairs(values.get("written", ()))}
    lines = [*values.get("certificate", ()), *values.get("kubeconfig", ())]
    return {
        path: validity(text, None if kind(path) is Kind.AUTHORITY else written.get(path)) for path, text in pairs(lines)
    }
