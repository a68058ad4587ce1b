"""``k8s_ha.diagnose`` on simulated hosts: whole, clean, dead and hostile ones; an archive in any case."""

from __future__ import annotations

import stat
import tarfile
from collections import Counter
from pathlib import Path

import pytest

from k8s_ha.catalog.diagnosis import CLUSTER_PARTS, HOST_PARTS
from tests.support.fakes.run import Fleet, Outcome
from tests.support.fakes.scenario import ADDRESSES, Scenario

MASTERS = ("master1", "master2", "master3")


def diagnosed(fleet: Fleet, *flags: str) -> tuple[Outcome, dict[str, str]]:
    """A run, and the files in its archive."""
    outcome = fleet.run(*(flags or ("-y",)), deploy="k8s_ha.diagnose")
    assert "Traceback" not in outcome.output
    (path,) = (fleet.folder / "reports").glob("*.tar.gz")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    folder = path.name.removesuffix(".tar.gz")
    held = {}
    with tarfile.open(path) as tar:
        for entry in tar:
            content = tar.extractfile(entry)
            assert entry.isfile() and content
            assert entry.name.startswith(f"{folder}/") and ".." not in entry.name.split("/")
            held[entry.name.removeprefix(f"{folder}/")] = content.read().decode()
    assert str(path.relative_to(fleet.folder)) in outcome.output
    return outcome, held


def folders(held: dict[str, str]) -> Counter[str]:
    return Counter(path.rpartition("/")[0].removeprefix("hosts/_fake/") for path in held)


@pytest.mark.parametrize("flag", ["-y", "--dry"])
def test_a_cluster_that_stands(finished: Fleet, flag: str) -> None:
    before = finished.run("--dry").world
    outcome, held = diagnosed(finished, flag)
    assert outcome.exit_code == 0, outcome.output
    each = dict.fromkeys(ADDRESSES, len(HOST_PARTS))
    assert folders(held) >= Counter(
        {**each, "cluster": len(CLUSTER_PARTS), "operator": 2, "operator/reports": 1, "": 2}
    )
    assert "Hosts that were read: 6 of 6." in held["README.txt"]
    assert "@fake/master1: it was asked, by its own API server" in held["README.txt"]
    assert held["findings.txt"] == "The checks found nothing.\n"
    assert held["hosts/_fake/worker1/system.txt"] == "system as it is\n"
    assert '"kubernetes_version": "1.30.14"' in held["operator/this-run.json"]
    assert not any(step.changes for step in outcome.log)
    assert outcome.world == before


def test_each_host_is_asked_by_one_command(finished: Fleet) -> None:
    outcome, _ = diagnosed(finished)
    steps = Counter((step.host, step.step) for step in outcome.log if step.step.endswith("diagnosis"))
    assert steps == Counter({**{(host, "diagnosis"): 1 for host in ADDRESSES}, ("master1", "cluster diagnosis"): 1})
    assert all(step.seconds for step in outcome.steps("diagnosis", "cluster diagnosis"))


def test_clean_hosts(tmp_path: Path) -> None:
    outcome, held = diagnosed(Fleet(tmp_path, Scenario(preflight={"worker1": ["swap /dev/dm-1"]})))
    assert outcome.exit_code == 0, outcome.output
    assert "/dev/dm-1" in held["findings.txt"]
    assert "Hosts that were read: 6 of 6." in held["README.txt"]
    assert "cluster\n  no control plane's API server answered\n" in held["README.txt"]
    assert "no control plane's own API server is ready" in " ".join(held["findings.txt"].split())


def test_a_dead_cluster(finished: Fleet) -> None:
    def broken(world: object) -> None:
        for name in MASTERS:
            world.machines[name].broken = True  # type: ignore[attr-defined]

    finished.edit(broken)
    outcome, held = diagnosed(finished)
    assert outcome.exit_code == 0, outcome.output
    assert "no control plane's API server answered" in held["README.txt"]
    assert folders(held)["master1"] == len(HOST_PARTS)
    assert len(outcome.steps("cluster diagnosis")) == 3
    assert "no control plane's own API server is ready" in outcome.sentences


def test_a_dead_control_plane_is_not_asked_for_the_cluster(finished: Fleet) -> None:
    finished.edit(lambda world: setattr(world.machines["master1"], "broken", True))
    _, held = diagnosed(finished)
    assert "@fake/master2: it was asked, by its own API server" in held["README.txt"]


def test_a_host_that_cannot_be_reached(finished: Fleet) -> None:
    finished.change(Scenario(unreachable=["worker2"]))
    outcome, held = diagnosed(finished)
    # pyinfra's own word of a host that did not answer; the archive is there all the same.
    assert outcome.exit_code == 1
    assert "worker2 (10.0.13.37, worker)\n  it could not be reached\n" in held["README.txt"]
    assert "5 of 6 hosts; nothing of worker2)" in outcome.sentences
    assert not any(path.startswith("hosts/worker2") for path in held)


@pytest.mark.parametrize("answer", [{"success": False}, {"lines": []}, {"lines": ["Welcome to worker1"]}])
def test_a_host_that_does_not_tell(finished: Fleet, answer: dict[str, object]) -> None:
    finished.change(Scenario(answers=[("worker1", "PARTS=", answer)]))
    outcome, held = diagnosed(finished)
    assert outcome.exit_code == 0, outcome.output
    assert "it did not answer in time, or the connection ended" in held["README.txt"]
    assert "nothing of @fake/worker1)" in outcome.sentences


def test_a_host_whose_answer_ended_early(finished: Fleet) -> None:
    lines = [
        "k8s-ha part denials",
        "k8s-ha ends",
        "k8s-ha part system",
        " here",
        "k8s-ha ends",
        "k8s-ha part units",
        " half",
        " password: hun",
    ]
    finished.change(Scenario(answers=[("worker1", "PARTS=", {"lines": lines})]))
    _, held = diagnosed(finished)
    assert folders(held)["worker1"] == 2
    assert held["hosts/_fake/worker1/units.txt"] == "half\n"
    assert "    read, and there is nothing: denials\n" in held["README.txt"]
    assert (
        "    units.txt: cut off: the answer ended within it\n    journal-kubelet.txt: not read:" in held["README.txt"]
    )


def test_a_host_that_cannot_be_logged_in_at(finished: Fleet) -> None:
    finished.change(Scenario(survey={"worker1": {"uid": "1000"}}))
    outcome, held = diagnosed(finished)
    assert outcome.exit_code == 0, outcome.output
    assert "root" in held["findings.txt"]


def test_a_host_of_somebody_who_means_harm(finished: Fleet) -> None:
    lines = [
        "k8s-ha part pods/../../../etc/cron.d/x",
        " * * * * * root \x1b[2J",
        "k8s-ha note \x1b]0;title token: hunter2SECRET",
        "k8s-ha ends",
        "k8s-ha part pods/__/__/__/etc/cron.d/x",
        " password: hunter2SECRET",
        "k8s-ha ends",
        "k8s-ha part README.txt",
        " forged",
        "k8s-ha ends",
    ]
    finished.change(Scenario(answers=[("worker1", "PARTS=", {"lines": lines})]))
    _, held = diagnosed(finished)
    assert held["hosts/_fake/worker1/pods/_./_./_./etc/cron.d/x.txt"] == "* * * * * root \\x1b[2J\n"
    assert "forged" not in "".join(held.values())
    assert "hunter2SECRET" not in "".join(held.values())
    assert "\x1b" not in "".join(held.values())
    assert "2 x named value" in held["README.txt"]


def test_limited_to_some_hosts_the_others_are_named(finished: Fleet) -> None:
    outcome, held = diagnosed(finished, "-y", "--limit", "@fake/worker1")
    assert outcome.exit_code == 0, outcome.output
    assert held["README.txt"].count("--limit leaves it out") == 5
    assert "no control plane's API server answered" in held["README.txt"]


def test_the_password_of_the_operator_is_not_in_it(finished: Fleet) -> None:
    password = "correct horse"
    lines = ["k8s-ha part system", f" sudo said {password}", "k8s-ha ends"]
    finished.change(
        Scenario(host_data={"worker1": {"ssh_password": password}}, answers=[("worker1", "PARTS=", {"lines": lines})])
    )
    _, held = diagnosed(finished)
    assert held["hosts/_fake/worker1/system.txt"] == "sudo said ***\n"


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"kubernetes_versoin": "1.30.14"}, "the cluster's settings cannot be used"),
        ({"report_dir": "taken"}, "no archive was written: "),
    ],
)
def test_without_an_archive_it_says_why(tmp_path: Path, settings: dict[str, str], sentence: str) -> None:
    fleet = Fleet(tmp_path, Scenario(check=False)).set(**settings)
    (tmp_path / "taken").write_text("", encoding="utf-8")
    outcome = fleet.run(deploy="k8s_ha.diagnose")
    assert outcome.exit_code == 1
    assert sentence in outcome.sentences
    assert "Traceback" not in outcome.output
    assert not list(tmp_path.rglob("*.tar.gz"))
