"""The server in the text of a kubeconfig that a ConfigMap holds. Values in, values out."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

_SERVER: Final = re.compile(r"^( *(?:- )?server: *)(\S+)(?= *$)", re.MULTILINE)


def servers_in(kubeconfig: str) -> tuple[str, ...]:
    """The servers that a kubeconfig of kubeadm's names."""
    return tuple(found[1].strip("\"'") for found in _SERVER.findall(kubeconfig))


def with_server(kubeconfig: str, former: Collection[str], server: str) -> str:
    """The kubeconfig with another server in the place of former ones, and all else as it was."""

    def replaced(found: re.Match[str]) -> str:
        return f"{found[1]}{server}" if found[2].strip("\"'") in former else found[0]

    return _SERVER.sub(replaced, kubeconfig)
