"""An archive of what hosts and cluster tell, for a report of an error; nothing is changed on any host."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

from pyinfra import host, state
from pyinfra.api import Host

from k8s_ha.catalog.diagnosis import SECONDS_BEYOND, SECONDS_OF_A_HOST
from k8s_ha.diagnosis.names import safe_path
from k8s_ha.diagnosis.parts import Part
from k8s_ha.diagnosis.summary import NOBODY, Told, readme
from k8s_ha.diagnosis.texts import shown, text_of
from k8s_ha.facts.diagnosis import ClusterDiagnosis, HostDiagnosis
from k8s_ha.findings import Finding, table
from k8s_ha.local_files import local_folder
from k8s_ha.operations.commands import everywhere, read_unseen
from k8s_ha.operations.verify import member
from k8s_ha.pyinfra_internals.state import is_in_limit, was_reached, working_folder
from k8s_ha.reporting.archive import Archive, archive_in
from k8s_ha.reporting.run_log import report_of, secrets_of
from k8s_ha.run import Run
from k8s_ha.settings import HostSettings

_SECONDS: Final = SECONDS_OF_A_HOST + SECONDS_BEYOND
_PACKAGES: Final = ("k8s-ha", "pyinfra", "paramiko", "gevent", "pydantic", "cryptography")

_REPORTS: Final = 5
"""How many runs' reports are taken, the newest; what was done before is in them."""

_BYTES_OF_A_REPORT: Final = 2_000_000
_WIDTH: Final = 200

SILENT: Final = "it did not answer in time, or the connection ended"


@dataclass
class Diagnosis:
    """An archive that is being filled, and what is told of it.

    + secrets: those that are known word for word
    """

    archive: Archive
    secrets: frozenset[str] = field(repr=False)
    hidden: Counter[str] = field(default_factory=Counter)

    def add(self, told: Told, name: str, text: str, notes: Sequence[str] = ()) -> None:
        """Add a text without its secrets; one that holds nothing is no file, and its notes are told all the same."""
        clean, found = shown(text, self.secrets)
        self._add(told, name, clean, found, notes)

    def add_parts(self, told: Told, parts: Sequence[Part]) -> None:
        """Add what a host told."""
        for part in parts:
            self._add(told, f"{part.name}.txt", *text_of(part, self.secrets), part.notes)

    def _add(self, told: Told, name: str, text: str, found: Counter[str], notes: Sequence[str]) -> None:
        self.hidden += found
        path = safe_path(name)
        if text:
            path = self.archive.add(f"{told.folder}/{path}", text).removeprefix(f"{told.folder}/")
            told.files.append(path)
        elif not notes:
            told.empty.append(name.removesuffix(".txt"))
        for note in notes:
            clean, found = shown(note, self.secrets)
            self.hidden += found
            told.notes.append((path, clean))


def diagnosed(
    run: Run, refused: Mapping[str, str], find: Callable[[], Sequence[Finding]]
) -> tuple[Path, Mapping[str, Told]]:
    """Write an archive of what all hosts tell; returns its file, and what it has of each host by inventory name.

    + refused: why hosts cannot be asked, by inventory name
    + find: what the checks find, asked once all hosts have told; whatever it raises is told in the archive

    Raises OSError where the archive cannot be written.
    """
    begun = datetime.now(UTC)
    folder = local_folder(working_folder(host.state), run.cluster.settings.report_dir)
    entries = (*run.cluster.hosts, *run.cluster.removed)
    with archive_in(folder, f"k8s-ha-diagnose-{begun:%Y%m%dT%H%M%SZ}", begun) as (path, archive):
        diagnosis = Diagnosis(archive, secrets_of(host.state, run.log))
        of_hosts = {entry.name: Told(safe_path("hosts", entry.name), _unasked(entry, refused)) for entry in entries}
        asked = [member(entry) for entry in entries if not of_hosts[entry.name].reason]
        everywhere(lambda target: _ask_host(diagnosis, of_hosts[target.name], target), asked)
        cluster = _ask_cluster(diagnosis, run, [entry.name for entry in entries if not of_hosts[entry.name].reason])
        _add_findings(diagnosis, run, find)
        operator = _add_operator(diagnosis, run, folder)
        titles = {
            f"{entry.name} ({', '.join((entry.address, *entry.role))})": of_hosts[entry.name] for entry in entries
        }
        text = readme(begun, datetime.now(UTC), titles, (cluster, operator), diagnosis.hidden)
        archive.add("README.txt", shown(text, diagnosis.secrets)[0])
    return path, of_hosts


def _unasked(entry: HostSettings, refused: Mapping[str, str]) -> str:
    """Why a host is not asked; empty where it is."""
    target = member(entry)
    if not was_reached(state, target):
        return "it could not be reached" if is_in_limit(state, target) else "--limit leaves it out"
    return refused.get(entry.name, "")


def _ask_host(diagnosis: Diagnosis, told: Told, target: Host) -> None:
    parts = read_unseen(target, HostDiagnosis, _SECONDS)
    diagnosis.add_parts(told, parts or ())
    if not told.files:
        told.reason = SILENT


def _ask_cluster(diagnosis: Diagnosis, run: Run, asked: Sequence[str]) -> Told:
    """The cluster by the first control plane whose own API server answers."""
    told = Told("cluster", NOBODY)
    for entry in run.cluster.control_planes:
        if entry.name not in asked:
            continue
        parts = read_unseen(member(entry), ClusterDiagnosis, _SECONDS, address=entry.address) or []
        if any(part.text for part in parts):
            told.reason = ""
            told.notes.append((entry.name, "it was asked, by its own API server"))
            diagnosis.add_parts(told, parts)
            break
    return told


def _add_findings(diagnosis: Diagnosis, run: Run, find: Callable[[], Sequence[Finding]]) -> None:
    """The checks' table; a cluster that is broken in a way that nobody thought of must not cost the archive."""
    try:
        found, failed = find(), ""
    except Exception as error:
        found = run.log.findings
        failed = f"The checks did not come to their end: {type(error).__name__}: {error}\n"
    text = table(found, _WIDTH) if found else "The checks found nothing."
    clean, hidden = shown(f"{failed}{text}\n", diagnosis.secrets)
    diagnosis.hidden += hidden
    diagnosis.archive.add("findings.txt", clean)


def _add_operator(diagnosis: Diagnosis, run: Run, folder: Path) -> Told:
    """Versions, this run's report with the settings, and the newest reports of others."""
    told = Told("operator")
    versions = [f"Python {platform.python_version()}", platform.platform()]
    diagnosis.add(
        told, "versions.txt", "\n".join([*versions, *(f"{name} {version(name)}" for name in _PACKAGES)]) + "\n"
    )
    report = report_of(host.state, run.log, {}, "interrupted", None, ended=False)
    diagnosis.add(told, "this-run.json", report.model_dump_json(indent=2) + "\n")
    for path in sorted(folder.glob("k8s-ha-2*.json"), reverse=True)[:_REPORTS]:
        try:
            with path.open("rb") as file:
                text = file.read(_BYTES_OF_A_REPORT).decode("utf-8", "replace")
        except OSError as error:
            told.notes.append((path.name, f"not read: {error.strerror}"))
        else:
            diagnosis.add(told, f"reports/{path.name}", text)
    return told
