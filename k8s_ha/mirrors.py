"""Where packages and images come from: mirror profiles, as data.

A profile holds every URL, signing key and image name. Users name a profile or give a `MirrorSettings` with what differs
from one. URLs may hold these placeholders: {minor} Kubernetes minor (30), {el} EL major (8), {arch} rpm architecture
(x86_64), {distribution} Docker's name for the EL major's tree (rhel, centos). They never hold $releasever, which is
"7Server" on RHEL 7 and "8.4" on a release-locked RHEL 8, where no repository is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

PLACEHOLDERS = ("minor", "el", "arch", "distribution")
_PLACEHOLDER = re.compile(r"\{(?:minor|el|arch|distribution)\}")


@dataclass(frozen=True)
class Repository:
    """One yum/dnf repository, ready to be rendered into a .repo file.

    + exclude: packages hidden from every `yum update`; they are installed with --disableexcludes=ID
    + includepkgs: the only packages visible; empty means all
    + module_hotfixes: keep EL8's modular filtering from hiding this repository's packages
    """

    id: str
    name: str
    baseurl: str
    gpgkeys: tuple[str, ...]
    gpgcheck: bool = True
    repo_gpgcheck: bool = False
    module_hotfixes: bool = False
    exclude: tuple[str, ...] = ()
    includepkgs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Profile:
    """Every source of packages and images, complete.

    + kubernetes_oldest: oldest Kubernetes minor that kubernetes_baseurl carries, None when it is the user's own
    """

    kubernetes_baseurl: str
    kubernetes_gpgkey: str
    kubernetes_oldest: int | None
    docker_baseurl: str
    docker_gpgkey: str
    image_repository: str
    flannel_image: str
    flannel_cni_plugin_image: str


PROFILES = {
    "official": Profile(
        kubernetes_baseurl="https://pkgs.k8s.io/core:/stable:/v1.{minor}/rpm/",
        kubernetes_gpgkey="https://pkgs.k8s.io/core:/stable:/v1.{minor}/rpm/repodata/repomd.xml.key",
        # The legacy repository with older lines was shut down on 2024-03-04.
        kubernetes_oldest=24,
        docker_baseurl="https://download.docker.com/linux/{distribution}/{el}/{arch}/stable",
        docker_gpgkey="https://download.docker.com/linux/{distribution}/gpg",
        image_repository="registry.k8s.io",
        flannel_image="ghcr.io/flannel-io/flannel:v0.28.9",
        flannel_cni_plugin_image="ghcr.io/flannel-io/flannel-cni-plugin:v1.9.1-flannel3",
    ),
}

# Docker's tree by EL major. linux/rhel has nothing for 7; linux/centos/8 is frozen at 26.1.3, while linux/rhel serves
# RHEL's rebuilds as well.
DOCKER_DISTRIBUTION = {7: "centos", 8: "rhel", 9: "rhel", 10: "rhel"}
DOCKER_REPOSITORY = "k8s-ha-docker"
KUBERNETES_REPOSITORY = "k8s-ha-kubernetes"
KUBERNETES_PACKAGES = ("kubelet", "kubeadm", "kubectl", "cri-tools", "kubernetes-cni")


def check_url(url: str) -> str:
    """The URL itself when it is http or https with a host; else a ValueError "rule; remedy"."""
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", url)
    except ValueError:
        valid = False
    if not valid:
        raise ValueError("a URL is http://HOST/… or https://HOST/…; correct it")
    return url


def _check_repository_url(url: str) -> str:
    check_url(url)
    if "$releasever" in url:
        raise ValueError('$releasever is "7Server" or "8.4" on some hosts; write {el} for the major version')
    if re.search(r"[{}]", _PLACEHOLDER.sub("", url)):
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise ValueError(f"a repository URL has no other placeholders than {known}; correct it")
    return url


_IMAGE_PATH = r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*"
_IMAGE_REPOSITORY = re.compile(rf"[a-zA-Z0-9.-]+(?::[0-9]+)?(?:/{_IMAGE_PATH})*")
_IMAGE = re.compile(_IMAGE_REPOSITORY.pattern + r":[\w][\w.-]{0,127}(?:@sha256:[0-9a-f]{64})?", re.ASCII)


def _check_image_repository(value: str) -> str:
    if not _IMAGE_REPOSITORY.fullmatch(value):
        raise ValueError("an image repository is HOST[:PORT][/PATH] in lower case, no scheme and no tag; correct it")
    return value


def _check_image(value: str) -> str:
    if not _IMAGE.fullmatch(value):
        raise ValueError("an image is HOST[:PORT]/PATH:TAG, pinned by its tag; correct it")
    return value


Url = Annotated[str, AfterValidator(check_url)]
RepositoryUrl = Annotated[str, AfterValidator(_check_repository_url)]
ImageRepository = Annotated[str, AfterValidator(_check_image_repository)]
Image = Annotated[str, AfterValidator(_check_image)]


def _check_base(value: str) -> str:
    if value not in PROFILES:
        raise ValueError(f"mirror profiles are {', '.join(PROFILES)}; name one of them or give a MirrorSettings")
    return value


class MirrorSettings(BaseModel):
    """What differs from a mirror profile; None keeps the profile's value. Placeholders: see the module."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: Annotated[str, AfterValidator(_check_base)] = Field(
        default="official", description="Name of the profile that fills in what is not given here."
    )
    kubernetes_baseurl: RepositoryUrl | None = Field(
        default=None, description="Repository with kubelet, kubeadm, kubectl."
    )
    kubernetes_gpgkey: RepositoryUrl | None = Field(
        default=None, description="Key that its packages are signed with; asked for with an own kubernetes_baseurl."
    )
    docker_baseurl: RepositoryUrl | None = Field(
        default=None, description="Repository with containerd.io and docker-ce."
    )
    docker_gpgkey: RepositoryUrl | None = Field(
        default=None, description="Key that its packages are signed with; asked for with an own docker_baseurl."
    )
    image_repository: ImageRepository | None = Field(
        default=None, description="Where kubeadm's images are pulled from."
    )
    flannel_image: Image | None = Field(default=None, description="Flannel's image with its tag.")
    flannel_cni_plugin_image: Image | None = Field(default=None, description="Flannel's CNI plugin image with its tag.")

    @property
    def profile(self) -> Profile:
        """The base profile with these settings applied."""
        base = PROFILES[self.base]
        own = self.model_dump(exclude={"base"}, exclude_none=True)
        if "kubernetes_baseurl" in own:
            own["kubernetes_oldest"] = None
        return Profile(**{**vars(base), **own})

    def unsigned(self) -> Sequence[tuple[str, str]]:
        """(baseurl setting, gpgkey setting) of each own repository that no key was given for."""
        pairs = (("kubernetes_baseurl", "kubernetes_gpgkey"), ("docker_baseurl", "docker_gpgkey"))
        return [(url, key) for url, key in pairs if getattr(self, url) and not getattr(self, key)]


def repositories(mirror: MirrorSettings, *, el_major: int, arch: str, kubernetes_minor: int) -> tuple[Repository, ...]:
    """The package's own repositories for one host.

    + el_major: 7, 8, 9 or 10; another one is a KeyError
    + arch: rpm's name of the architecture, such as x86_64
    + kubernetes_minor: the x of 1.x
    """
    profile = mirror.profile
    values = {"minor": kubernetes_minor, "el": el_major, "arch": arch, "distribution": DOCKER_DISTRIBUTION[el_major]}

    def expand(url: str) -> str:
        return url.format(**values)

    return (
        Repository(
            id=DOCKER_REPOSITORY,
            name="Docker CE stable",
            baseurl=expand(profile.docker_baseurl),
            gpgkeys=(expand(profile.docker_gpgkey),),
            # EL8's container-tools module otherwise hides containerd.io ("package containerd.io is excluded").
            module_hotfixes=el_major >= 8,
        ),
        Repository(
            id=KUBERNETES_REPOSITORY,
            name=f"Kubernetes 1.{kubernetes_minor}",
            baseurl=expand(profile.kubernetes_baseurl),
            gpgkeys=(expand(profile.kubernetes_gpgkey),),
            exclude=KUBERNETES_PACKAGES,
        ),
    )
