"""A report's page in Debian's Chromium: what axe finds, what it asks for, how keyboards and narrow windows fare."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from k8s_ha.reporting.page.render import page
from tests.support.page_reports import HOSTILE, drawn, failed, good, hostile

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.browser

CHROMIUM = "/usr/bin/chromium"
WIDE, NARROW = 1240, 390
REPORTS: dict[str, dict[str, Any]] = {
    "good": good(),
    "failed": failed(),
    "hostile": hostile(),
    "many hosts": failed(60),
    "not verified": good() | {"verification": [], "timeline": []},
}
OVERFLOW = "document.documentElement.scrollWidth - innerWidth"
OPEN_ALL = "document.querySelectorAll('details').forEach(each => each.open = true)"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Without a sandbox, which Chromium has none of for root; it opens files of these tests and nothing else."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture(autouse=True)
def windows_closed(browser: Browser) -> Iterator[None]:
    yield
    for context in browser.contexts:
        context.close()


class Opened:
    """A report's page in a window, and what went on there."""

    def __init__(self, window: Page, path: Path) -> None:
        self.window = window
        self.requests: list[str] = []
        self.said: list[str] = []
        window.on("request", lambda request: self.requests.append(request.url))
        window.on("console", lambda message: self.said.append(message.text))
        window.on("pageerror", lambda error: self.said.append(str(error)))
        window.on("dialog", lambda dialog: (self.said.append(dialog.message), dialog.dismiss()))
        window.goto(path.as_uri())


@pytest.fixture(params=REPORTS.values(), ids=REPORTS)
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return written(tmp_path, request.param)


def written(folder: Path, report: dict[str, Any]) -> Path:
    path = folder / "page.html"
    path.write_text(page(drawn(report)), encoding="utf-8")
    return path


def opened(browser: Browser, path: Path, scheme: str = "light", width: int = WIDE) -> Opened:
    viewport = {"width": width, "height": 900}
    return Opened(browser.new_page(color_scheme=scheme, viewport=viewport, offline=True), path)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: Browser, path: Path, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    window = opened(browser, path, scheme).window
    window.evaluate(OPEN_ALL)
    found = Axe().run(window, options={"resultTypes": ["violations"]})
    assert [(each["id"], each["nodes"][0]["html"]) for each in found.response["violations"]] == []


def test_it_asks_for_nothing_but_itself_and_nothing_is_refused(browser: Browser, path: Path) -> None:
    found = opened(browser, path)
    assert (found.requests, found.said) == ([path.as_uri()], [])
    assert found.window.evaluate("document.scripts.length") == 0


@pytest.mark.parametrize("width", [WIDE, NARROW])
def test_no_window_is_too_narrow_for_it(browser: Browser, path: Path, width: int) -> None:
    window = opened(browser, path, width=width).window
    assert window.evaluate(OVERFLOW) <= 0
    window.evaluate(OPEN_ALL)
    assert window.evaluate(OVERFLOW) <= 0


def test_the_style_is_taken_in_light_and_in_dark(browser: Browser, tmp_path: Path) -> None:
    path = written(tmp_path, good())
    grounds = [
        opened(browser, path, scheme).window.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        for scheme in ("light", "dark")
    ]
    assert grounds == ["rgb(247, 247, 245)", "rgb(20, 23, 26)"]


def test_a_script_in_it_would_not_run(browser: Browser, tmp_path: Path) -> None:
    path = written(tmp_path, good())
    text = path.read_text(encoding="utf-8")
    broken = text.replace("</main>", "<script>alert(1)</script><img src='data:,' onerror='alert(2)'></main>")
    path.write_text(broken, encoding="utf-8")
    said = opened(browser, path).said
    assert len(said) == 3  # the script, the image, and what it would do
    assert all("Content Security Policy" in each for each in said)


def test_hostile_words_are_seen_as_words(browser: Browser, tmp_path: Path) -> None:
    window = opened(browser, written(tmp_path, hostile())).window
    assert window.locator(".reason").inner_text() == HOSTILE
    assert window.locator("img, script, iframe").count() == 0


def test_the_keyboard_comes_everywhere(browser: Browser, tmp_path: Path) -> None:
    window = opened(browser, written(tmp_path, failed(300))).window
    window.keyboard.press("Tab")
    assert window.evaluate("document.activeElement.className") == "skip"
    assert window.locator(".skip").bounding_box()["x"] >= 0
    window.keyboard.press("Enter")
    assert window.url.endswith("#report")
    summary = window.locator("#verification ~ details > summary")
    summary.focus()
    window.keyboard.press("Enter")
    assert window.locator("#verification ~ details").get_attribute("open") is not None
