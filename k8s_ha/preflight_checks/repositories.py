"""The host's own repositories: yum reads every one that is enabled, whatever it is asked to install."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from k8s_ha.findings import Finding
from k8s_ha.observations.host_repositories import SOFTENING, HostRepository, Patterns
from k8s_ha.preflight_checks.download_sources import lacking
from k8s_ha.preflight_checks.model import HostContext


def repositories(context: HostContext) -> Iterator[Finding]:
    """Enabled repositories that do not answer, and packages that yum's configuration hides."""
    known = context.preflight.repositories
    wanted = lacking(context.cluster, context.host, context.survey)
    if not (known.read and wanted):
        return
    if not known.enabled:
        yield _finding(
            context,
            "no repository of its own is enabled",
            "packages need others of the system",
            "enable the system's own",
        )
    for repository in known.enabled:
        if not repository.answers and not _is_fixed(context, repository):
            yield _silent(context, repository)
    for patterns in known.excluded:
        yield from _hidden(
            context, patterns, [name for name in wanted if _covers(context, patterns, name, wanted[name])]
        )
    for patterns in known.included:
        unseen = [name for name in wanted if not _covers(context, patterns, name, wanted[name])]
        yield from _hidden(context, patterns, unseen)


def _finding(context: HostContext, found: str, wanted: str, remedy: str, *, certain: bool = False) -> Finding:
    return Finding(context.host.name, "repositories", found, wanted, remedy, "error" if certain else "warning")


def _is_fixed(context: HostContext, repository: HostRepository) -> bool:
    return "vault" in repository.flags and context.cluster.settings.base_repositories == "vault"


def _silent(context: HostContext, repository: HostRepository) -> Finding:
    """A repository that does not answer: an error where yum will certainly stop at it."""
    softened = [reason for flag, reason in SOFTENING.items() if flag in repository.flags]
    where = f"[{repository.id}] of {repository.file}"
    disable = f"fix it, or write enabled=0 below [{repository.id}] in {repository.file}"
    if repository.unasked:
        return _finding(
            context,
            f"{where} was not asked ({repository.unasked})",
            "yum reads every enabled repository",
            f"see that it answers, or write enabled=0 below [{repository.id}] in {repository.file}",
        )
    if "vault" in repository.flags and context.survey.os_id == "centos" and context.survey.major in (7, 8):
        disable = f"set base_repositories = 'vault', or write enabled=0 below [{repository.id}] in {repository.file}"
    return _finding(
        context,
        f"{where}: {_reason(repository)}",
        softened[0] if softened else "yum stops where an enabled repository does not answer",
        disable,
        certain=not softened,
    )


def _reason(repository: HostRepository) -> str:
    if repository.status in (200, 206):
        return f"{repository.url}: {repository.reason}"
    if repository.status:
        return f"{repository.url} answers with HTTP status {repository.status}"
    return f"{repository.url} does not answer ({repository.reason or 'no answer'})"


def _covers(context: HostContext, patterns: Patterns, name: str, version: str) -> bool:
    """Whether yum's patterns, of a name, name.arch or name-version-release.arch, fit a package surely."""
    full = f"{name}-{version}-0.{context.survey.architecture}"
    forms = (
        name,
        f"{name}.{context.survey.architecture}",
        *((full, f"{name}-{version}") if "*" not in version else ()),
    )
    return any(fnmatchcase(form, pattern) for pattern in patterns.names for form in forms)


def _hidden(context: HostContext, patterns: Patterns, names: list[str]) -> Iterator[Finding]:
    if not names:
        return
    is_main = patterns.section == "main"
    yield _finding(
        context,
        f"[{patterns.section}] of {patterns.file} hides {', '.join(names)}",
        "they are installed by this run" if is_main else "they may come from there",
        "take them out of exclude there"
        if patterns in context.preflight.repositories.excluded
        else "add them to includepkgs",
        certain=is_main,
    )
