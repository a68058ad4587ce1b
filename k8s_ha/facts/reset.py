"""What is left on a host of what this package has put there or changed."""

from __future__ import annotations

import base64
from collections.abc import Mapping

from k8s_ha.facts.answers import marked
from k8s_ha.facts.lines import ParsedFact, fields, script
from k8s_ha.observations.reset import NODE_IS_RESET, Remains
from k8s_ha.resources import read_file, shell_variables


def take_back_script(values: Mapping[str, str], look: bool = False) -> str:
    """Shell that takes from a host what this package has put there, and gives back what it has changed.

    + values: shell variables that ``take-back.sh`` and ``give-back.sh`` name
    + look: whether it only tells
    """
    scripts = read_file("take-back.sh") + read_file("give-back.sh")
    return shell_variables({**values, "LOOK": "yes" if look else ""}) + scripts


class RemainsFact(ParsedFact[Remains]):
    """What a reset would do to a host.

    + values: as for ``take_back_script``
    """

    def command(self, values: Mapping[str, str]) -> str:
        return marked(script("require-root.sh") + read_file("facts/reset.sh") + take_back_script(values, look=True))

    def parse(self, output: list[str]) -> Remains:
        values = fields(output)
        endpoint, _, stage = next(iter(values["reset"]), "").partition(" ")
        contents = (line.split(" ", 1) for line in values["content"])
        named = (line.split() for line in values["names"])
        return Remains(
            begun=endpoint,
            node_is_reset=stage == NODE_IS_RESET,
            due=tuple(values["due"]),
            left=tuple(values["left"]),
            names={path: tuple(addresses) for path, *addresses in named},
            contents={path: base64.b64decode(text, validate=True) for path, text in contents},
        )
