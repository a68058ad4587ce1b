"""What the scenarios count of what users notice: their program, against a server on loopback, and its words."""

from __future__ import annotations

import json
import os
import stat
import sys
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from tests.lab import access, state, topology
from tests.lab.client import until
from tests.scenarios import availability
from tests.scenarios.availability import MANIFEST, Poller, api_jobs, credentials, places, polling, service_job
from tests.scenarios.availability_report import API, Availability, availability_of
from tests.support.fake_api import FakeApi, certificates, serving

NODE_PORT = "NodePort of worker1"
QUICK = 0.05


def quick(jobs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**job, "every": QUICK} for job in jobs]


@contextmanager
def watching(folder: Path, act: Callable[[Poller], None], *jobs: dict[str, Any]) -> Iterator[Availability]:
    """What was counted of these jobs beside the act."""
    output = folder / "told"
    with polling((), os.environ, quick(list(jobs)), output) as poller:
        act(poller)
    yield availability_of(poller.lines(), {NODE_PORT: "worker1"})


def told(poller: Poller, event: str, times: int = 1, error: str = "") -> Callable[[], bool]:
    """Whether this event was told so many times, with an error that begins so."""

    def so_many() -> bool:
        lines = [json.loads(line) for line in poller.lines()]
        return sum(line["event"] == event and line.get("error", "").startswith(error) for line in lines) >= times

    return so_many


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with serving() as server:
        yield server


def job(server: FakeApi, name: str) -> dict[str, Any]:
    return next(each for each in api_jobs(server.url, {}) if each["name"] == name)


def test_the_api_is_asked_as_the_fetched_kubeconfig_says(tmp_path: Path) -> None:
    """With a client's certificate, whose files nobody else reads."""
    context, files = certificates(tmp_path)
    encoded = {name: b64encode(content).decode() for name, content in files.items()}
    kubeconfig = tmp_path / "admin.conf"
    with serving(context) as server:
        cluster = {"server": server.url, "certificate-authority-data": encoded["ca"]}
        user = {"client-certificate-data": encoded["certificate"], "client-key-data": encoded["key"]}
        kubeconfig.write_text(yaml.safe_dump({"clusters": [{"cluster": cluster}], "users": [{"user": user}]}))
        (tmp_path / "files").mkdir()
        url, opened = credentials(kubeconfig, tmp_path / "files")
        with watching(tmp_path, lambda poller: time.sleep(0.3), *api_jobs(url, opened)) as found:
            assert found.complaints() == []
    failed, asked = found.api
    assert (failed, asked > 1, found.held.written > 1) == (0, True, True)
    assert [stat.S_IMODE(Path(file).stat().st_mode) for file in opened.values()] == [0o600, 0o600]


def test_each_failed_request_is_counted_with_its_error(tmp_path: Path, api: FakeApi) -> None:
    def fail(poller: Poller) -> None:
        api.fails = True
        until(told(poller, "failed", 2), 10, "failures are told")
        api.fails = False

    with watching(tmp_path, fail, job(api, API)) as found:
        (polled,) = found.polled
        assert len(polled.failures) >= 2
        assert polled.requests >= len(polled.failures)
        assert {failure.error for failure in polled.failures} == {'HTTP 500 {"kind": "Namespace"}'}


def test_a_server_that_is_gone_is_a_failure_and_no_end(tmp_path: Path) -> None:
    def go(poller: Poller) -> None:
        server.shutdown()
        server.server_close()
        # What was under way when the server went is told first, as a connection that was reset.
        until(told(poller, "failed", 1, "ConnectionRefusedError: "), 10, "a refused connection is told")

    with serving() as server, watching(tmp_path, go, job(server, API)) as found:
        (polled,) = found.polled
        assert any(failure.error.startswith("ConnectionRefusedError: ") for failure in polled.failures)


def test_what_does_not_answer_at_first_does_not_begin(
    tmp_path: Path, api: FakeApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(availability, "SECONDS_TO_BEGIN", 1)
    api.fails = True
    begun = time.monotonic()
    with (
        pytest.raises(AssertionError, match=r"^not within 1 s: API answer$"),
        watching(tmp_path, lambda poller: None, job(api, API)),
    ):
        pass
    assert time.monotonic() - begun < availability.SECONDS_TO_END


def test_a_poller_ends_after_an_error_in_the_block(tmp_path: Path, api: FakeApi) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        polling((), os.environ, quick([job(api, API)]), tmp_path / "told") as poller,
    ):
        raise ZeroDivisionError
    assert poller.process.returncode == 0
    assert told(poller, "polled")()


def test_a_poller_that_has_died_is_told(tmp_path: Path, api: FakeApi) -> None:
    broken = {**job(api, API), "kind": "unheard of"}
    with (
        pytest.raises(AssertionError, match=r"(?s)^a poller has ended: .*KeyError: 'unheard of'"),
        polling((), os.environ, [broken], tmp_path / "told"),
    ):
        pass


def end_the_watch(server: FakeApi) -> None:
    server.watches += 1


def test_a_watch_that_ends_is_resumed_and_loses_nothing(tmp_path: Path, api: FakeApi) -> None:
    def end(poller: Poller) -> None:
        end_the_watch(api)
        until(told(poller, "watch ended"), 10, "the watch ends")

    with watching(tmp_path, end, job(api, "watch")) as found:
        assert [each.reason for each in found.held.interruptions] == ["closed"]
        assert found.held.lost == 0
        assert found.held.written >= 1


def test_a_watch_that_cannot_be_gone_on_with_is_begun_anew(tmp_path: Path, api: FakeApi) -> None:
    def forget(poller: Poller) -> None:
        api.forgets = api.version + 5
        until(lambda: api.told >= api.forgets, 10, "a watch is held again")

    with watching(tmp_path, forget, job(api, "watch")) as found:
        reasons = [each.reason for each in found.held.interruptions]
        assert (reasons[0], "told an error, too old resource version" in reasons) == ("closed", True)


def test_a_change_that_no_watch_tells_is_lost(tmp_path: Path, api: FakeApi, monkeypatch: pytest.MonkeyPatch) -> None:
    api.swallowed = {3}
    # So that the last change is not waited for as long as in the lab.
    program = availability.POLLER.read_text().replace("SECONDS_FOR_THE_LAST = 10.0", "SECONDS_FOR_THE_LAST = 0.2")
    (tmp_path / "poller.py").write_text(program)
    monkeypatch.setattr(availability, "POLLER", tmp_path / "poller.py")

    def change(poller: Poller) -> None:
        until(lambda: api.version > 4, 10, "changes are written")

    with watching(tmp_path, change, job(api, "watch")) as found:
        assert (found.held.lost, found.held.retries) == (1, 0)


def test_what_the_writer_tries_again_is_no_failure(tmp_path: Path, api: FakeApi) -> None:
    def fail(poller: Poller) -> None:
        version, api.fails = api.version, True
        time.sleep(0.3)
        api.fails = False
        until(lambda: api.version > version, 10, "it is written")

    with watching(tmp_path, fail, job(api, "watch")) as found:
        assert found.held.retries >= 1
        assert (found.held.lost, found.complaints()) == (0, [])


def test_cordons_are_told_when_they_begin_and_end(tmp_path: Path, api: FakeApi) -> None:
    def cordon(poller: Poller) -> None:
        api.cordoned = True
        until(told(poller, "cordoned"), 10, "the cordon is told")
        api.cordoned = False
        until(told(poller, "uncordoned"), 10, "its end is told")

    with watching(tmp_path, cordon, job(api, "cordons")):
        pass
    events = [json.loads(line) for line in (tmp_path / "told").read_text().splitlines()]
    assert [(event["event"], event.get("node", event.get("name"))) for event in events if "slowest" not in event] == [
        ("begun", "cordons"),
        ("cordoned", "worker1"),
        ("uncordoned", "worker1"),
    ]


def test_the_poller_needs_the_standard_library_alone() -> None:
    imported = {
        line.split()[1].partition(".")[0]
        for line in availability.POLLER.read_text().splitlines()
        if line.startswith(("import ", "from "))
    }
    assert imported - {"__future__"} <= sys.stdlib_module_names


@pytest.mark.parametrize(
    ("file", "asking", "asked"),
    [("topology.toml", "master3", ("worker1", "worker2")), ("topology-el9.toml", "master3", ("worker1", "master1"))],
)
def test_who_asks_and_who_is_asked(file: str, asking: str, asked: tuple[str, ...]) -> None:
    assert places(topology.load(topology.DEFAULT.with_name(file))) == (asking, asked)


def test_the_watched_service_survives_a_drain() -> None:
    documents = {each["kind"]: each for each in yaml.safe_load_all(MANIFEST.read_text(encoding="utf-8"))}
    deployment, pod = documents["Deployment"]["spec"], documents["Deployment"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert deployment["replicas"] == 2
    assert documents["PodDisruptionBudget"]["spec"]["minAvailable"] == 1
    assert container["lifecycle"]["preStop"]["exec"]["command"][-1] == "5"
    assert pod["terminationGracePeriodSeconds"] > 5
    labels = deployment["template"]["metadata"]["labels"]
    selectors = (
        documents["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        documents["Service"]["spec"]["selector"],
    )
    assert all(selector == labels for selector in selectors)
    assert {each["metadata"].get("namespace", each["metadata"]["name"]) for each in documents.values()} == {
        availability.NAMESPACE
    }
    job = next(each for each in api_jobs("https://lb", {}) if each["kind"] == "watch")
    assert documents["ConfigMap"]["metadata"]["name"] == job["object"]
    assert service_job("x", "10.0.0.1:80")["url"].endswith(container["readinessProbe"]["httpGet"]["path"])


class Kubectl:
    """A lab whose kubectl says what the service's address is."""

    def __init__(self, budgets: str = "policy/v1") -> None:
        self.asked: list[str] = []
        self.applied = ""
        self.budgets = budgets

    def kubectl(self, *words: str, check: bool = True) -> str:
        if words == ("api-versions",):
            return f"apps/v1\n{self.budgets}\nv1\n"
        if words[0] == "apply":
            self.applied = Path(words[-1]).read_text(encoding="utf-8")
            words = words[:-1]
        self.asked.append(" ".join(words))
        return "10.96.7.7 30123" if "service" in words else ""


GONE = "delete namespace availability --ignore-not-found --timeout=120s"


def test_the_service_is_made_and_taken_away() -> None:
    """Also one that a scenario has left which was killed."""
    lab = Kubectl()
    with availability.service(lab) as found:  # type: ignore[arg-type]
        assert found == ("10.96.7.7:80", "30123")
        made, lab.asked = lab.asked, []
    assert made[:3] == [
        GONE,
        "apply -f",
        "-n availability rollout status deployment/web --timeout=180s",
    ]
    assert lab.asked == [GONE]
    assert lab.applied == MANIFEST.read_text(encoding="utf-8")


def test_an_old_api_gets_its_own_disruption_budget() -> None:
    lab = Kubectl("policy/v1beta1")
    with availability.service(lab):  # type: ignore[arg-type]
        pass
    assert lab.applied == MANIFEST.read_text(encoding="utf-8").replace(
        "apiVersion: policy/v1\n", "apiVersion: policy/v1beta1\n"
    )


def test_the_service_is_taken_away_after_an_error() -> None:
    lab = Kubectl()
    with pytest.raises(ZeroDivisionError), availability.service(lab):  # type: ignore[arg-type]
        raise ZeroDivisionError
    assert lab.asked[-1] == GONE


@pytest.mark.parametrize("error", [None, ZeroDivisionError])
def test_what_is_watched_from_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, api: FakeApi, error: type[Exception] | None
) -> None:
    """On one loopback: the operator's place and a host's namespace are named by the words that lead there."""
    (tmp_path / "ip").write_text(f'#!/bin/sh\necho "$@" | cut -d" " -f1-3 >>{tmp_path}/entered\nshift 3\nexec "$@"\n')
    (tmp_path / "ip").chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    hosts = topology.load(topology.DEFAULT).hosts
    here = topology.Topology(tuple(replace(host, address="127.0.0.1") for host in hosts))

    @contextmanager
    def service(lab: object) -> Iterator[tuple[str, str]]:
        yield f"127.0.0.1:{api.server_port}", str(api.server_port)

    monkeypatch.setattr(state, "current", lambda: SimpleNamespace(topology=here))
    operator = ["ip", "netns", "exec", "lab"]
    monkeypatch.setattr(access, "at_operator", lambda command, lab: ([*operator, *command], environment))
    monkeypatch.setattr(availability, "service", service)
    monkeypatch.setattr(availability, "credentials", lambda kubeconfig, folder: (api.url, {}))
    with suppress(ZeroDivisionError), availability.watched(Kubectl()) as found:  # type: ignore[arg-type]
        if error:
            raise error
    assert [each.target for each in found.polled] == [
        API,
        "NodePort of worker1",
        "NodePort of worker2",
        "cluster IP, from master3",
    ]
    assert (found.held.written >= 1, found.complaints()) == (True, [])
    assert (tmp_path / "entered").read_text().splitlines() == ["netns exec lab", "netns exec lab-master3"]
