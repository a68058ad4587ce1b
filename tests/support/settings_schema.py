"""``python -m tests.support.settings_schema``: makes docs/settings.schema.json of the settings' models."""

from __future__ import annotations

import json

from pydantic.json_schema import models_json_schema

from k8s_ha.settings import ClusterSettings, HostSettings
from tests.support.paths import PROJECT

FILE = PROJECT / "docs" / "settings.schema.json"

OF_THE_INVENTORY = {"name", "role"}
"""What a host's settings do not give: its place in the inventory does."""


def schema() -> str:
    """A JSON schema of the data that this package reads: ``k8s_ha``, and ``k8s_ha_host`` of each host."""
    _, found = models_json_schema(
        [(ClusterSettings, "validation"), (HostSettings, "validation")],
        title="Settings of k8s_ha",
        description="What group_data and the inventory set; None is written null.",
    )
    host = found["$defs"]["HostSettings"]
    host["properties"] = {name: row for name, row in host["properties"].items() if name not in OF_THE_INVENTORY}
    del host["required"]  # the address is ssh_hostname where it is not given
    data = {"k8s_ha": "ClusterSettings", "k8s_ha_host": "HostSettings"}
    properties = {name: {"$ref": f"#/$defs/{model}"} for name, model in data.items()}
    found = {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}
    return json.dumps({**found, "type": "object", "properties": properties}, indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(schema(), encoding="utf-8")
