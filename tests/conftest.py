"""What tests share: the lab, brought up once for all that need it; the package's wheel, and a project that uses it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.lab.client import NEXT, TODAY, Lab
from tests.support.fakes.run import Fleet
from tests.support.fakes.scenario import Scenario
from tests.support.operation_bench import Bench
from tests.support.paths import PROJECT

# How long an example takes is for benchmarks: a machine may be busy.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    """Six clean Rocky 8 hosts with a Kubernetes of today; ended afterwards, unless K8S_HA_KEEP_LAB is set."""
    yield from _virgin(Lab(options=("--line", TODAY, "--line", NEXT)))


@pytest.fixture(scope="module")
def document_lab() -> Iterator[Lab]:
    """Six clean hosts of CentOS 7, RHEL 8 and Rocky 8, for the document's cluster; it takes the other lab's place."""
    yield from _virgin(Lab("tests/lab/document/inventory.py", "tests/lab/topology-document.toml"))


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    """The six hosts with canned facts."""
    return Bench(monkeypatch)


@pytest.fixture(scope="session")
def finished_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    fleet = Fleet(tmp_path_factory.mktemp("finished"), Scenario())
    assert fleet.run().exit_code == 0
    return fleet.folder


@pytest.fixture
def finished(finished_folder: Path, tmp_path: Path) -> Fleet:
    """A simulated cluster that stands, of its own for each test."""
    shutil.copytree(finished_folder, tmp_path, dirs_exist_ok=True)
    return Fleet(tmp_path, Scenario())


def _virgin(client: Lab) -> Iterator[Lab]:
    client.up()
    yield client
    if not os.environ.get("K8S_HA_KEEP_LAB"):
        client.run("down", check=True)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=PROJECT, check=True, capture_output=True, timeout=120)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel, and with this one's packages but not its editable install of the checkout."""
    environment = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True, timeout=120)
    (packages,) = environment.glob("lib/python*/site-packages")
    zipfile.ZipFile(wheel).extractall(packages)
    # A folder named in a .pth file is searched, but .pth files within it are not read.
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return environment / "bin" / "python"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return shutil.copytree(PROJECT / "tests" / "support" / "second_project", tmp_path / "project")
