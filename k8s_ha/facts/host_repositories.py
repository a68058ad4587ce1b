"""A host's own repositories, in the lines that its script printed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from k8s_ha.observations.host_repositories import HostRepositories, HostRepository, Patterns
from k8s_ha.untrusted import whole_number


def host_repositories(values: Mapping[str, Sequence[str]]) -> HostRepositories:
    """The repositories among the lines by key; what cannot be read is passed over.

    All are asked at once and answer in any order, so lines are sorted: what is found reads the same in every run.
    """
    return HostRepositories(
        read="repositories" in values,
        enabled=tuple(found for line in sorted(values.get("repository", ())) if (found := _repository(line))),
        excluded=tuple(hidden for line in sorted(values.get("excluded", ())) if (hidden := _patterns(line))),
        included=tuple(shown for line in sorted(values.get("included", ())) if (shown := _patterns(line))),
    )


def status_and_reason(text: str) -> tuple[int, str]:
    """curl's answer: the HTTP status, 0 for none, and then its reason.

    Without the milliseconds that it took: by them the same fault of two hosts would be two.
    """
    status = re.search(r"status=(\d{3})", text)
    reason = re.sub(r"status=\d{3}| after \d+ (?:ms|milliseconds)\b", "", text).strip().removeprefix("curl: ")
    return (whole_number(status[1]) or 0) if status else 0, reason


def _repository(line: str) -> HostRepository | None:
    parts = line.split("\t", 4)
    if len(parts) < 5:
        return None
    name, file, flags, url, answer = parts
    word, _, why = answer.partition(" ")
    if word == "unasked":
        return HostRepository(name, file, url, unasked=why or "nothing says why", flags=frozenset(flags.split()))
    status, reason = status_and_reason(answer)
    return HostRepository(name, file, url, status, reason, flags=frozenset(flags.split()))


def _patterns(line: str) -> Patterns | None:
    parts = line.split("\t", 2)
    return Patterns(parts[0], parts[1], tuple(parts[2].split())) if len(parts) == 3 else None
