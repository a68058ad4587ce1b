"""What a run leaves behind: one JSON document. Values in, values out.

``schema()`` is the document's JSON schema; ``files/run-report.schema.json`` is what it says, published.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

from k8s_ha.reporting.older_reports import RENAMED, upgraded, warn
from k8s_ha.untrusted import printable

SCHEMA_VERSION: Final = 2

SCHEMA_FILE: Final = "run-report.schema.json"
"""The published schema, for ``k8s_ha.resources.read_file``."""

ExitState = Literal["converged", "dry", "refused", "failed", "unreachable", "interrupted"]

HostState = Literal["clean", "partial", "joined", "replaced", "damaged", "foreign"]


class Entry(BaseModel):
    """A part of the report; it has no fields but those named here."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @field_validator("*")
    @classmethod
    def _is_printable(cls, value: Any) -> Any:
        """Words of hosts are words, also where somebody prints a report's text; the settings are the user's."""
        if isinstance(value, str):
            return printable(value, "\n\t")
        if isinstance(value, tuple):
            return tuple(printable(entry, "\t") if isinstance(entry, str) else entry for entry in value)
        return value

    def __getattr__(self, name: str) -> Any:
        """A field by its name in version 1 of the report."""
        new = RENAMED.get(name, "")
        if new not in type(self).model_fields:
            raise AttributeError(f"{type(self).__name__} has no {name}")
        warn(f"{type(self).__name__}.{name}", new)
        return getattr(self, new)


class HostEntry(Entry):
    """A host of the cluster."""

    name: str = Field(description="Its name in the inventory.")
    hostname: str = Field(description="Its hostname, and node name where it is a node.")
    address: str = Field(description="IPv4 address that the other hosts reach it by.")
    roles: tuple[str, ...] = Field(description="control_plane, worker, load_balancer, admin; one or several.")
    os: str | None = Field(description="System and version, such as 'rocky 8.10'; null where it was not checked.")
    kernel: str | None = Field(description="Release of its kernel; null where it was not checked.")
    state_before: HostState | None = Field(
        description="Where the host stood at the first check; null where that was not made. partial: a join was "
        "begun; replaced: blank, but the cluster knows it; damaged: a file of it is not whole; "
        "foreign: of another cluster."
    )
    plan: str | None = Field(
        default=None, description="What was to become of the node; null where it is none, or was not looked at."
    )
    state_after: HostState | None = Field(description="Where it stood at the last check; null likewise.")
    seconds: float | None = Field(
        default=None, description="How long it was at work; null where it began no operation."
    )


class PhaseEntry(Entry):
    """A phase of the deploy, in the order of execution."""

    name: str = Field(description="The phase's name, as pyinfra prints it.")
    seconds: float = Field(description="How long at least one host was at work at it.")
    serial_seconds: float = Field(
        description="How much of that exactly one host of the cluster was at work, and all others waited. A host that "
        "waits within an operation for its turn counts as at work."
    )
    begins: float | None = Field(
        default=None, description="When it began, in seconds since the run did; null where it has not begun."
    )


class SpanEntry(Entry):
    """An operation that a host was at work at for a second or longer."""

    host: str = Field(description="Inventory name.")
    phase: str = Field(description="The phase's name.")
    operation: str = Field(description="The operation's name.")
    begins: float = Field(description="Seconds since the run began.")
    seconds: float = Field(description="How long it took.")


class StepEntry(Entry):
    """A step by which a standing cluster is changed, in their order."""

    kind: str = Field(description="What is done, in a word that equal steps share.")
    hosts: tuple[str, ...] = Field(description="Inventory names of the hosts that act, all at once.")
    version: str = Field(description="The Kubernetes version that it leads to.")
    sentence: str = Field(description="What is done.")
    interrupts: str | None = Field(description="What does not serve meanwhile; null for nothing.")
    seconds_at_most: int = Field(description="How long it may take.")
    seconds: float | None = Field(description="How long it took; null where it did not come to its end.")


class ChangeEntry(Entry):
    """What changed on one host in one phase; in a dry run, what would change."""

    host: str = Field(description="Inventory name.")
    phase: str = Field(description="The phase's name.")
    operations: tuple[str, ...] = Field(description="Names of the operations that changed something.")


class ExplanationEntry(Entry):
    """A known error."""

    cause: str = Field(description="What is wrong.")
    remedy: str = Field(description="What to do about it.")
    source: str = Field(description="Where that is known from.")


class FailureEntry(Entry):
    """An operation that failed on one host."""

    host: str = Field(description="Inventory name.")
    phase: str = Field(description="The phase's name.")
    operation: str = Field(description="The operation's name.")
    lines: tuple[str, ...] = Field(description="The lines of its output that tell why.")
    explanations: tuple[ExplanationEntry, ...] = Field(description="Those of its errors that are known.")


class FindingEntry(Entry):
    """Something that a check of the hosts or of the cluster found not as it should be."""

    host: str = Field(description="Inventory name of the host that it is about.")
    check: str = Field(description="Name of the check that found it.")
    found: str = Field(description="What was found.")
    wanted: str = Field(description="What should have been.")
    remedy: str = Field(description="What to do.")
    severity: Literal["error", "warning", "waived"] = Field(
        description="An error stops the run, a warning does not; waived: an error that the user has waived."
    )


class VerificationEntry(Entry):
    """What the last check of the cluster was answered by one host, or of the cluster as a whole."""

    host: str = Field(description="Inventory name, or 'the cluster'.")
    version: str | None = Field(description="Its kubelet's, as the API tells it; null for none.")
    answers: dict[str, str] = Field(
        description="By name of the check 'ok', or what was found instead; without what the host was not asked."
    )
    backends: tuple[str, ...] | None = Field(
        description="HOST:PORT that its balancer passes on to; null where it has none."
    )
    holds: tuple[str, ...] = Field(description="What one host alone has, such as the lead of etcd.")

    @field_validator("answers")
    @classmethod
    def _are_printable(cls, answers: dict[str, str]) -> dict[str, str]:
        return {printable(check): printable(answer) for check, answer in answers.items()}


class CertificateEntry(Entry):
    """A certificate of the cluster, as the last check found it."""

    host: str = Field(description="Inventory name of the host that it lies on.")
    path: str = Field(description="Its file.")
    expires: AwareDatetime = Field(description="Until when it is valid.")


class RunReport(Entry):
    """One run of this package for one cluster, as its report in ``report_dir`` has it.

    ``RunReport.model_validate_json`` reads one; it raises pydantic's ValidationError where a text is none. Texts in it
    have ``***`` where a secret stood.
    """

    schema_version: Literal[2] = Field(default=SCHEMA_VERSION, description="Version of this format.")
    package_version: str = Field(description="Version of k8s-ha.")
    pyinfra_version: str = Field(description="Version of pyinfra.")
    started: AwareDatetime = Field(description="When the run began, UTC.")
    ended: AwareDatetime | None = Field(description="When it ended, UTC; null while it runs, and where it was killed.")
    mode: Literal["build", "dry"] = Field(description="Whether changes were asked for, or only to see them.")
    exit_state: ExitState = Field(
        description="converged: all was done and nothing failed. dry: the changes were found, and none was made. "
        "refused: a setting or a host stood in the way, and nothing was changed. failed: some host failed or could not "
        "be reached. unreachable: no host could be reached. interrupted: the run did not come to its end; the file "
        "says so too while the run is at work."
    )
    reason: str | None = Field(description="Why it was refused, failed as a whole or ended early; null otherwise.")
    endpoint: str | None = Field(
        description="HOST:PORT of the cluster's API; null where the settings were refused, or not come to."
    )
    kubernetes_version: str | None = Field(
        description="The version that was wanted; null likewise, and where none was named or chosen yet."
    )
    version_reason: str | None = Field(
        default=None, description="Why that version was chosen; null where the settings name it."
    )
    settings: dict[str, Any] | None = Field(
        description="ClusterSettings without secrets: users in URLs, and what bears a secret's name in "
        "kubeadm_patches, are hidden; null likewise."
    )
    hosts: tuple[HostEntry, ...] = Field(
        description="The cluster's hosts, in the order of the inventory; then those that removed_nodes names."
    )
    phases: tuple[PhaseEntry, ...] = Field(description="The phases of this run, in the order of execution.")
    timeline: tuple[SpanEntry, ...] = Field(
        default=(),
        description="The longest operations of each host, in the order in which they began: a dozen, and fewer where "
        "the hosts are more than a hundred.",
    )
    steps: tuple[StepEntry, ...] = Field(
        default=(), description="The steps by which a standing cluster was, or in a dry run would be, changed."
    )
    changes: tuple[ChangeEntry, ...] = Field(description="What changed, or in a dry run would change.")
    failures: tuple[FailureEntry, ...] = Field(description="What failed.")
    findings: tuple[FindingEntry, ...] = Field(description="What the checks before and after the changes found.")
    verification: tuple[VerificationEntry, ...] = Field(
        default=(), description="What the last check was answered, host by host; none where it was not made."
    )
    warnings: tuple[str, ...] = Field(description="What is allowed by the settings but probably not meant.")
    certificates: tuple[CertificateEntry, ...] = Field(description="The cluster's certificates.")
    failed_hosts: tuple[str, ...] = Field(description="Inventory names of the hosts that failed.")
    unreachable_hosts: tuple[str, ...] = Field(description="Inventory names of the hosts that could not be reached.")

    @model_validator(mode="before")
    @classmethod
    def _of_version_1(cls, report: Any) -> Any:
        return upgraded(report) if isinstance(report, Mapping) and report.get("schema_version") == 1 else report

    @property
    def seconds(self) -> float | None:
        """How long the run took; None while it runs, and where it was killed."""
        return None if self.ended is None else (self.ended - self.started).total_seconds()


def schema() -> str:
    """The JSON schema of ``RunReport``, as it is published."""
    return json.dumps(RunReport.model_json_schema(), indent=2) + "\n"
