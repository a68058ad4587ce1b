"""What the lab remembers between commands: one folder, one JSON file, one lock."""

import dataclasses
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab import LabError
from tests.lab.build import Artifacts, Contents
from tests.lab.topology import Host, Login, Topology

FOLDER = Path(os.environ.get("K8S_HA_LAB_STATE", "/var/lib/k8s-ha-lab"))
HOSTS = FOLDER / "hosts"
LOGS = FOLDER / "logs"
KNOWN_HOSTS = FOLDER / "known_hosts"
SSH_CONFIG = FOLDER / "ssh_config"
HOST_TABLE = FOLDER / "hosts.tsv"
RESOLV_CONF = FOLDER / "resolv.conf"
ALTERED_MIRRORS = FOLDER / "mirrors"
"""Repositories that the mirrors serve in place of the cache's, below the same folders."""
REGISTRY_CONFIG = FOLDER / "registry.yml"
_FILE = FOLDER / "lab.json"
_LOCK = FOLDER / "lock"


@dataclass(frozen=True)
class State:
    """A lab that `up` began. It is written before the first change to the machine, so `down` can always undo it."""

    topology: Topology
    artifacts: Artifacts
    contents: Contents
    """What the mirrors and the registry have; its lines are versions, the newest last."""
    ready: bool
    """Every host has answered SSH once."""

    def __str__(self) -> str:
        return f"{len(self.topology.hosts)} hosts, {self.contents}"


def save(state: State) -> None:
    """Write the state so that a crash leaves the old one or the new one."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    new = _FILE.with_suffix(".new")
    new.write_text(json.dumps(dataclasses.asdict(state), default=str, indent=1))
    new.replace(_FILE)


def load() -> State | None:
    """The state of the lab, or None when no lab was begun."""
    try:
        content = json.loads(_FILE.read_text())
    except FileNotFoundError:
        return None
    except json.JSONDecodeError as error:
        raise LabError(f"{_FILE}: unreadable ({error}); remove it and run down") from None
    hosts = tuple(map(_host, content["topology"]["hosts"]))
    return State(
        topology=Topology(hosts),
        artifacts=_artifacts(content["artifacts"]),
        contents=_contents(content["contents"]),
        ready=content["ready"],
    )


def current() -> State:
    """The lab that is up; LabError when there is none."""
    state = load()
    if state is None or not state.ready:
        raise LabError("no lab is up; run up first")
    return state


def forget() -> None:
    """Remove everything the lab remembers, the state last, and except the lock that the caller holds."""
    for folder in (HOSTS, LOGS, ALTERED_MIRRORS):
        shutil.rmtree(folder, ignore_errors=True)
    for path in (KNOWN_HOSTS, SSH_CONFIG, HOST_TABLE, RESOLV_CONF, REGISTRY_CONFIG, _FILE):
        path.unlink(missing_ok=True)


@contextmanager
def locked() -> Iterator[None]:
    """Hold the lab for one command that changes it; LabError when another one does."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with _LOCK.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LabError("another lab command is at work; wait until it ends") from None
        yield


def _host(content: dict[str, Any]) -> Host:
    return Host(**{**content, "groups": tuple(content["groups"]), "login": Login(**content["login"])})


def _contents(content: dict[str, Any]) -> Contents:
    return Contents(**{**content, "lines": tuple(content["lines"])})


def _artifacts(content: dict[str, Any]) -> Artifacts:
    flavours = {name: Path(path) for name, path in content.pop("flavours").items()}
    return Artifacts(flavours=flavours, **{key: Path(value) for key, value in content.items()})
