"""The page of a report: its form, what it says, and what it makes of hostile words."""

from __future__ import annotations

import re
import stat
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from k8s_ha.__main__ import main
from k8s_ha.reporting.page.file import MARK, write_page
from k8s_ha.reporting.page.render import page
from k8s_ha.resources import render
from tests.support.html_outline import Element, outline
from tests.support.page_reports import HOSTILE, drawn, failed, finding, good, hostile, step

EMPTY = {name: [] for name in ("hosts", "phases", "timeline", "changes", "findings", "verification", "certificates")}
REFUSED = good() | EMPTY | {"exit_state": "refused", "endpoint": None, "kubernetes_version": None, "settings": None}
REPORTS: dict[str, dict[str, Any]] = {
    "good": good(),
    "many hosts": good(60),
    "failed": failed(),
    "many failed": failed(60),
    "hostile": hostile(),
    "refused settings": REFUSED | {"reason": "the settings cannot be used"},
    "dry": good() | {"mode": "dry", "exit_state": "dry", "steps": [step("upgrade")], "verification": []},
    "at work": good() | {"exit_state": "interrupted", "ended": None},
    "of an older release": {name: value for name, value in good().items() if name not in ("timeline", "verification")},
}


def read(report: dict[str, Any]) -> Element:
    return outline(page(drawn(report)))


def section(report: dict[str, Any], name: str) -> Element:
    """The section under the heading of this identity."""
    (found,) = [each for each in read(report).all("section") if each.attributes["aria-labelledby"] == name]
    return found


def rows(element: Element, table: int = 0) -> list[list[str]]:
    """The text of the cells of a table's body."""
    (body,) = element.all("table")[table].all("tbody")
    return [[cell.text for cell in row.all("th", "td")] for row in body.all("tr")]


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_the_page_is_well_formed_and_can_be_read_aloud(report: dict[str, Any]) -> None:
    document = read(report)
    everything = document.all()
    identities = [element.attributes["id"] for element in everything if "id" in element.attributes]
    assert len(set(identities)) == len(identities)
    for element in everything:
        assert element.attributes.get("aria-labelledby", "report") in identities
    (html,) = document.all("html")
    assert html.attributes["lang"] == "en"
    assert [len(document.all(name)) for name in ("h1", "main")] == [1, 1]
    assert document.all("head")[0].all("title")[0].text
    levels = [int(element.name[1]) for element in document.all("h1", "h2", "h3")]
    assert all(below - above <= 1 for above, below in pairwise(levels))
    (body,) = document.all("body")
    assert (body.all()[0].attributes["class"], body.all()[0].attributes["href"]) == ("skip", "#report")
    for table in document.all("table"):
        assert table.all("caption")[0].text
        assert all(cell.attributes.get("scope") in ("col", "row") for cell in table.all("th"))
    for drawing in document.all("svg"):
        inside = "role" not in drawing.attributes and drawing.all("title")  # a box of a drawing
        assert drawing.attributes.get("aria-label") or drawing.attributes.get("aria-hidden") or inside
    for scrolled in (each for each in everything if "scroll" in (each.attributes.get("class") or "").split()):
        assert (scrolled.attributes["role"], scrolled.attributes["tabindex"]) == ("region", "0")
        assert scrolled.attributes["aria-label"]


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS)
def test_the_page_asks_nobody_and_runs_nothing(report: dict[str, Any]) -> None:
    everything = read(report).all()
    assert {element.name for element in everything} & {"script", "img", "link", "iframe", "object", "use"} == set()
    attributes = [(element.name, name, value) for element in everything for name, value in element.attributes.items()]
    assert [name for _, name, _ in attributes if name.startswith("on") or name in ("style", "src")] == []
    assert [value for _, name, value in attributes if name == "href" and not re.match("#|https://", value or "")] == []
    (policy,) = [value for _, name, value in attributes if name == "content" and "default-src" in (value or "")]
    assert re.fullmatch(
        r"default-src 'none'; style-src 'sha256-[\w+/]{43}='; base-uri 'none'; form-action 'none'", policy or ""
    )


def test_hostile_words_are_words() -> None:
    text = page(drawn(hostile()))
    assert HOSTILE not in text
    document = outline(text)
    assert document.text.count(HOSTILE) > 20
    assert "49" not in section(hostile(), "hosts").text
    assert "javascript:alert(3)" in document.text


def test_what_is_seen_first() -> None:
    facts = {entry.all("dt")[0].text: entry.all("dd")[0].text for entry in read(failed()).all("dl")[0].all("div")}
    assert facts == {
        "Began": "09:57:182026-11-27 UTC",
        "Took": "3 min 01 sa build",
        "Hosts": "61 failed, 1 not reached",
        "Changed": "25operations on 5 hosts",
        "Findings": "32 errors",
        "First certificate ends": "2026-11-291 day left",
    }


def test_findings_stand_by_severity_and_alike_ones_in_one_row() -> None:
    report = good(30) | {
        "findings": [
            finding("worker1", "clock", "late", "warning"),
            *(finding(f"worker{number}", "swap", "on", "waived") for number in range(1, 12)),
            *(finding(f"worker{number}", "node", "gone", "error") for number in range(1, 27)),
        ]
    }
    assert [row[:4] for row in rows(section(report, "findings"))] == [
        ["error", "all 26 workers", "node", "gone"],
        ["waived", "11 hosts" + ", ".join(f"worker{number}" for number in range(1, 12)), "swap", "on"],
        ["warning", "worker1", "clock", "late"],
    ]


def test_hosts_as_the_last_check_left_them() -> None:
    found = {row[0]: row[1:] for row in rows(section(failed(), "hosts"))}
    states = {name: cells[0] for name, cells in found.items()}
    assert states == {
        "master1": "well",
        "master2": "well",
        "master3": "well",
        "worker1": "failed",
        "worker2": "not reached",
        "master-lb": "not well",
    }
    assert found["master1"][1:] == [
        "control plane, etcd's lead",
        *("10.0.11.18", "v1.34.4", "rocky 8.10", "4.18.0-553.el8_10.x86_64", "clean → joined", "kubeadm join"),
    ]
    assert found["master-lb"][1] == "load balancer; passes on to 10.0.11.18:6443, 10.0.12.55:6443, 10.9.9.9:6443"


@pytest.mark.parametrize(
    ("report", "ways", "boxes"),
    [
        (good(), {"known": 4, "missing": 0, "unknown": 0}, 7),
        (failed(), {"known": 3, "missing": 2, "unknown": 0}, 8),
        (good() | {"verification": []}, {"known": 0, "missing": 0, "unknown": 4}, 7),
        (good(300), {"known": 4, "missing": 0, "unknown": 0}, 5),
    ],
    ids=["good", "failed", "not verified", "many"],
)
def test_the_drawing_shows_whom_a_balancer_passes_on_to(
    report: dict[str, Any], ways: dict[str, int], boxes: int
) -> None:
    drawing = next(each for each in section(report, "hosts").all("svg") if "drawn" in (each.attributes["class"] or ""))
    edges = [(each.attributes["class"] or "").split() for each in drawing.all("path")]
    assert {way: edges.count(["edge", way]) for way in ways} == ways
    assert len(drawing.all("svg")) == boxes
    assert len(drawing.all("rect")) == (296 + boxes if boxes == 5 else boxes)


def test_the_matrix_has_a_column_for_each_check_also_for_one_of_tomorrow() -> None:
    report = failed()
    report["verification"][0]["answers"]["a check of tomorrow"] = "odd"
    found = section(report, "verification")
    checks = [cell.text for cell in found.all("table")[0].all("thead")[0].all("th")]
    checked = ["node", "kubelet", "kube-proxy", "API server", "endpoint", "Service", "DNS", "etcd", "balancer"]
    assert checks == ["Host", *checked, "a check of tomorrow"]
    cells = {row[0]: row[1:] for row in rows(found)}
    assert cells["master1"] == [*["✓ok"] * 8, "not asked", "!a warning"]
    assert cells["worker1"] == ["✕wrong", *["✓ok"] * 5, "!a warning", *["not asked"] * 3]
    assert cells["master-lb"] == [*["not asked"] * 8, "✕wrong", "not asked"]
    assert rows(found, 1) == [
        ["master1", "a check of tomorrow", "odd"],
        ["worker1", "node", "worker1 is not Ready"],
        ["worker1", "DNS", "10.244.1.2: no answer in time"],
        ["master-lb", "balancer", "it passes on to 10.9.9.9:6443"],
    ]


def test_of_many_hosts_those_with_something_to_tell_are_seen_first() -> None:
    found = section(failed(300), "verification")
    assert [row[0] for row in rows(found)] == ["master1", "master2", "master3", "worker1", "master-lb"]
    assert len(rows(found, 1)) == 294
    assert found.all("summary")[0].text == "294 more hosts, all well"
    hosts = section(failed(300), "hosts")
    assert [row[0] for row in rows(hosts)] == ["master1", "master2", "master3", "worker1", "worker2", "master-lb"]


def test_time_by_phase_and_by_host() -> None:
    found = section(failed(), "time")
    assert rows(found)[3] == ["4", "Join the workers failed on worker1", "1", "40 s", "5.0 s", ""]
    bars = {each.text for each in found.all("title")}
    assert "worker2: Install containerd (Install the container runtime), 20 s from 0:45 on" in bars
    assert rows(found, 1)[0][:3] == ["Set the hostname", "Prepare the host", "5"]
    assert [each.attributes["class"] for each in found.all("rect")].count("bar failed") == 1


def test_a_run_without_an_operation_of_a_second_has_no_drawing_of_its_time() -> None:
    found = section(good() | {"timeline": []}, "time")
    assert (len(found.all("table")), [each.text for each in found.all("h3")]) == (1, [])


def test_no_bar_leaves_the_drawing() -> None:
    bars = [
        bar.attributes for bar in section(hostile(), "time").all("rect") if "bar" in (bar.attributes["class"] or "")
    ]
    assert len(bars) == 20
    for bar in bars:
        left, width = float(bar["x"] or "nan"), float(bar["width"] or "nan")
        assert 150 <= left <= left + width <= 891


def test_steps_that_were_not_taken_are_marked() -> None:
    found = section(good() | {"steps": [step("drain", 12), step("upgrade")]}, "work")
    assert [row[2:5] for row in rows(found)] == [["drain", "nothing", "12 s"], ["upgrade", "nothing", "not done"]]


def test_certificates_stand_by_file_the_first_to_end_first() -> None:
    report = failed()
    report["certificates"].append({"host": "master1", "path": "/ca.crt", "expires": "2036-11-27T10:00:00Z"})
    assert rows(section(report, "certificates")) == [
        [
            "/var/lib/kubelet/pki/kubelet-client-current.pem",
            *("all 5 nodes", "2026-11-29 on master1", "2027-11-27", "1 day"),
        ],
        ["/ca.crt", "master1", "2036-11-27", "2036-11-27", "3652 days"],
    ]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_the_colors_of_words_can_be_told_from_their_grounds(scheme: int) -> None:
    block = re.findall(r":root \{([^}]*)\}", render("page/page.css"))[scheme]
    colors = dict(re.findall(r"--([\w-]+): #([0-9a-f]{6})", block))
    plain = [(ink, ground) for ink in ("ink", "soft", "link") for ground in ("ground", "sheet", "sunk")]
    marked = [(mark, f"{mark}-ground") for mark in ("well", "warning", "wrong", "unknown")]
    on_sheet = [(mark, "sheet") for mark in ("well", "warning", "wrong")]
    on_boxes = [("soft", "warning-ground"), ("soft", "wrong-ground")]
    for ink, ground in plain + marked + on_sheet + on_boxes + [("bar-ink", "odd"), ("bar-ink", "even")]:
        assert contrast(colors[ink], colors[ground]) >= 4.5, (ink, ground)
    for bar in ("odd", "even", "strong-line"):
        assert contrast(colors[bar], colors["sheet"]) >= 3, bar


def contrast(one: str, other: str) -> float:
    """As WCAG 2 defines it."""

    def luminance(color: str) -> float:
        parts = [int(color[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


GOOD = drawn(good()).model_dump_json()


def written(folder: Path, text: str | None = None) -> Path:
    """A report's file."""
    path = folder / "k8s-ha-20261127T095718Z.json"
    path.write_text(GOOD if text is None else text, encoding="utf-8")
    return path


def test_the_command_writes_the_page_beside_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path)
    beside = path.with_suffix(".html")
    for _ in range(2):  # its own page it replaces
        assert main(["page", str(path)]) == 0
        assert capsys.readouterr().out == f"{beside}\n"
        assert beside.read_text(encoding="utf-8") == page(drawn(good()))
        assert stat.S_IMODE(beside.stat().st_mode) == 0o600
    assert MARK in beside.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "it is no JSON: "),
        ("[" * 100_000, "it is no JSON: is nested too deep"),
        ("{}", "it is no report of this version: package_version: Field required"),
        (f'{GOOD[:-1]},"\\u001b[8m":1}}', "it is no report of this version: \\x1b[8m: Extra inputs are not permitted"),
        (GOOD.replace("60.0", "1e999", 1), "it is no report of this version: hosts.0.seconds: "),
        (GOOD.replace(':18Z"', ':18"', 1), "it is no report of this version: started: "),
    ],
    ids=["no JSON", "nested", "no report", "hostile", "infinite", "no time zone"],
)
def test_what_is_no_report_costs_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    path = written(tmp_path, text)
    assert main(["page", str(path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{path}: no page was written: {said}")
    assert line.isprintable()
    assert not path.with_suffix(".html").exists()


def test_a_report_that_is_not_there_costs_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["page", str(tmp_path / "none.json")]) == 1
    assert "No such file or directory" in capsys.readouterr().err


def test_a_page_of_somebody_else_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path)
    path.with_suffix(".html").write_text("mine", encoding="utf-8")
    with pytest.raises(FileExistsError):
        write_page(drawn(good()), path)
    assert main(["page", str(path)]) == 1
    assert "is no page of k8s_ha, and stays as it is" in capsys.readouterr().err
    assert path.with_suffix(".html").read_text(encoding="utf-8") == "mine"
