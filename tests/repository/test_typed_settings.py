"""What a type checker says of group_data and an inventory that have the settings' types."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.paths import PROJECT

SETTINGS = "from k8s_ha import ClusterSettingsDict\nk8s_ha: ClusterSettingsDict = "
HOSTS = (
    "from k8s_ha import HostSettingsDict\n"
    "workers = [('worker1', {'ssh_port': 22, 'k8s_ha_host': HostSettingsDict(%s)})]"
)

ROWS: dict[str, tuple[str, list[str]]] = {
    "the_project": ((PROJECT / "group_data" / "all.py").read_text(encoding="utf-8"), []),
    "right": (SETTINGS + "{'firewall': 'keep', 'mirror': {'base': 'aliyun'}, 'endpoint': {'port': 8443}}", []),
    "profile": (SETTINGS + "{'mirror': 'aliyun'}", []),
    "wrong_key": (SETTINGS + "{'firewal': 'keep'}", ["typeddict-unknown-key"]),
    "wrong_type": (SETTINGS + "{'pod_cidr': 10}", ["typeddict-item"]),
    "wrong_word": (SETTINGS + "{'firewall': 'open'}", ["typeddict-item"]),
    "wrong_key_within": (SETTINGS + "{'endpoint': {'adress': '10.0.0.1'}}", ["typeddict-item"]),
    "no_username": (
        SETTINGS + "{'mirror': {'credentials': {'https://a.example': {'password_env': 'A'}}}}",
        ["typeddict-item"],
    ),
    "right_host": (HOSTS % "address='10.0.12.16', labels={'disk': 'ssd'}, taints=[]", []),
    "wrong_key_of_a_host": (HOSTS % "adress='10.0.12.16'", ["typeddict-unknown-key"]),
    "wrong_type_of_a_host": (HOSTS % "taints='a=b:NoSchedule'", ["typeddict-item"]),
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The codes of mypy's errors by row; it runs once, since it reads the whole package."""
    folder = tmp_path_factory.mktemp("typed")
    for name, (source, _) in ROWS.items():
        (folder / f"{name}.py").write_text(source + "\n", encoding="utf-8")
    files = [str(folder / f"{name}.py") for name in ROWS]
    command = [sys.executable, "-m", "mypy", "--no-pretty", "--no-error-summary", *files]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=300)
    codes: dict[str, list[str]] = {name: [] for name in ROWS}
    for line in done.stdout.splitlines():
        path, _, rest = line.partition(":")
        if Path(path).parent.name == folder.name:  # the package's own are for `make lint`
            codes[Path(path).stem].append(rest.rpartition("[")[2].rstrip("]"))
    return codes


@pytest.mark.parametrize("row", ROWS)
def test_a_type_checker_finds_what_is_wrong(row: str, found: dict[str, list[str]]) -> None:
    assert found[row] == ROWS[row][1]
