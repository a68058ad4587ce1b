"""What users read is what the package does."""

from __future__ import annotations

import ast
import re
from typing import Any

from k8s_ha.catalog.check_names import CHECKS
from k8s_ha.settings import ClusterSettings, MirrorSettings
from tests.support import settings_page
from tests.support.paths import PROJECT

README = (PROJECT / "README.md").read_text(encoding="utf-8")
SETTINGS = settings_page.PAGE.read_text(encoding="utf-8")


def shown_defaults() -> dict[str, Any]:
    table = SETTINGS.partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| `(.+?)` \|", table, flags=re.MULTILINE)
    return {name: ast.literal_eval(value) for name, value in rows}


def real_defaults() -> dict[str, Any]:
    defaults = ClusterSettings().model_dump()
    assert ClusterSettings().mirror == MirrorSettings(base="official")
    return defaults | {"mirror": "official"}


def test_the_table_of_settings_shows_every_setting_with_its_default() -> None:
    assert shown_defaults() == real_defaults()


def test_the_page_of_settings_is_made_of_their_descriptions() -> None:
    assert settings_page.page() == SETTINGS, "run python -m tests.support.settings_page"


def test_the_example_settings_show_every_setting_with_its_default() -> None:
    tree = ast.parse((PROJECT / "group_data" / "all.py").read_text(encoding="utf-8"))
    values = {ast.unparse(node.targets[0]): node.value for node in tree.body if isinstance(node, ast.Assign)}
    assert ast.literal_eval(values["k8s_ha"]) == real_defaults()


def test_the_example_speaks_to_hosts_that_the_user_knows() -> None:
    assert 'ssh_strict_host_key_checking = "yes"' in (PROJECT / "group_data" / "all.py").read_text(encoding="utf-8")


def test_the_inventory_shown_first_is_the_example_inventory() -> None:
    block = re.search(r"```python\n(control_plane = .*?)```", README, flags=re.DOTALL)
    assert block
    shown: dict[str, Any] = {}
    real: dict[str, Any] = {}
    exec(block[1], shown)
    exec((PROJECT / "inventory.py").read_text(encoding="utf-8"), real)
    for group in ("control_plane", "workers", "load_balancers"):
        assert shown[group] == real[group]


def test_every_check_is_named_and_those_that_cannot_be_waived() -> None:
    section = README.partition("### Before the first change")[2].partition("\n## ")[0]
    table, _, rest = section.partition("\n\nA mirror is asked")
    named = re.findall(r"`([a-z-]+)`", table.partition("| --- |")[2])
    assert sorted(named) == sorted(CHECKS)
    (sentence,) = re.findall(r"\. (`root`[^.]*) cannot be\s+waived\.", rest)
    assert re.findall(r"`([a-z-]+)`", sentence) == [name for name, check in CHECKS.items() if check.fixed]
