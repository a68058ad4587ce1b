"""Where a host's packages and images will come from, and whether it gets there.

Asked for is only what the host still lacks: a repository where one of its packages is not installed as wanted, a
registry where the host is not yet a node. So a mirror that is off does not stop the run of a cluster that stands.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

from k8s_ha.catalog import compatibility, package_sets
from k8s_ha.catalog.credentials import prefix_of
from k8s_ha.desired import yum
from k8s_ha.findings import Finding
from k8s_ha.observations.node import HostSurvey
from k8s_ha.preflight_checks.model import DownloadSource, HostContext, SourceAnswer, SourceKind
from k8s_ha.settings import Cluster, HostSettings

DOCKER_HUB_API: Final = "registry-1.docker.io"
"""Where docker.io's images really are."""

_VAULT_INDEX: Final = {7: "{release}/os/{arch}", 8: "{release}/BaseOS/{arch}/os"}
"""Folder of the base repository in the vault, by EL major."""

_USE: Final[Mapping[SourceKind, str]] = {
    "repository": "packages come from there",
    "key": "packages are verified by that key",
    "archive": "cri-dockerd comes from there",
    "registry": "images come from there",
}
_REMEDY: Final = "fix the way there, or choose another mirror"


def own_repositories(cluster: Cluster, host: HostSettings, survey: HostSurvey) -> tuple[yum.Repository, ...]:
    """The package's own repositories on a host; only for Enterprise Linux."""
    return yum.repositories(
        cluster.mirror,
        roles=host.role,
        family=survey.os_id,
        el_major=survey.major,
        arch=survey.architecture,
        extras=survey.extras,
        kubernetes_minor=cluster.settings.kubernetes_line.minor,
    )


def needed(cluster: Cluster, host: HostSettings, survey: HostSurvey) -> tuple[DownloadSource, ...]:
    """Every URL of the mirrors' that the host will still need, each once; only for Enterprise Linux."""
    wanted = _wanted(cluster, host, survey)
    found = _vault(cluster, host, survey)
    for repository in own_repositories(cluster, host, survey):
        offered = wanted.get(repository.id, {}) if repository.enabled else {}
        if all(yum.matches(survey.installed.get(name), pattern) for name, pattern in offered.items()):
            continue
        found.append(DownloadSource("repository", f"{repository.baseurl.rstrip('/')}/repodata/repomd.xml"))
        found += [DownloadSource("key", key) for key in repository.gpgkeys]
    if host.is_node and (not survey.node or survey.moves_runtime(cluster.cri)):
        if cluster.cri == "cri-dockerd":
            found.append(DownloadSource("archive", cluster.mirror.cri_dockerd_url))
        asked = [url for urls in _registries(cluster).values() for url in urls]
        found += [DownloadSource("registry", url) for url in (*asked, *_mirrors(cluster))]
    return tuple(dict.fromkeys(found))


def _vault(cluster: Cluster, host: HostSettings, survey: HostSurvey) -> list[DownloadSource]:
    """What stands for all of the vault, on a CentOS that is pointed at it and lacks a package."""
    ended = yum.has_ended(survey.os_id, survey.major)
    lacks = (host.is_node and "kubeadm" not in survey.installed) or (
        "load_balancer" in host.role and "nginx" not in survey.installed
    )
    if not (ended and lacks and cluster.settings.base_repositories == "vault"):
        return []
    folder = _VAULT_INDEX[survey.major].format(release=yum.CENTOS_VAULT[survey.major], arch=survey.architecture)
    return [DownloadSource("repository", f"{cluster.mirror.vault_baseurl.rstrip('/')}/{folder}/repodata/repomd.xml")]


def _wanted(cluster: Cluster, host: HostSettings, survey: HostSurvey) -> Mapping[str, Mapping[str, str]]:
    """Version patterns of packages by the repository of ours that has them."""
    settings = cluster.settings
    version = settings.version
    runtime = compatibility.runtime_packages(settings.kubernetes_line.minor, survey.major, settings.container_runtime)
    return {
        yum.KUBERNETES_REPOSITORY: package_sets.node(version) if host.is_node else package_sets.kubectl(version),
        yum.DOCKER_REPOSITORY: runtime,
        yum.EXTRAS_REPOSITORY: package_sets.CONTAINER_SELINUX,
        yum.EPEL_REPOSITORY: package_sets.load_balancer(survey.nginx_streams),
    }


def lacking(cluster: Cluster, host: HostSettings, survey: HostSurvey) -> Mapping[str, str]:
    """Version patterns of the packages that an installation would still be asked for; only for Enterprise Linux."""
    wanted = _wanted(cluster, host, survey)
    needed = dict(wanted[yum.KUBERNETES_REPOSITORY]) if host.role != ("load_balancer",) else {}
    if host.is_node:
        needed |= wanted[yum.DOCKER_REPOSITORY]
    if "load_balancer" in host.role:
        needed |= wanted[yum.EPEL_REPOSITORY]
        needed |= package_sets.KEEPALIVED if cluster.virtual_address else {}
    return {name: pattern for name, pattern in needed.items() if not yum.matches(survey.installed.get(name), pattern)}


def _registries(cluster: Cluster) -> dict[str, list[str]]:
    """What answers for each registry that the deploy pulls from: its mirrors, then the registry itself."""
    return {name: [*_mirrors_of(cluster, name), _api(f"https://{_host(name)}")] for name in cluster.registries}


def _mirrors_of(cluster: Cluster, registry: str) -> list[str]:
    return [_api(url) for url in cluster.settings.registry_mirrors.get(registry, [])]


def places_of(cluster: Cluster, image: str) -> list[str]:
    """URLs of what may have an image: the mirrors of its registry, then the registry itself."""
    registry = image.partition("/")[0]
    return [*cluster.settings.registry_mirrors.get(registry, []), f"https://{_host(registry)}"]


def _mirrors(cluster: Cluster) -> list[str]:
    return [url for registry in cluster.settings.registry_mirrors for url in _mirrors_of(cluster, registry)]


def _host(registry: str) -> str:
    return DOCKER_HUB_API if registry == compatibility.DOCKER_HUB else registry


def _api(url: str) -> str:
    return f"{url.rstrip('/')}/v2/"


def mirrors(context: HostContext) -> Iterator[Finding]:
    """Sources that do not answer."""
    sources = needed(context.cluster, context.host, context.survey)
    answers = context.preflight.answers
    if not sources:
        return
    if answers is None:
        yield Finding(
            context.host.name,
            "mirrors",
            "has no curl, so no mirror was asked",
            "mirrors are asked before the first change",
            "install curl to have it done",
            "warning",
        )
        return
    yield from _silent(context.host.name, sources, answers)
    yield from _strange_keys(context, answers)
    registries = {source.url for source in sources if source.kind == "registry"}
    logins = context.cluster.settings.mirror.credentials
    answering = {url for url in registries if _serves(answers.get(url), logs_in=bool(prefix_of(url, logins)))}
    for name, urls in _registries(context.cluster).items():
        if registries and not answering & set(urls):
            reasons = "; ".join(_reason(url, answers.get(url)) for url in urls)
            yield Finding(context.host.name, "mirrors", f"cannot reach {name}: {reasons}", _USE["registry"], _REMEDY)
    for url in sorted(set(_mirrors(context.cluster)) & registries - answering):
        yield Finding(
            context.host.name,
            "mirrors",
            _reason(url, answers.get(url)),
            "it is in registry_mirrors",
            "correct the setting, or fix the way there",
            "warning",
        )


def _silent(host: str, sources: Sequence[DownloadSource], answers: Mapping[str, SourceAnswer]) -> Iterator[Finding]:
    """One finding for each server that does not answer, and for each URL that it has not."""
    by_server: dict[str, list[DownloadSource]] = defaultdict(list)
    for source in sources:
        if source.kind == "registry":
            continue
        answer = answers.get(source.url)
        if answer and answer.status:
            if answer.status not in (200, 206):
                yield Finding(host, "mirrors", _reason(source.url, answer), _USE[source.kind], _REMEDY)
        else:
            by_server[urlsplit(source.url).netloc].append(source)
    for first, *_ in by_server.values():
        reason = _reason(first.url, answers.get(first.url))
        yield Finding(host, "mirrors", reason, _USE[first.kind], _REMEDY)


def _strange_keys(context: HostContext, answers: Mapping[str, SourceAnswer]) -> Iterator[Finding]:
    """Keys that are not the pinned ones; they are looked at again before they are believed."""
    for repository in own_repositories(context.cluster, context.host, context.survey):
        for url in repository.gpgkeys if repository.key_file else ():
            served = answers.get(url)
            refusal = yum.key_refusal(repository, served.text) if served and served.text else None
            if refusal:
                remedy = "choose another mirror, or correct that setting if that key is meant"
                yield Finding(context.host.name, "mirrors", f"{shown(url)}: {refusal}", _USE["key"], remedy)


def _serves(answer: SourceAnswer | None, logs_in: bool) -> bool:
    """Whether a registry is there: most ask for a token first, with 401, which refuses who has logged in."""
    return answer is not None and answer.status in ((200,) if logs_in else (200, 401))


def _reason(url: str, answer: SourceAnswer | None) -> str:
    if answer and answer.status:
        return f"{shown(url)} answers with HTTP status {answer.status}"
    return f"{shown(url)} does not answer ({(answer.reason if answer else '') or 'no answer'})"


def shown(url: str) -> str:
    """The URL without what may be a secret: a name and password, and a query."""
    parts = urlsplit(url)
    query = "..." if parts.query else ""
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query=query).geturl()
