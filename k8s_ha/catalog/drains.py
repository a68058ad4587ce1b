"""What a drain may cost that users accept by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

DrainRisk = Literal["bare-pods", "local-data"]


@dataclass(frozen=True)
class DrainCost:
    """What is lost where a risk is accepted.

    + flag: of ``kubectl drain``, without which that refuses such pods (kubectl 1.20 to 1.37)
    + price: what becomes of these pods, as a clause
    """

    flag: str
    price: str


DRAIN_RISKS: Final[Mapping[DrainRisk, DrainCost]] = {
    "bare-pods": DrainCost("--force", "pods without a controller are deleted for good"),
    "local-data": DrainCost("--delete-emptydir-data", "what pods keep in emptyDir volumes is deleted with them"),
}
"""What users accept by name in ``accepted_risks``, for the nodes that are drained."""
