"""What must hold of where packages and images come from: each rule yields one sentence per mistake."""

from collections.abc import Iterator

from k8s_ha.catalog.credentials import prefix_of
from k8s_ha.settings.cluster import Cluster


def packages_are_not_forged(cluster: Cluster) -> Iterator[str]:
    """Packages and the key that they are verified by do not both come without TLS, unless that is accepted."""
    if "plain-http" in cluster.settings.accepted_risks:
        return
    mirror, profile = cluster.settings.mirror, cluster.mirror
    sources = [("kubernetes", source.baseurl, source.gpgkeys, source.fingerprints) for source in profile.kubernetes]
    sources.append(("docker", profile.docker_baseurl, (profile.docker_gpgkey,), profile.docker_fingerprints))
    for major, baseurl in profile.epel.items():
        sources.append(("epel", baseurl, (profile.epel_gpgkey,), profile.epel_fingerprints.get(major, ())))
    sources.append(("vault", profile.vault_baseurl, (profile.vault_gpgkey,), profile.vault_fingerprints))
    found: dict[str, list[str]] = {}
    for name, baseurl, keys, fingerprints in sources:
        if baseurl.startswith("http:") and not fingerprints and any(key.startswith("http:") for key in keys):
            setting = f"{name}_baseurl" if getattr(mirror, f"{name}_baseurl") else "base_url"
            found.setdefault(setting, []).append(name)
    for setting, names in found.items():
        pins = ", ".join(f"{name!r}: […]" for name in dict.fromkeys(names))
        yield (
            f"mirror.{setting}: {getattr(mirror, setting)!r}; packages and their key both come over plain http, where "
            f"anybody on the way can forge them; use https, set mirror.gpgkey_fingerprints = {{{pins}}}, or accept it "
            "with accepted_risks = ['plain-http']"
        )


def credentials_reach_nobody_else(cluster: Cluster) -> Iterator[str]:
    """Passwords go where they are meant to, encrypted, and only to tools that can keep them."""
    settings, given = cluster.settings, cluster.settings.mirror.credentials
    for url in given:
        if url.startswith("http:") and "plain-http" not in settings.accepted_risks:
            yield (
                f"mirror.credentials.{url}: over plain http anybody on the way reads the password; use https, or "
                "accept it with accepted_risks = ['plain-http']"
            )
    if settings.base_repositories == "vault" and prefix_of(cluster.mirror.vault_baseurl, given):
        yield (
            "mirror.credentials: of the vault; CentOS's own repository files, which everybody may read, would hold the "
            "password; set mirror.vault_baseurl to one without, or base_repositories = 'keep'"
        )
    asked = [f"https://{name}" for name in cluster.registries]
    asked += [url for urls in settings.registry_mirrors.values() for url in urls]
    for url in asked if settings.container_runtime == "docker" else ():
        if prefix_of(url, given):
            yield (
                f"mirror.credentials: for {url} with container_runtime 'docker'; Docker takes none for mirrors of "
                "registries (moby#30880), and none of this package's; use containerd, or a registry without"
            )


def unused_credentials(cluster: Cluster) -> Iterator[str]:
    """Credentials of something that this cluster takes nothing from: a misspelt URL."""
    profile, settings = cluster.mirror, cluster.settings
    urls = [url for source in profile.kubernetes for url in (source.baseurl, *source.gpgkeys)]
    urls += [profile.docker_baseurl, profile.docker_gpgkey, *profile.epel.values(), profile.epel_gpgkey]
    urls += [profile.vault_baseurl, profile.vault_gpgkey, profile.cri_dockerd_url]
    urls += [f"https://{name}" for name in cluster.registries]
    urls += [url for mirrors in settings.registry_mirrors.values() for url in mirrors]
    for url in settings.mirror.credentials:
        if not any(prefix_of(used, [url]) for used in urls):
            yield f"mirror.credentials.{url}: no package and no image comes from there, so it logs in nowhere"
