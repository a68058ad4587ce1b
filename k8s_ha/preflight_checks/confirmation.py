"""That whoever ends a standing cluster, or puts another state in its place, means this one. Values in, values out."""

from __future__ import annotations

from typing import Final

from k8s_ha.findings import Finding
from k8s_ha.observations.api_status import THE_CLUSTER
from k8s_ha.untrusted import short

CHECK: Final = "confirmation"


def unconfirmed(action: str, given: str, standing: str) -> list[Finding]:
    """Why an action is not begun that ends what stands; nothing where it was confirmed.

    It is confirmed by an argument of the one call, never by a setting, which would stay.

    + action: what is to be done, such as ``reset``
    + given: the argument ``endpoint`` of the call; empty where there was none
    + standing: the endpoint that the cluster stands with, ``HOST:PORT``
    """
    if given == standing:
        return []
    wanted = f"{action} is confirmed by the endpoint of the cluster that stands"
    remedy = f"if you mean that cluster, run this with endpoint={standing}"
    if not given:
        return [Finding(THE_CLUSTER, CHECK, "no endpoint was given", wanted, remedy)]
    return [Finding(THE_CLUSTER, CHECK, f"the endpoint {short(given)} was given", wanted, remedy)]
