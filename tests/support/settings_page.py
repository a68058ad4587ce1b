"""``python -m tests.support.settings_page``: makes docs/settings.md of the settings' own descriptions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from k8s_ha.catalog.mirrors import MirrorSettings
from k8s_ha.settings import ClusterSettings, HostSettings
from tests.support.paths import PROJECT

PAGE = PROJECT / "docs" / "settings.md"

INTRODUCTION = """# Settings

<!-- Made by `python -m tests.support.settings_page` from k8s_ha/settings/models.py and k8s_ha/catalog/mirrors.py. -->

One mapping, `k8s_ha = {…}`, in `group_data/all.py`. A wrong value ends the run before anything is connected to. Unknown
names are errors.
"""

MIRROR = """
## Mirror

`"mirror"` takes a profile's name, `"official"` or `"aliyun"`, or a mapping of what differs from one. In URLs `{minor}`,
`{el}` and `{arch}` are filled in. `None` keeps the profile's value.
"""

HOST = """
## Hosts

Per host, in the inventory's data: `"k8s_ha_host": {…}`. Its role is that of its group.
"""

OF_THE_INVENTORY = {"name", "role"}


def page() -> str:
    """The whole page."""
    parts = (
        (INTRODUCTION, ClusterSettings, set()),
        (MIRROR, MirrorSettings, set()),
        (HOST, HostSettings, OF_THE_INVENTORY),
    )
    return "".join(
        f"{text}\n| setting | default | meaning |\n| --- | --- | --- |\n" + "".join(_rows(model, left_out))
        for text, model, left_out in parts
    )


def _rows(model: type[BaseModel], left_out: set[str]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if name not in left_out:
            assert field.description, f"{model.__name__}.{name} has no description"
            yield f"| `{name}` | {_default(field.default)} | {field.description.replace('|', '&#124;')} |\n"


def _default(value: Any) -> str:
    """As it would be written in group_data; a default that depends on others stands in the description."""
    if value is PydanticUndefined:
        return ""
    if isinstance(value, MirrorSettings):
        value = value.base
    return f'`"{value}"`' if isinstance(value, str) else f"`{value!r}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
