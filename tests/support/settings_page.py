"""``python -m tests.support.settings_page``: makes docs/settings.md of the settings' own descriptions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from k8s_ha.catalog.mirrors import MirrorSettings
from k8s_ha.catalog.setting_changes import HOST_SETTINGS, SETTINGS, Change, Effect
from k8s_ha.settings import ClusterSettings, HostSettings
from k8s_ha.settings.backup import BackupSettings
from k8s_ha.settings.endpoint import EndpointSettings
from tests.support.paths import PROJECT
from tests.support.settings_schema import OF_THE_INVENTORY

PAGE = PROJECT / "docs" / "settings.md"

INTRODUCTION = """# Settings

<!-- Made by `python -m tests.support.settings_page` from k8s_ha/settings/models.py and k8s_ha/catalog/mirrors.py. -->

One mapping, `k8s_ha = {…}`, in `group_data/all.py`. A wrong value ends the run before anything is connected to. Unknown
names are errors.

```python
from k8s_ha import ClusterSettingsDict, check_settings

k8s_ha: ClusterSettingsDict = {"firewall": "keep"}
check_settings(k8s_ha)
```

With this type an editor completes names and values, and mypy finds wrong ones. It may be left out. There is a
[JSON schema](settings.schema.json), too. The functions are in the [reference](reference.md).

The last column says what becomes of a change on a cluster that stands. What is refused ends the run in its first phase,
before anything is changed, and the row says what stands and the way out.
"""

ENDPOINT = """
## Endpoint

`"endpoint"` takes a mapping; docs/endpoint.md tells of its forms.
"""

BACKUP = """
## Backup

`"backup"` takes a mapping; docs/operations.md tells what a backup is.
"""

MIRROR = """
## Mirror

`"mirror"` takes a profile's name, `"official"` or `"aliyun"`, or a mapping of what differs from one. In URLs `{minor}`,
`{el}` and `{arch}` are filled in. `None` keeps the profile's value.
"""

HOST = """
## Hosts

Per host, in the inventory's data: `"k8s_ha_host": {…}`. Its role is that of its group. `HostSettingsDict` makes such a
mapping, which an editor completes and mypy checks:

```python
from k8s_ha import HostSettingsDict

workers = [("worker1", {"ssh_hostname": "10.0.12.16", "k8s_ha_host": HostSettingsDict(labels={"disk": "ssd"})})]
```
"""


def page() -> str:
    """The whole page."""
    next_run = Change(Effect.NEXT_RUN)
    of_mirror = dict.fromkeys(MirrorSettings.model_fields, next_run)
    of_mirror["image_repository"] = SETTINGS["image_repository"]
    parts = (
        (INTRODUCTION, ClusterSettings, SETTINGS),
        (ENDPOINT, EndpointSettings, dict.fromkeys(EndpointSettings.model_fields, SETTINGS["endpoint"])),
        (BACKUP, BackupSettings, dict.fromkeys(BackupSettings.model_fields, next_run)),
        (MIRROR, MirrorSettings, of_mirror),
        (HOST, HostSettings, {name: row for name, row in HOST_SETTINGS.items() if name not in OF_THE_INVENTORY}),
    )
    head = "\n| setting | default | meaning | a change takes effect |\n| --- | --- | --- | --- |\n"
    return "".join(f"{text}{head}{''.join(_rows(model, changes))}" for text, model, changes in parts)


def _rows(model: type[BaseModel], changes: Mapping[str, Change]) -> Iterator[str]:
    for name, change in changes.items():
        field = model.model_fields[name]
        assert field.description, f"{model.__name__}.{name} has no description"
        meaning = field.description.replace("|", "&#124;")
        yield f"| `{name}` | {_default(field.default)} | {meaning} | {change.effect.value} |\n"


def _default(value: Any) -> str:
    """As it would be written in group_data; a default that depends on others stands in the description."""
    if value is PydanticUndefined:
        return ""
    if isinstance(value, MirrorSettings):
        value = value.base
    return f'`"{value}"`' if isinstance(value, str) else f"`{value!r}`"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
