"""What stood on a host before this package changed it, kept there so that a reset can give it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pyinfra.api import StringCommand

from k8s_ha.resources import read_file, shell_variables


def kept_before(state: Sequence[str], files: Mapping[str, str] | None = None) -> StringCommand:
    """Keep what is about to be changed in /var/lib/k8s-ha/before, once; what an earlier run has kept stays.

    + state: lines "SUBJECT VALUE"; all lines of a subject are kept together, or none
    + files: path by the name of its copy
    """
    pairs = " ".join(f"{name}={path}" for name, path in (files or {}).items())
    return StringCommand(shell_variables({"KEPT": pairs, "LINES": "\n".join(state)}) + read_file("keep-before.sh"))
