"""preflight and verify by themselves, on the finished cluster: from another folder, with the wheel, partly by sudo."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.client import DEPLOY, Lab

pytestmark = pytest.mark.lab

# master2's user may sudo, worker2's after a password; see tests/lab/topology.toml.
INVENTORY = """
import json as _json
from pathlib import Path as _Path

_groups = _json.loads(_Path(__file__).with_name("hosts.json").read_text())
globals().update({name: [tuple(host) for host in hosts] for name, hosts in _groups.items()})
"""
GROUP_DATA = """
from k8s_ha import check_settings

k8s_ha = {settings!r}

check_settings(k8s_ha)
"""
READ = (
    "import json, runpy; groups = runpy.run_path('tests/lab/inventory.py'); "
    "settings = runpy.run_path('tests/lab/group_data/all.py')['k8s_ha']; "
    "names = ('control_plane', 'workers', 'load_balancers', 'admins'); "
    "print(json.dumps([{name: groups[name] for name in names}, settings]))"
)


@pytest.fixture(scope="module")
def elsewhere(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with nothing but an inventory and its settings."""
    folder = tmp_path_factory.mktemp("elsewhere")
    groups, settings = json.loads(lab.operator("python", "-c", READ, check=True).stdout)
    (folder / "hosts.json").write_text(json.dumps(groups), encoding="utf-8")
    (folder / "inventory.py").write_text(INVENTORY, encoding="utf-8")
    (folder / "group_data").mkdir()
    (folder / "group_data" / "all.py").write_text(GROUP_DATA.format(settings=settings), encoding="utf-8")
    return folder


def alone(lab: Lab, python: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = f"cd {folder} && {python} -m pyinfra inventory.py {' '.join(arguments)}"
    return lab.operator("env", "-u", "PYTHONPATH", "sh", "-c", command)


@pytest.mark.parametrize("arguments", [("k8s_ha.preflight", "--dry"), ("k8s_ha.verify", "-y")], ids=" ".join)
def test_each_look_alone_finds_nothing_wrong_and_changes_nothing(
    lab: Lab, python: Path, elsewhere: Path, arguments: tuple[str, ...]
) -> None:
    before = lab.digest()
    run = alone(lab, python, elsewhere, *arguments)
    assert run.returncode == 0, run.stderr
    assert "Traceback" not in run.stderr
    assert " ERROR" not in run.stderr
    assert not lab.digest() ^ before


@pytest.mark.parametrize(
    ("arguments", "most"),
    [(("k8s_ha.preflight", "--dry"), 4), (("k8s_ha.verify", "-y"), 12)],
    ids=["preflight", "verify"],
)
def test_a_look_takes_few_remote_commands(lab: Lab, tmp_path: Path, arguments: tuple[str, ...], most: int) -> None:
    report = tmp_path / "measured.json"
    lab.operator(sys.executable, "-m", "tests.support.command_counter", str(report), DEPLOY[0], *arguments, check=True)
    counted: dict[str, int] = json.loads(report.read_text(encoding="utf-8"))["commands"]
    assert len(counted) == 6
    assert max(counted.values()) <= most, counted
