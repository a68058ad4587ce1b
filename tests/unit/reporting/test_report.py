"""The report of a run: its schema, its short form, what it hides, and how time is measured for it."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from k8s_ha.local_files import claim, write_private
from k8s_ha.redaction import redacted, scrubbed, without_named_secrets
from k8s_ha.reporting.report import SCHEMA_FILE, RunReport, schema
from k8s_ha.reporting.short_form import short_form
from k8s_ha.reporting.stopwatch import Stopwatch
from k8s_ha.resources import read_file

STARTED = datetime(2026, 11, 24, 23, 0, tzinfo=UTC)


def report(**changed: Any) -> RunReport:
    """A run in which nothing happened, but for what is given."""
    empty = dict.fromkeys(
        ("hosts", "phases", "changes", "failures", "findings", "warnings", "certificates", "failed_hosts"), ()
    )
    values: dict[str, Any] = {
        "package_version": "0.1.0",
        "pyinfra_version": "3.10",
        "started": STARTED,
        "ended": STARTED + timedelta(seconds=84.4),
        "mode": "build",
        "exit_state": "converged",
        "reason": None,
        "endpoint": "10.0.1.157:6443",
        "kubernetes_version": "1.30.14",
        "settings": {},
        "unreachable_hosts": (),
    }
    return RunReport.model_validate(values | empty | changed)


def phase(name: str, seconds: float = 0, serial_seconds: float = 0) -> dict[str, Any]:
    return {"name": name, "seconds": seconds, "serial_seconds": serial_seconds}


def failure(host: str, phase: str) -> dict[str, Any]:
    return {"host": host, "phase": phase, "operation": "Start it", "lines": (), "explanations": ()}


WORK: dict[str, Any] = {
    "phases": [phase("Prepare the host", 3.21, 0.5), phase("Join the workers", 61), phase("Verify", 2)],
    "changes": [
        {"host": "master1", "phase": "Prepare the host", "operations": ["Set the hostname", "Load modules"]},
        {"host": "worker1", "phase": "Prepare the host", "operations": ["Set the hostname"]},
    ],
}
FOUND = [
    {"host": "a", "check": "swap", "found": "x", "wanted": "y", "remedy": "z", "severity": severity}
    for severity in ("error", "warning", "warning", "waived")
]


def step(seconds: float | None) -> dict[str, Any]:
    told = {"kind": "reboot", "hosts": ["worker1"], "version": "1.30.14", "sentence": "drain, reboot, uncordon"}
    return {**told, "interrupts": None, "seconds_at_most": 60, "seconds": seconds}


SHORT_FORMS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nothing to do": (
        {"phases": [phase("Prepare the host", 1.25), phase("Verify", 2.5)]},
        [
            "Converged (84 s): Kubernetes 1.30.14 at 10.0.1.157:6443",
            "All phases: nothing changed, 3.8 s",
            "The whole report: r.json",
        ],
    ),
    "changes": (
        WORK,
        [
            "Converged (84 s): Kubernetes 1.30.14 at 10.0.1.157:6443",
            "phase             changed  failed  seconds  one host alone",
            "Prepare the host        3       0      3.2             0.5",
            "2 other phases: nothing changed, 63.0 s",
            "The whole report: r.json",
        ],
    ),
    "dry run": (
        {**WORK, "mode": "dry", "exit_state": "dry"},
        [
            "Dry run, nothing was changed (84 s): Kubernetes 1.30.14 at 10.0.1.157:6443",
            "phase             would change",
            "Prepare the host             3",
            "2 other phases: nothing would change",
            "The whole report: r.json",
        ],
    ),
    "failures": (
        {
            **WORK,
            "exit_state": "failed",
            "failures": [failure("worker1", "Join the workers"), failure("worker2", "Join the workers")],
            "failed_hosts": ["worker1", "worker2"],
            "unreachable_hosts": ["worker3"],
        },
        [
            "FAILED (84 s): Kubernetes 1.30.14 at 10.0.1.157:6443",
            "phase             changed  failed  seconds  one host alone",
            "Prepare the host        3       0      3.2             0.5",
            "Join the workers        0       2     61.0             0.0",
            "1 other phase: nothing changed, 2.0 s",
            "Failed: worker1, worker2",
            "Not reached: worker3",
            "The whole report: r.json",
        ],
    ),
    "findings, warnings and certificates": (
        {
            "findings": FOUND,
            "warnings": ["An even number of control planes."],
            "certificates": [
                {"host": "master1", "path": "/a.crt", "expires": STARTED + timedelta(days=300)},
                {"host": "master2", "path": "/b.crt", "expires": STARTED + timedelta(days=20)},
            ],
        },
        [
            "Converged (84 s): Kubernetes 1.30.14 at 10.0.1.157:6443",
            "Found: 1 error, 1 waived error, 3 warnings",
            "First certificate to expire: 2026-12-14, /b.crt on master2",
            "The whole report: r.json",
        ],
    ),
    "steps that nobody took": (
        {"steps": [step(None), step(12.5), step(None)]},
        [
            "Converged (84 s): Kubernetes 1.30.14 at 10.0.1.157:6443",
            "Left to do: 2 steps of the plan; the whole deploy takes them",
            "The whole report: r.json",
        ],
    ),
    "steps of a dry run": (
        {"mode": "dry", "exit_state": "dry", "steps": [step(None)]},
        ["Dry run, nothing was changed (84 s): Kubernetes 1.30.14 at 10.0.1.157:6443", "The whole report: r.json"],
    ),
    "refused": (
        {**WORK, "exit_state": "refused", "changes": []},
        [
            "Refused, nothing was changed (84 s): Kubernetes 1.30.14 at 10.0.1.157:6443",
            "The whole report: r.json",
        ],
    ),
    "refused settings": (
        {"exit_state": "refused", "endpoint": None, "kubernetes_version": None, "settings": None},
        ["Refused, nothing was changed (84 s)", "The whole report: r.json"],
    ),
}


@pytest.mark.parametrize(("changed", "lines"), SHORT_FORMS.values(), ids=SHORT_FORMS)
def test_the_short_form(changed: dict[str, Any], lines: list[str]) -> None:
    assert short_form(report(**changed), "r.json") == lines


def test_the_short_form_of_a_report_that_could_not_be_written_names_no_file() -> None:
    assert short_form(report(), None) == ["Converged (84 s): Kubernetes 1.30.14 at 10.0.1.157:6443"]


def test_the_short_form_names_the_page_where_there_is_one() -> None:
    assert short_form(report(), "r.json", "r.html")[-2:] == ["As a page: r.html", "The whole report: r.json"]


def test_the_published_schema_is_the_models() -> None:
    assert read_file(SCHEMA_FILE) == schema()


def test_every_field_is_documented() -> None:
    models = [RunReport.model_json_schema(), *RunReport.model_json_schema()["$defs"].values()]
    fields = [(model["title"], name, field) for model in models for name, field in model["properties"].items()]
    assert [(model, name) for model, name, field in fields if not field.get("description")] == []


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        report(colour="red")


def test_a_report_of_version_1_is_read_with_a_warning() -> None:
    host = {"name": "a", "hostname": "a", "address": "10.0.0.1", "roles": ("worker",), "os": None, "kernel": None}
    known = {"cause": "x", "source": "y"}
    failed = {"host": "a", "operation": "Start it", "lines": ()}
    of_today: dict[str, Any] = {
        "settings": {"layers": "virgin"},
        "hosts": [{**host, "state_before": "clean", "state_after": "replaced"}],
        "phases": [phase("Verify", 2)],
        "changes": [{"host": "a", "phase": "Verify", "operations": ()}],
        "failures": [{**failed, "phase": "Verify", "explanations": [{**known, "remedy": "z"}]}],
    }
    of_version_1: dict[str, Any] = {
        "schema_version": 1,
        "settings": {"layers": "virgin"},
        "hosts": [{**host, "state_before": "virgin", "state_after": "stale"}],
        "layers": [phase("Verify", 2)],
        "changes": [{"host": "a", "layer": "Verify", "operations": ()}],
        "failures": [{**failed, "layer": "Verify", "explanations": [{**known, "cure": "z"}]}],
    }
    wanted = report(**of_today)
    older = wanted.model_dump(exclude=set(of_today) | {"schema_version"}) | of_version_1
    with pytest.warns(FutureWarning, match="a report of version 1: .* use version 2: its phases, phase and remedy"):
        assert RunReport.model_validate(older) == wanted


def test_a_field_is_known_by_its_name_of_version_1_with_a_warning() -> None:
    read = report(**WORK)
    with pytest.warns(FutureWarning, match=r"RunReport\.layers: the next version .* use phases"):
        assert read.layers == read.phases
    with pytest.warns(FutureWarning, match=r"ChangeEntry\.layer: .* use phase"):
        assert read.changes[0].layer == "Prepare the host"
    with pytest.raises(AttributeError, match="RunReport has no cure"):
        _ = read.cure


SCRUBBED = [
    ("https://user:pass@mirror.example/path", "https://***@mirror.example/path"),
    ("https://user@mirror.example", "https://***@mirror.example"),
    ("https://mirror.example/a@b", "https://mirror.example/a@b"),
    ("https://m.example/?token=abc&x=1", "https://m.example/?token=***&x=1"),
    ("https://m.example/?x=1&X-Amz-Signature=abc", "https://m.example/?x=1&X-Amz-Signature=***"),
    ("--token open-sesame, sesame", "--token ***, sesame"),
    ("nothing", "nothing"),
]


@pytest.mark.parametrize(("text", "wanted"), SCRUBBED)
def test_text_is_scrubbed(text: str, wanted: str) -> None:
    assert scrubbed(text, ["open-sesame", ""]) == wanted


def test_a_secret_within_another_leaves_nothing_of_it() -> None:
    assert scrubbed("abcdef.0123456789abcdef", ["0123456789abcdef", "abcdef.0123456789abcdef"]) == "***"


def test_data_is_scrubbed_at_every_depth() -> None:
    given = {"a": [{"b": ("https://u:p@h/", 1)}], "c": None}
    assert redacted(given) == {"a": [{"b": ["https://***@h/", 1]}], "c": None}


NAMED = [
    ({"certificateKey": "0e" * 32}, {"certificateKey": "***"}),
    ({"bootstrapTokens": [{"token": "a.b"}]}, {"bootstrapTokens": "***"}),
    ({"etcd": {"external": {"keyFile": "/k"}}}, {"etcd": {"external": {"keyFile": "***"}}}),
    ({"extraArgs": {"oidc-client-secret": "s", "v": "2"}}, {"extraArgs": {"oidc-client-secret": "***", "v": "2"}}),
    (
        {"extraArgs": [{"name": "oidc-client-secret", "value": "s"}, {"name": "v", "value": "2"}]},
        {"extraArgs": [{"name": "oidc-client-secret", "value": "***"}, {"name": "v", "value": "2"}]},
    ),
    ({"conntrack": {"maxPerCore": 0}}, {"conntrack": {"maxPerCore": 0}}),
]


@pytest.mark.parametrize(("given", "wanted"), NAMED)
def test_what_bears_a_secrets_name_is_hidden(given: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert without_named_secrets(given) == wanted


class Clock:
    """A clock that stands still until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_time_is_serial_while_one_host_works_and_no_other() -> None:
    clock = Clock()
    watch = Stopwatch(clock)
    # At each second: who starts what, or stops.
    for event in (("a", "init"), ("b", "init"), ("a", None), ("b", "join"), ("b", None), ("c", "init")):
        host, part = event
        if part:
            watch.start(host, part)
        else:
            watch.stop(host)
        clock.now += 1
    watch.stop("c")
    clock.now += 1
    assert {part: (watch.seconds(part), watch.serial_seconds(part)) for part in ("init", "join", "other")} == {
        "init": (4, 3),
        "join": (1, 1),
        "other": (0, 0),
    }


def test_hosts_at_work_at_different_parts_are_not_alone() -> None:
    clock = Clock()
    watch = Stopwatch(clock)
    watch.start("a", "one")
    watch.start("b", "two")
    clock.now += 5
    assert [watch.seconds("one"), watch.serial_seconds("one"), watch.seconds("two")] == [5, 0, 5]


def test_private_files_are_their_owners_and_no_one_elses(tmp_path: Path) -> None:
    folder = tmp_path / "reports"
    first, second = claim(folder, "run", ".json"), claim(folder, "run", ".json")
    write_private(first, "one")
    write_private(second, "two")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, first, second)}
    assert modes == {"reports": 0o700, "run.json": 0o600, "run-2.json": 0o600}
    assert {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()} == {
        ".gitignore": "*\n",
        "run.json": "one",
        "run-2.json": "two",
    }
