"""What users read is what the package does."""

from __future__ import annotations

import ast
import re
from typing import Any

import pytest

from k8s_ha.catalog.check_names import CHECKS
from k8s_ha.settings import ClusterSettings, MirrorSettings
from tests.support import settings_page
from tests.support.paths import PROJECT

README = (PROJECT / "README.md").read_text(encoding="utf-8")
PAGES = {
    str(path.relative_to(PROJECT)): path.read_text(encoding="utf-8")
    for path in [*PROJECT.glob("*.md"), *(PROJECT / "docs").glob("*.md"), *(PROJECT / "tests").rglob("*.md")]
}
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
    (value,) = [node.value for node in tree.body if isinstance(node, ast.AnnAssign) and node.value]
    assert ast.literal_eval(value) == real_defaults()


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
    table, _, rest = PAGES["docs/preflight.md"].partition("\n\nA mirror is asked")
    named = re.findall(r"`([a-z-]+)`", table.partition("| --- |")[2])
    assert sorted(named) == sorted(CHECKS)
    (sentence,) = re.findall(r"(`root`[^.]*) cannot be\s+waived\.", rest)
    assert re.findall(r"`([a-z-]+)`", sentence) == [name for name, check in CHECKS.items() if check.fixed]


def test_the_first_page_is_short() -> None:
    assert len(README.splitlines()) <= 120


def _sentences(page: str) -> list[str]:
    """The sentences of a page's prose; what is code, a table or a heading is none."""
    prose = re.sub(r"```.*?```", "\n\n", page, flags=re.DOTALL)
    lines = ["" if line.lstrip().startswith(("|", "#", "!", "- ")) else line for line in prose.splitlines()]
    text = re.sub(r"\]\([^)]*\)", "]", "\n".join(lines))
    paragraphs = [" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", text)]
    return [sentence for paragraph in paragraphs for sentence in re.split(r"(?<=[.:;!?])\s+", paragraph) if sentence]


@pytest.mark.parametrize("page", ["README.md", "docs/quickstart.md"])
def test_sentences_are_short(page: str) -> None:
    assert [sentence for sentence in _sentences(PAGES[page]) if len(sentence.split()) > 25] == []


def _anchors(page: str) -> set[str]:
    """What a link into a page may end with, as GitHub and mkdocs make it of headings."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", page, flags=re.DOTALL), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", sorted(PAGES))
def test_links_lead_somewhere(page: str) -> None:
    folder = (PROJECT / page).parent
    for target in re.findall(r"\]\(([^)\s]+)\)", PAGES[page]):
        if target.startswith(("https://", "http://")):
            continue
        path, _, anchor = target.partition("#")
        file = folder / path if path else PROJECT / page
        assert file.exists(), f"{page}: {target}"
        if anchor:
            assert anchor in _anchors(file.read_text(encoding="utf-8")), f"{page}: {target}"


def test_every_page_is_reached_from_the_first() -> None:
    linked = {match for text in PAGES.values() for match in re.findall(r"\]\((?:docs/)?([\w-]+\.md)", text)}
    assert {path.name for path in (PROJECT / "docs").glob("*.md")} - {"index.md"} <= linked
