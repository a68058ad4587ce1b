"""``python -m tests.scenarios.backup [--line LINE]``: a cluster's backups, on demand and by timer, and care of etcd.

A cluster with 10,000 ConfigMaps is backed up on demand, then by the timer, whose schedule is set to a minute soon to
come. The turn is seen to go round the three control planes: the timer's own script is run on all of them for days that
follow each other. What is too old is pruned. A backup that fails is shown, an alarm of etcd's is shown and does not
hinder a defragmentation, and that gives back what 10,000 deleted objects have left, while it is watched what users
notice. At last the setting goes, and the timer with it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shlex
import sys
import tarfile
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import CompletedProcess
from tempfile import TemporaryDirectory
from typing import Any, Final

from k8s_ha.catalog.control_plane import etcd_request
from k8s_ha.observations.backup import SCRIPT_FILE, TIMER
from tests.lab.checks import CONTROL_PLANES
from tests.lab.client import Lab, until
from tests.scenarios.availability import watched
from tests.scenarios.rollout import second_run
from tests.support.paths import PROJECT

DESCRIPTION = "Back up a cluster on demand and by its timer, and defragment etcd."
KEYS: Final = 10_000
KEEP: Final = 2
DAY: Final = 24 * 60 * 60
FOLDER: Final = "/var/lib/k8s-ha/backups"
LOCAL: Final = PROJECT / "backups"
NAMESPACE: Final = "ten-thousand"
BATCH: Final = 1000


def scheduled(moment: datetime) -> dict[str, Any]:
    """The setting of backups each day at this moment."""
    return {"backup": {"schedule": f"{moment:%H:%M}", "keep": KEEP}}


def config_maps(first: int, count: int) -> str:
    """A manifest of small ConfigMaps."""
    items = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"key-{number}", "namespace": NAMESPACE},
            "data": {"value": f"{number:0512}"},
        }
        for number in range(first, first + count)
    ]
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def shifted(script: str, days: int) -> str:
    """The timer's script as it would run so many days later."""
    (line,) = [line for line in script.splitlines() if line.startswith("FIRST=")]
    first = int(line.removeprefix("FIRST="))
    return script.replace(f"{line}\n", f"FIRST={first - days * DAY}\n", 1)


def deployed(lab: Lab, deploy: str, **settings: Any) -> CompletedProcess[str]:
    """A function of the package that ends well."""
    run = lab.pyinfra("-y", deploy=deploy, **settings)
    assert run.returncode == 0, f"{deploy} ended with {run.returncode}:\n{run.stderr[-6000:]}"
    return run


def held(lab: Lab) -> dict[str, list[str]]:
    """Names of the backups that count, by their hosts."""
    found = {name: lab.host(name, f"ls {FOLDER} 2>/dev/null", check=False).split() for name in CONTROL_PLANES}
    return {
        name: sorted(file.removesuffix(".json") for file in files if file.endswith(".json") and "backup-" in file)
        for name, files in found.items()
    }


def count(lab: Lab) -> int:
    return sum(map(len, held(lab).values()))


def fill(lab: Lab) -> None:
    """Have 10,000 objects in the cluster."""
    lab.kubectl("create", "namespace", NAMESPACE)
    with TemporaryDirectory() as folder:
        for first in range(0, KEYS, BATCH):
            path = Path(folder) / f"{first}.json"
            path.write_text(config_maps(first, BATCH), encoding="utf-8")
            lab.kubectl("create", "-f", str(path))


def on_demand(lab: Lab, settings: Mapping[str, Any]) -> None:
    """One is taken now; it is whole on the operator's machine, and no secret of it is told."""
    secret = lab.host("master1", "sed -n 2p /etc/kubernetes/pki/sa.key").strip()
    started = time.monotonic()
    run = lab.pyinfra("-y", "-vvv", deploy="k8s_ha.backup", **settings)
    assert run.returncode == 0, run.stderr[-6000:]
    print(f"on demand: {time.monotonic() - started:.0f} s", flush=True)
    assert secret not in run.stdout + run.stderr
    assert count(lab) == 1
    newest_is_here(lab)


def newest_is_here(lab: Lab) -> None:
    """AssertionError where the newest backup is not on the operator's machine, whole and for its owner's eyes."""
    name = max((name for names in held(lab).values() for name in names), key=lambda name: name.rpartition("-")[2])
    folder = LOCAL / name
    told = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    assert told["keys"] >= KEYS, told
    assert len(told["members"]) == len(CONTROL_PLANES), told
    for part in told["parts"]:
        path = folder / part["file"]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == part["sha256"], path
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}
    with tarfile.open(folder / f"{name}.tar.gz") as files:
        assert {"etc/kubernetes/pki/sa.key", "var/lib/kubelet/config.yaml"} <= set(files.getnames())
    print(f"{name}: {told['keys']} keys, revision {told['revision']}, {told['size']} bytes", flush=True)


def by_timer(lab: Lab) -> dict[str, Any]:
    """One is taken at the next minute, and the next run brings it; the settings of that."""
    before = count(lab)
    settings = scheduled(datetime.now(UTC) + timedelta(minutes=3))
    lab.results(**settings)
    for name in CONTROL_PLANES:
        assert lab.host(name, f"systemctl is-active {TIMER} && systemctl is-enabled {TIMER}").split() == [
            "active",
            "enabled",
        ]
    waited = until(lambda: count(lab) > before, 600, "a backup by the timer")
    print(f"by the timer: after {waited:.0f} s", flush=True)
    lab.results(**settings)
    newest_is_here(lab)
    # Another one that took its turn would have ended by now, too.
    assert count(lab) == before + 1, f"several control planes took their turn: {held(lab)}"
    second_run(lab, "a backup by the timer", **settings)
    return settings


def turns(lab: Lab) -> None:
    """The turn goes round all control planes, and each keeps no more than its share."""
    takers = []
    for days in range(1, 7):
        for name in CONTROL_PLANES:
            script = shifted(lab.host(name, f"cat {SCRIPT_FILE}"), days)
            if "it is the turn of" not in lab.host(name, f"sh -c {shlex.quote(script)}"):
                takers.append(name)
        assert len(takers) == days, f"day {days} had {takers[days - 1 :]}"
    assert {*takers[:3]} == {*takers[3:]} == {*CONTROL_PLANES}, takers
    assert all(len(names) == KEEP for names in held(lab).values()), held(lab)
    print(f"turns: {', '.join(takers)}", flush=True)


def failure(lab: Lab, settings: Mapping[str, Any]) -> None:
    """One that fails is shown by verify, until one counts."""
    key = "/etc/kubernetes/pki/sa.key"
    scripts = {name: shifted(lab.host(name, f"cat {SCRIPT_FILE}"), 7) for name in CONTROL_PLANES}
    before = held(lab)
    for name, script in scripts.items():
        lab.host(name, f"mv {key} {key}.away; sh -c {shlex.quote(script)}; mv {key}.away {key}", check=False)
    assert held(lab) == before, held(lab)
    run = lab.pyinfra("-y", deploy="k8s_ha.verify", **settings)
    told = " ".join(run.stderr.split())
    assert run.returncode == 1, told
    assert f"no etcd snapshot was taken: {key} is missing, or a link to nothing" in told, told
    for name, script in scripts.items():
        lab.host(name, f"sh -c {shlex.quote(script)}")
    deployed(lab, "k8s_ha.verify", **settings)


def asked(lab: Lab, name: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """An answer of a member's own API."""
    found: dict[str, Any] = json.loads(lab.host(name, etcd_request(path, json.dumps(body))))
    return found


def sizes(lab: Lab) -> dict[str, int]:
    """Bytes of each member's file."""
    return {name: int(asked(lab, name, "/v3/maintenance/status", {})["dbSize"]) for name in CONTROL_PLANES}


def care(lab: Lab, settings: Mapping[str, Any]) -> None:
    """An alarm is shown; a defragmentation gives back what was deleted, though there is one, and nobody notices."""
    lab.kubectl("delete", "namespace", NAMESPACE)
    revision = asked(lab, "master1", "/v3/maintenance/status", {})["header"]["revision"]
    asked(lab, "master1", "/v3/kv/compaction", {"revision": revision, "physical": True})
    before = sizes(lab)
    with watched(lab) as noticed:
        deployed(lab, "k8s_ha.defragment", **settings)
    after = sizes(lab)
    print(f"defragmented: {before} -> {after}", noticed.table(), sep="\n", flush=True)
    assert all(after[name] < before[name] for name in CONTROL_PLANES), (before, after)
    again = lab.pyinfra("-y", "--json", deploy="k8s_ha.defragment", **settings)
    assert again.returncode == 0, again.stderr[-6000:]
    changed = [entry["name"] for entry in json.loads(again.stdout)["results"]["operations"] if entry["success"]]
    assert not changed, f"there was nothing to give back: {changed}"
    asked(lab, "master1", "/v3/maintenance/alarm", {"action": "ACTIVATE", "alarm": "NOSPACE"})
    run = lab.pyinfra("-y", deploy="k8s_ha.verify", **{**settings, "verify_timeout_seconds": 1})
    assert run.returncode == 1
    assert "has the alarm NOSPACE" in " ".join(run.stderr.split()), run.stderr[-6000:]
    deployed(lab, "k8s_ha.defragment", **settings)
    asked(lab, "master1", "/v3/maintenance/alarm", {"action": "DEACTIVATE", "alarm": "NOSPACE"})
    deployed(lab, "k8s_ha.verify", **settings)
    complaints = noticed.complaints()
    assert not complaints, "\n".join(["users noticed the defragmentation; the lab is still up:", *complaints])


def taken_away(lab: Lab) -> None:
    """Without the setting the timer goes, and the backups stay."""
    before = held(lab)
    lab.results()
    for name in CONTROL_PLANES:
        left = lab.host(name, f"ls {SCRIPT_FILE} /etc/systemd/system/k8s-ha-backup.* 2>/dev/null", check=False)
        assert left == "", f"{name}: {left}"
    assert held(lab) == before
    second_run(lab, "no backups")


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.scenarios.backup", description=DESCRIPTION)
    parser.add_argument("--line", default="1.36", help="Kubernetes line; default %(default)s")
    options = parser.parse_args(arguments)
    lab = Lab(options=("--line", options.line))
    lab.up()
    settings = scheduled(datetime.now(UTC) + timedelta(hours=12))
    lab.results(**settings)
    second_run(lab, "backups", **settings)
    fill(lab)
    on_demand(lab, settings)
    settings = by_timer(lab)
    turns(lab)
    failure(lab, settings)
    care(lab, settings)
    taken_away(lab)
    lab.run("down", check=True)


if __name__ == "__main__":
    main(sys.argv[1:])
