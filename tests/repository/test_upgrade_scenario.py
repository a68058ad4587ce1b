"""What the scenario of upgrades makes of a chain of versions, and of what the cluster tells afterwards."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from k8s_ha.cluster_state.upgrade_steps import NodeVersions, upgrade_steps
from k8s_ha.reporting.console import log_steps
from tests.scenarios import upgrade
from tests.scenarios.availability_report import API, Availability, Failure, Held, Interruption, Polled
from tests.scenarios.rollout import SecondRun, markdown, planned
from tests.scenarios.upgrade import COLUMNS, Parts, Upgrade, lines_of, main, parts_of
from tests.support.example_cluster import six_host_cluster


@pytest.mark.parametrize(
    ("chain", "lines"),
    [
        (["1.34.4", "1.34.11"], ("1.34.4", "1.34.11")),
        (["1.33", "1.34"], ("1.33.13", "1.34.11")),
        (["1.29", "1.32"], ("1.29.15", "1.30.14", "1.31.9", "1.32.13")),
        # Of a minor that is passed the newest patch is had, of the others what is named.
        (["1.33", "1.36"], ("1.33.13", "1.34.11", "1.35.4", "1.36.3")),
        (["1.34.4", "1.35", "1.36"], ("1.34.4", "1.35.4", "1.36.3")),
        (["1.34.4", "1.34.11", "1.35"], ("1.34.4", "1.34.11", "1.35.4")),
    ],
)
def test_the_lab_has_what_a_chain_passes(chain: list[str], lines: tuple[str, ...]) -> None:
    assert lines_of(chain) == lines


@pytest.mark.parametrize(
    ("chain", "sentence"),
    [
        (["1.34"], "an upgrade has two versions at least; name the first and where it leads to"),
        (["1.35", "1.34"], "1.34.11 is no upgrade of 1.35.4; name the older one first"),
        (["1.34", "1.34.11"], "1.34.11 is no upgrade of 1.34.11; name the older one first"),
    ],
)
def test_what_is_no_chain(chain: list[str], sentence: str) -> None:
    with pytest.raises(AssertionError) as caught:
        lines_of(chain)
    assert str(caught.value) == sentence


def test_a_version_that_the_lab_has_not() -> None:
    with pytest.raises(SystemExit, match=r"^line 1\.99: the lab knows 1\.20\.2, "):
        main(["1.34", "1.99"])


def test_the_plan_is_read_as_it_is_printed(caplog: pytest.LogCaptureFixture) -> None:
    cluster = six_host_cluster(kubernetes_version="1.34.11")
    standing = {host.name: NodeVersions("1.34.4") for host in cluster.nodes}
    steps = upgrade_steps(cluster, "1.34.4", standing, ["1.34.11"], "master1")
    with caplog.at_level("INFO"):
        log_steps(steps, {})
    printed = "".join(f"    {record.getMessage()}\n" for record in caplog.records)
    found = planned(f"  12  nothing\nPlan: {len(steps)} steps, one after the other:\n{printed}--> done\n")
    assert [line.partition(" ")[0] for line in found] == [str(number) for number in range(1, len(steps) + 1)]


def node(name: str, version: str = "1.34.11", **more: Any) -> dict[str, Any]:
    annotations = {upgrade.CORDONED: "2026"} if more.pop("ours", False) else {}
    return {
        "metadata": {"name": name, "annotations": annotations},
        "spec": more,
        "status": {"nodeInfo": {"kubeletVersion": f"v{version}"}},
    }


def pod(component: str, tag: str) -> dict[str, Any]:
    containers = [{"name": component, "image": f"registry.k8s.io/{component}:{tag}"}]
    return {"metadata": {"name": f"{component}-master1"}, "spec": {"containers": containers}}


def told(
    nodes: Sequence[dict[str, Any]] = (node("master1"), node("worker1")),
    api_server: str = "v1.34.11",
    proxy: str = "v1.34.11",
    kept: str = "v1.34.11",
    etcd: Sequence[str] = ("3.6.5", "3.6.5"),
) -> Parts:
    pods = [pod("kube-apiserver", api_server), pod("kube-scheduler", "v1.34.11"), pod("etcd", "3.6.5-0")]
    members = [{"Endpoint": f"https://m{number}:2379", "Status": {"version": each}} for number, each in enumerate(etcd)]
    return parts_of(
        {"items": nodes},
        {"items": pods},
        f"registry.k8s.io/kube-proxy:{proxy}",
        f"kind: ClusterConfiguration\nkubernetesVersion: {kept}\n",
        members,
    )


@pytest.mark.parametrize(
    ("found", "sentences"),
    [
        (told(), []),
        (
            told(nodes=[node("master1"), node("worker1", "1.34.4")]),
            ["The kubelet of worker1 is of 1.34.4; 1.34.11 was wanted."],
        ),
        (told(api_server="v1.34.4"), ["kube-apiserver-master1 is of 1.34.4; 1.34.11 was wanted."]),
        (told(proxy="v1.34.4"), ["kube-proxy is of 1.34.4; 1.34.11 was wanted."]),
        (told(kept="v1.34.4"), ["kubeadm-config is of 1.34.4; 1.34.11 was wanted."]),
        (
            told(etcd=["3.5.26", "3.6.5"]),
            [
                "The members of etcd are of several versions, or none tells one: "
                "https://m0:2379 3.5.26, https://m1:2379 3.6.5."
            ],
        ),
        (told(etcd=[]), ["The members of etcd are of several versions, or none tells one: no answer."]),
        (
            told(nodes=[node("master1", unschedulable=True), node("worker1", ours=True)]),
            [
                "master1 is cordoned after the upgrade; all nodes must take pods.",
                "worker1 is cordoned after the upgrade; all nodes must take pods.",
            ],
        ),
    ],
    ids=["all", "a kubelet", "an API server", "kube-proxy", "kubeadm-config", "etcd", "no etcd", "cordons"],
)
def test_each_part_is_of_the_version(found: Parts, sentences: list[str]) -> None:
    assert found.complaints("1.34.11") == sentences


FAILED = Failure(API, 10.0, "HTTP 500")
NOTICED = Availability(
    (Polled(API, 900, (FAILED,)), Polled("cluster IP", 800), Polled("NodePort of worker1", 700, own_turn=3)),
    Held(9, interruptions=(Interruption(1, "closed", 0.26),)),
)


def upgraded(availability: Availability = NOTICED, commands: int = 40) -> Upgrade:
    return Upgrade("1.33.13", "1.34.11", ("3.5.26", "3.6.5"), 611.7, 19, SecondRun(60, commands), availability)


def test_the_row_for_the_documentation() -> None:
    row = "| 1.33.13 | 1.34.11 | 3.5.26 to 3.6.5 | 612 | 19 | 1 of 900 | 0 of 1500 | 1 | 0.3 s | 60 |"
    assert upgraded().row() == row
    assert row.count("|") == markdown(COLUMNS).count("|")


class Stage:
    """A lab that says what it is asked for."""

    inventory = "inventory.py"

    def __init__(self, **answers: Any) -> None:
        self.asked: list[str] = []
        self.answers = answers
        self.digests = iter(answers.get("digests", [frozenset("a"), frozenset("a")]))

    def digest(self, without: str) -> frozenset[str]:
        assert without == ""
        return next(self.digests)

    def pyinfra(self, *options: str, **settings: Any) -> subprocess.CompletedProcess[str]:
        self.asked.append(f"{' '.join(options)} {settings['kubernetes_version']}")
        said = self.answers.get("stderr", "Plan: 1 steps, one after the other:\n    1  master1  fetch")
        return subprocess.CompletedProcess([], self.answers.get("code", 0), "", said)

    def __getattr__(self, name: str) -> Any:
        return lambda *words, **_: self.asked.append(name)


def test_a_dry_run_is_of_the_next_version_and_returns_its_steps() -> None:
    lab = Stage()
    assert upgrade.dry_run(lab, "1.34.11", kubernetes_version="1.34.11") == ["1  master1  fetch"]  # type: ignore[arg-type]
    assert lab.asked == ["--dry 1.34.11"]


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({"code": 1}, r"^the dry run to 1\.34\.11 ended with 1:"),
        ({"digests": [frozenset(), frozenset(["worker1 files /etc/x"])]}, r"has changed 1 lines, such as \['worker1"),
        ({"stderr": "nothing to do"}, "shows no step of a plan"),
    ],
    ids=["fails", "changes", "no plan"],
)
def test_a_dry_run_that_is_none(answers: dict[str, Any], sentence: str) -> None:
    with pytest.raises(AssertionError, match=sentence):
        upgrade.dry_run(Stage(**answers), "1.34.11", kubernetes_version="1.34.11")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("availability", "commands", "sentences"),
    [
        (Availability((Polled(API, 900),)), 40, []),
        (
            NOTICED,
            40,
            ["1.33.13 to 1.34.11: API: 1 of 900 requests failed, the first at 00:00:10.0 (HTTP 500); none may fail."],
        ),
        (
            Availability(),
            41,
            ["1.34.11: a second run takes 41 commands on a host; it took 40 before."],
        ),
    ],
    ids=["nothing", "a request", "a dearer second run"],
)
def test_what_users_noticed_is_told_behind_all_upgrades(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    availability: Availability,
    commands: int,
    sentences: list[str],
) -> None:
    hops: list[tuple[str, str]] = []
    monkeypatch.setattr(upgrade, "second_run", lambda lab, version, **_: SecondRun(60, 40))

    def done(lab: object, begin: str, end: str) -> Upgrade:
        hops.append((begin, end))
        return upgraded(availability, commands) if len(hops) == 1 else upgraded(Availability())

    refusals: list[str] = []
    monkeypatch.setattr(upgrade, "upgrade", done)
    monkeypatch.setattr(upgrade, "backed_up", lambda lab, **_: Path("backup"))
    monkeypatch.setattr(upgrade, "refused", lambda lab, case, kubernetes_version: refusals.append(kubernetes_version))
    lab = Stage()
    assert upgrade.chain(lab, ["1.33.13", "1.34.11", "1.35.4"]) == sentences  # type: ignore[arg-type]
    assert lab.asked == ["up", "results"]
    assert hops == [("1.33.13", "1.34.11"), ("1.34.11", "1.35.4")]
    assert refusals == ["1.34.11", "1.35.4"], "etcd has another minor after both"
    assert capsys.readouterr().out.splitlines()[-4:-2] == [markdown(COLUMNS), markdown(["---"] * len(COLUMNS))]


def test_an_upgrade_that_fails_shows_what_users_noticed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @contextmanager
    def watched(lab: object) -> Iterator[Availability]:
        found = Availability()
        try:
            yield found
        finally:
            found.polled = NOTICED.polled

    monkeypatch.setattr(upgrade, "watched", watched)
    monkeypatch.setattr(upgrade, "parts", lambda lab: told())
    with pytest.raises(AssertionError, match="the dry run to"):
        upgrade.upgrade(Stage(code=1), "1.33.13", "1.34.11")  # type: ignore[arg-type]
    assert "1 x HTTP 500" in capsys.readouterr().out
