"""Each stage of a restore, run for real below another root."""

from __future__ import annotations

from pathlib import Path

import pytest

from k8s_ha.resources import read_file, shell_variables
from tests.support.restore_bench import ASIDE, COMPONENTS, DATA, KEPT, MANIFESTS, MARK, SCRIPTS, SNAPSHOT, RestoreBench

BUMP = "--bump-revision=1000000000 --mark-compacted"
RESTORE = (
    f"snapshot restore {KEPT}/snapshot.db --data-dir={DATA}/.k8s-ha-restore/restored --name=master1 "
    "--initial-cluster=master1=https://10.0.11.18:2380,master2=https://10.0.12.55:2380 "
    "--initial-advertise-peer-urls=https://10.0.11.18:2380 --initial-cluster-token=k8s-ha-restore-1"
)


@pytest.fixture
def bench(tmp_path: Path) -> RestoreBench:
    return RestoreBench(tmp_path)


def asked(bench: RestoreBench, file: str) -> list[str]:
    """What a tool was called with, without the root."""
    text = bench.at(f"/{file}").read_text(encoding="utf-8")
    return text.replace(str(bench.shell.root), "").splitlines()


def in_use(bench: RestoreBench) -> list[str]:
    return sorted(path.stem for path in bench.at(MANIFESTS).iterdir())


def held(path: Path) -> str:
    return (path / "member/snap/db").read_text(encoding="utf-8")


def test_all_stages_leave_the_backups_data_and_the_old_beside(bench: RestoreBench) -> None:
    manifests = {path.name: path.read_bytes() for path in bench.at(MANIFESTS).iterdir()}
    bench.reach("managed")
    assert held(bench.at(DATA)) == SNAPSHOT
    assert held(bench.at(ASIDE)) == "revision 40\n"
    assert bench.at(DATA).stat().st_mode & 0o777 == 0o700
    assert bench.at(ASIDE).stat().st_mode & 0o777 == 0o700
    assert {path.name: path.read_bytes() for path in bench.at(MANIFESTS).iterdir()} == manifests
    assert not bench.at(f"{KEPT}/snapshot.db").exists()
    assert sorted(path.name for path in bench.at(DATA).iterdir()) == ["member"]


def test_the_trial_changes_nothing_of_what_serves(bench: RestoreBench) -> None:
    bench.reach("tried")
    assert held(bench.at(DATA)) == "revision 40\n"
    assert in_use(bench) == sorted(COMPONENTS)
    assert bench.at(f"{KEPT}/mark").read_text(encoding="utf-8") == f"{MARK} tried\n"
    assert bench.at(KEPT).stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("version", "tool", "bump"),
    [
        ("3.4.13", "etcdctl", ""),
        ("3.4.26", "etcdctl", ""),
        ("3.4.27", "etcdctl", f" {BUMP}"),
        ("3.5.9", "etcdutl", ""),
        ("3.5.9", "etcdctl", ""),
        ("3.5.10", "etcdutl", f" {BUMP}"),
        ("3.6.0", "etcdutl", f" {BUMP}"),
        ("3.7.0", "etcdutl", f" {BUMP}"),
    ],
)
@pytest.mark.parametrize("runtime", ["containerd", "docker"])
def test_etcds_own_tools_restore_and_count_revisions_on_where_they_can(
    tmp_path: Path, version: str, tool: str, bump: str, runtime: str
) -> None:
    bench = RestoreBench(tmp_path, version, tool)
    done = bench.run("tried", ETCD=".".join(version.split(".")[:2]), RUNTIME=runtime)
    assert done.returncode == 0, done.stderr
    assert asked(bench, "etcd")[1] == RESTORE + bump
    assert f"by {tool} {version} to revision 6" in done.stdout


def test_ctr_gets_the_folders_and_calls_the_tool_itself(bench: RestoreBench) -> None:
    bench.reach("tried")
    mounts = (
        f"--mount type=bind,src={KEPT},dst={KEPT},options=rbind:ro "
        f"--mount type=bind,src={DATA},dst={DATA},options=rbind:rw"
    )
    run = f"-n k8s.io run --rm --env ETCDCTL_API=3 {mounts} registry.k8s.io/etcd:3.6.16-0 k8s-ha-restore etcdutl"
    runs = [line for line in asked(bench, "ctr") if " run " in line]
    assert runs == [
        f"{run} version",
        f"{run} {RESTORE} {BUMP}",
        f"{run} snapshot status {DATA}/.k8s-ha-restore/restored/member/snap/db --write-out=json",
    ]


@pytest.mark.parametrize(
    ("more", "fails", "said"),
    [
        ({"ETCD": "3.5"}, "", "its etcd is 3.6.16, and the snapshot is of 3.5"),
        ({"SHA256": "0" * 64}, "", f"{KEPT}/snapshot.db did not arrive whole"),
        ({"REVISION": "7"}, "", "the restore came to revision 6, the snapshot has 7"),
        ({}, "snapshot*restore*", "`etcdutl snapshot restore` of registry.k8s.io/etcd:3.6.16-0 failed"),
        ({}, "version", "`etcdctl version` of registry.k8s.io/etcd:3.6.16-0 failed"),
    ],
)
def test_a_trial_that_fails_leaves_the_cluster_as_it_was(
    bench: RestoreBench, more: dict[str, str], fails: str, said: str
) -> None:
    bench.run("begun")
    if fails:
        bench.shell.file("/fails", fails)
    done = bench.run("tried", **more)
    assert done.returncode == 1
    assert f"master1: its etcd was not restored, and serves as before: {said}" in done.stderr
    assert bench.stage == "begun"
    assert held(bench.at(DATA)) == "revision 40\n"
    assert sorted(path.name for path in bench.at(DATA).iterdir()) == ["member"]


@pytest.mark.parametrize("stage", list(SCRIPTS))
def test_a_stage_that_is_reached_is_not_gone_through_again(bench: RestoreBench, stage: str) -> None:
    bench.reach("managed")
    before = {name: asked(bench, name) for name in ("ctr", "crictl", "etcd")}
    done = bench.run(stage)
    assert (done.returncode, bench.stage) == (0, "managed")
    assert {name: asked(bench, name) for name in ("ctr", "crictl", "etcd")} == before


def test_another_restore_begins_from_its_beginning(bench: RestoreBench) -> None:
    bench.reach("stopped")
    assert bench.run("begun", MARK=MARK.replace("08", "09")).returncode == 0
    assert bench.stage == "begun"


def test_what_does_not_end_is_named_and_nothing_is_noted(bench: RestoreBench) -> None:
    bench.reach("silent")
    bench.shell.file("/lingers", "etcd")
    done = bench.run("stopped")
    assert done.returncode == 1
    assert "etcd does not end within 0 seconds" in done.stderr
    assert bench.stage == "silent"
    bench.at("/lingers").unlink()
    assert bench.run("stopped").returncode == 0


def test_a_runtime_that_does_not_answer_has_not_said_that_nothing_runs(bench: RestoreBench) -> None:
    bench.reach("silent")
    bench.shell.file("/runtime-is-down", "")
    assert bench.run("stopped").returncode == 1
    assert bench.stage == "silent"


def test_data_is_not_replaced_under_an_etcd_that_runs(bench: RestoreBench) -> None:
    bench.reach("stopped")
    bench.shell.file("/lingers", "etcd")
    done = bench.run("replaced")
    assert (done.returncode, held(bench.at(DATA))) == (1, "revision 40\n")
    assert "its etcd runs" in done.stderr


@pytest.mark.parametrize("cut", ["before the old went", "between", "before it was noted"])
def test_a_replacement_that_is_cut_off_is_gone_on_with(bench: RestoreBench, cut: str) -> None:
    bench.reach("stopped")
    data, aside = bench.at(DATA), bench.at(ASIDE)
    if cut != "before the old went":
        aside.mkdir(mode=0o700)
        (data / "member").rename(aside / "member")
    if cut == "before it was noted":
        (data / ".k8s-ha-restore/restored/member").rename(data / "member")
    assert bench.run("replaced").returncode == 0
    assert (held(data), held(aside)) == (SNAPSHOT, "revision 40\n")


def test_members_that_are_not_at_one_revision_are_waited_for(bench: RestoreBench) -> None:
    bench.reach("replaced")
    bench.shell.file("/other-revision", "8")
    done = bench.run("member")
    assert done.returncode == 1
    assert "the members of etcd are not well and at one revision" in done.stderr
    assert bench.stage == "replaced"


def test_a_full_etcds_alarm_comes_with_its_snapshot_and_is_taken_back(bench: RestoreBench) -> None:
    """Seen with etcd 3.6.16: the alarm of a member of before refuses every write of the restored cluster."""
    full = bench.shell.file("/full")
    bench.reach("replaced")
    done = bench.run("member")
    assert (done.returncode, bench.stage, full.exists()) == (0, "member", False)
    assert "the backup's etcd was full; it was defragmented, and its alarm taken back" in done.stdout
    assert asked(bench, "etcd")[-1] == "defragmented"
    bench.reach("managed")
    assert asked(bench, "etcd").count("defragmented") == 1


def test_the_end_takes_what_was_kept_and_no_data(bench: RestoreBench) -> None:
    bench.reach("serving")
    end = shell_variables({"HOST": "master1", "MARK": MARK}) + "".join(
        map(read_file, ("copied.sh", "restore-mark.sh", "restore-end.sh"))
    )
    assert bench.shell.run(end).returncode == 0
    assert bench.stage == "serving"
    bench.reach("managed")
    assert bench.shell.run(end).returncode == 0
    assert not bench.at(KEPT).exists()
    assert held(bench.at(ASIDE)) == "revision 40\n"
