"""Every project of examples/, run dry on simulated hosts through pyinfra's command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.fakes.run import Fleet
from tests.support.fakes.scenario import Scenario
from tests.support.paths import PROJECT

EXAMPLES = PROJECT / "examples"
NAMES = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())
CONNECTION = ("ssh_", "_sudo")
"""How inventory data begins that simulated hosts have no use for."""


def defined(path: Path) -> dict[str, Any]:
    """The variables of a file of Python's, run as pyinfra runs an inventory; what begins with "_" is left out."""
    found: dict[str, Any] = {}
    exec(compile(path.read_text(encoding="utf-8"), path, "exec"), found)
    return {name: value for name, value in found.items() if not name.startswith("_")}


def scenario_of(example: Path) -> Scenario:
    """An example's hosts and settings, as the simulation takes them."""
    groups = {name: hosts for name, hosts in defined(example / "inventory.py").items() if isinstance(hosts, list)}
    given = [entry for hosts in groups.values() for entry in hosts if isinstance(entry, tuple)]
    data = example / "group_data" / "all.py"
    shared = defined(data) if data.exists() else {}
    of_all = shared.get("k8s_ha_host", {})
    own = {name: of_all | values.get("k8s_ha_host", {}) for name, values in given}
    addresses = {name: own[name].get("address", values["ssh_hostname"]) for name, values in given}
    return Scenario(
        groups={
            name: [entry if isinstance(entry, str) else entry[0] for entry in hosts] for name, hosts in groups.items()
        },
        addresses=addresses,
        settings=shared.get("k8s_ha", {}),
        host_data={name: {"k8s_ha_host": {"address": addresses[name], "hostname": name, **own[name]}} for name in own},
        order=tuple(addresses),
        check="k8s_ha" in shared,
        day="2026-11-27",
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_dry_run_of_it_shows_what_would_change(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Its group_data is read here without an inventory; the run checks the same settings.
    monkeypatch.setattr("k8s_ha.check_settings", lambda _: None, raising=False)
    monkeypatch.setenv("MIRROR_PASSWORD", "known-to-the-mirror")
    outcome = Fleet(tmp_path, scenario_of(EXAMPLES / name)).run("--dry", deploy=EXAMPLES / name / "deploy.py")
    assert outcome.exit_code == 0, outcome.output
    assert "Dry run, nothing was changed" in outcome.output
    assert "Install the container runtime" in outcome.output
    assert outcome.changes == []


@pytest.mark.parametrize("name", NAMES)
def test_it_is_told_of(name: str) -> None:
    assert f"| [{name}](" in (EXAMPLES / "README.md").read_text(encoding="utf-8")
