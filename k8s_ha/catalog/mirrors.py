"""Where packages and images come from: mirror profiles, as data.

A profile holds every URL, signing key and image name. Users name a profile or give a `MirrorSettings` with what differs
from one. URLs may hold these placeholders: {minor} Kubernetes minor (30), {el} EL major (8), {arch} rpm architecture
(x86_64), {distribution} Docker's name for the EL major's tree (rhel, centos). They never hold $releasever, which is
"7Server" on RHEL 7 and "8.4" on a release-locked RHEL 8, where no repository is; nor is a package named *-latest ever
fetched, since its content changes, or goes, without notice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from k8s_ha.catalog import compatibility, gpg_keys
from k8s_ha.catalog.credentials import Credentials
from k8s_ha.catalog.source_syntax import Fingerprint, Image, ImageRepository, RepositoryUrl, Sha256, Url


@dataclass(frozen=True)
class KubernetesSource:
    """The repository that has the Kubernetes lines from 1.``since`` up to the next source's.

    + fingerprints: of the keys that are pinned; none where any key at its URL is taken
    + last_patches: last patch release by minor of a repository that was frozen; a line that is not named has no end
    """

    since: int
    baseurl: str
    gpgkeys: tuple[str, ...]
    fingerprints: tuple[str, ...] = ()
    last_patches: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Profile:
    """Every source of packages and images, complete. A source of None has the packages nowhere.

    + kubernetes: in the order of their lines
    + epel: baseurl by EL major
    + fingerprints: of the keys of Docker, of EPEL by EL major and of CentOS 7 that are pinned
    + vault: where end-of-life CentOS releases are kept; its folders are named by release
    + flannel_image, flannel_cni_plugin_image: with their tags
    + probe_image: a busybox with its tag, for the pods of ``verify(probe=True)``
    + cri_dockerd_url, cri_dockerd_sha256: the archive with cri-dockerd's program
    """

    kubernetes: tuple[KubernetesSource, ...]
    docker_baseurl: str
    docker_gpgkey: str
    epel: Mapping[int, str]
    epel_gpgkey: str
    vault_baseurl: str
    vault_gpgkey: str
    image_repository: str
    flannel_image: str
    flannel_cni_plugin_image: str
    probe_image: str
    cri_dockerd_url: str
    cri_dockerd_sha256: str
    docker_fingerprints: tuple[str, ...] = ()
    epel_fingerprints: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    vault_fingerprints: tuple[str, ...] = ()

    def kubernetes_source(self, minor: int) -> KubernetesSource | None:
        """The source that has the line 1.``minor``; None where this profile has it nowhere."""
        return next((source for source in reversed(self.kubernetes) if source.since <= minor), None)


# 0.3.21 is the last that also speaks CRI v1alpha2, which kubelets up to 1.25 may ask for; the sum is kubespray's.
_CRI_DOCKERD: Final[Mapping[str, Any]] = {
    "cri_dockerd_url": "https://github.com/Mirantis/cri-dockerd/releases/download/v0.3.21/cri-dockerd-0.3.21.amd64.tgz",
    "cri_dockerd_sha256": "6c35838bc4b1aef74f9113670e114ca729a5f295f9457b226791e18e86e91698",
}

_PINNED: Final[Mapping[str, Any]] = {
    "docker_fingerprints": gpg_keys.DOCKER,
    "epel_fingerprints": gpg_keys.EPEL,
    "vault_fingerprints": gpg_keys.CENTOS_7,
}

_OFFICIAL = Profile(
    # The legacy repository, with older lines, was shut down on 2024-03-04 (Kubernetes' blog, 2023-08-15).
    kubernetes=(
        KubernetesSource(
            since=24,
            baseurl="https://pkgs.k8s.io/core:/stable:/v1.{minor}/rpm/",
            gpgkeys=("https://pkgs.k8s.io/core:/stable:/v1.{minor}/rpm/repodata/repomd.xml.key",),
            fingerprints=gpg_keys.KUBERNETES,
        ),
    ),
    docker_baseurl="https://download.docker.com/linux/{distribution}/{el}/{arch}/stable",
    docker_gpgkey="https://download.docker.com/linux/{distribution}/gpg",
    # EPEL 7 went to the archive with EL7's end in June 2024; EPEL 8 is live until EL8's end in 2029.
    epel={
        7: "https://archives.fedoraproject.org/pub/archive/epel/7/{arch}/",
        8: "https://dl.fedoraproject.org/pub/epel/8/Everything/{arch}/",
    },
    epel_gpgkey="https://dl.fedoraproject.org/pub/epel/RPM-GPG-KEY-EPEL-{el}",
    vault_baseurl="https://vault.centos.org",
    vault_gpgkey="https://vault.centos.org/RPM-GPG-KEY-CentOS-7",
    image_repository="registry.k8s.io",
    flannel_image="ghcr.io/flannel-io/flannel:v0.28.9",
    flannel_cni_plugin_image="ghcr.io/flannel-io/flannel-cni-plugin:v1.9.1-flannel3",
    probe_image="docker.io/library/busybox:1.36",
    **_CRI_DOCKERD,
    **_PINNED,
)

# What was out when the legacy repository was frozen, on 2023-09-13.
_LEGACY_LAST_PATCHES = {20: 15, 21: 14, 22: 17, 23: 17, 24: 17, 25: 14, 26: 9, 27: 6}


def _laid_out_as_aliyun(root: str) -> Profile:
    """mirrors.aliyun.com, or a mirror of a user's own that is laid out as it is."""
    return Profile(
        kubernetes=(
            # One tree for every EL major; there never was a kubernetes-el8.
            KubernetesSource(
                since=compatibility.OLDEST.minor,
                baseurl=f"{root}/kubernetes/yum/repos/kubernetes-el7-{{arch}}",
                gpgkeys=(
                    f"{root}/kubernetes/yum/doc/yum-key.gpg",
                    f"{root}/kubernetes/yum/doc/rpm-package-key.gpg",
                ),
                last_patches=_LEGACY_LAST_PATCHES,
            ),
            # The mirror of pkgs.k8s.io is known from 1.28 on.
            KubernetesSource(
                since=28,
                baseurl=f"{root}/kubernetes-new/core/stable/v1.{{minor}}/rpm/",
                gpgkeys=(f"{root}/kubernetes-new/core/stable/v1.{{minor}}/rpm/repodata/repomd.xml.key",),
            ),
        ),
        docker_baseurl=f"{root}/docker-ce/linux/{{distribution}}/{{el}}/{{arch}}/stable",
        docker_gpgkey=f"{root}/docker-ce/linux/{{distribution}}/gpg",
        epel={7: f"{root}/epel-archive/7/{{arch}}", 8: f"{root}/epel/8/Everything/{{arch}}"},
        epel_gpgkey=f"{root}/epel/RPM-GPG-KEY-EPEL-{{el}}",
        vault_baseurl=f"{root}/centos-vault",
        vault_gpgkey=f"{root}/centos-vault/RPM-GPG-KEY-CentOS-7",
        image_repository="registry.aliyuncs.com/google_containers",
        # Aliyun mirrors neither ghcr.io nor, for everybody, docker.io; DaoCloud's public ones serve the same digests.
        flannel_image="ghcr.m.daocloud.io/flannel-io/flannel:v0.28.9",
        flannel_cni_plugin_image="ghcr.m.daocloud.io/flannel-io/flannel-cni-plugin:v1.9.1-flannel3",
        probe_image="docker.m.daocloud.io/library/busybox:1.36",
        **_CRI_DOCKERD,
    )


def _pinned(profile: Profile) -> Profile:
    """A public mirror serves the packages of the sources that it mirrors, with their keys."""
    legacy, current = profile.kubernetes
    return replace(profile, kubernetes=(legacy, replace(current, fingerprints=gpg_keys.KUBERNETES)), **_PINNED)


ProfileName = Literal["official", "aliyun"]

PROFILES: Final[Mapping[ProfileName, Profile]] = {
    "official": _OFFICIAL,
    "aliyun": _pinned(_laid_out_as_aliyun("https://mirrors.aliyun.com")),
}


def _check_base(value: object) -> object:
    if value not in tuple(PROFILES):
        raise ValueError(f"mirror profiles are {', '.join(PROFILES)}; name one of them or give a MirrorSettings")
    return value


class MirrorSettings(BaseModel):
    """What differs from a mirror profile; None keeps the profile's value.

    In URLs of repositories and of their keys {minor}, {el}, {arch} and {distribution} are filled in.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    base: Annotated[ProfileName, BeforeValidator(_check_base)] = Field(
        default="official", description="Name of the profile that fills in what is not given here."
    )
    base_url: Url | None = Field(
        default=None,
        description="Root of an own mirror that is laid out as https://mirrors.aliyun.com, for all packages.",
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
    epel_baseurl: RepositoryUrl | None = Field(default=None, description="EPEL, which has nginx for EL7.")
    epel_gpgkey: RepositoryUrl | None = Field(
        default=None, description="Key that its packages are signed with; asked for with an own epel_baseurl."
    )
    vault_baseurl: Url | None = Field(
        default=None, description="Where CentOS' past releases are, in folders such as 7.9.2009."
    )
    vault_gpgkey: RepositoryUrl | None = Field(
        default=None, description="Key of CentOS 7's packages there; asked for with an own vault_baseurl."
    )
    gpgkey_fingerprints: dict[gpg_keys.Source, list[Fingerprint]] = Field(
        default={},
        description="Fingerprints that the keys of kubernetes, docker, epel or vault must have; an empty list takes "
        "any key at its URL. Default: those of the public sources are pinned, an own mirror's are not.",
    )
    credentials: dict[Url, Credentials] = Field(
        default={},
        description="Who logs in at mirrors and registries, by what their URLs begin with, such as "
        "{'https://mirror.example': {'username': 'ci', 'password_env': 'MIRROR_PASSWORD'}}; or password_file.",
    )
    image_repository: ImageRepository | None = Field(
        default=None, description="Where kubeadm's images are pulled from."
    )
    flannel_image: Image | None = Field(default=None, description="Flannel's image with its tag.")
    flannel_cni_plugin_image: Image | None = Field(default=None, description="Flannel's CNI plugin image with its tag.")
    probe_image: Image | None = Field(
        default=None, description="A busybox image with its tag, for the pods of verify(probe=True)."
    )
    cri_dockerd_url: Url | None = Field(
        default=None, description="The .tgz with cri-dockerd's program, for Docker from Kubernetes 1.24 on."
    )
    cri_dockerd_sha256: Sha256 | None = Field(
        default=None, description="Its SHA-256; asked for with an own cri_dockerd_url."
    )

    @property
    def name(self) -> str:
        """How to call it in a sentence."""
        return self.base_url or self.base

    @property
    def profile(self) -> Profile:
        """The base profile with these settings applied."""
        base = _laid_out_as_aliyun(self.base_url.rstrip("/")) if self.base_url else PROFILES[self.base]
        own = self.model_dump(include=set(Profile.__dataclass_fields__), exclude_none=True)
        pinned = self._fingerprints
        if self.kubernetes_baseurl:
            key = self.kubernetes_gpgkey
            own["kubernetes"] = (KubernetesSource(0, self.kubernetes_baseurl, (key,) if key else ()),)
        if "kubernetes" in pinned:
            sources = own.get("kubernetes", base.kubernetes)
            own["kubernetes"] = tuple(replace(source, fingerprints=pinned["kubernetes"]) for source in sources)
        if self.epel_baseurl:
            own["epel"] = dict.fromkeys(base.epel, self.epel_baseurl)
        if "epel" in pinned:
            own["epel_fingerprints"] = dict.fromkeys(base.epel, pinned["epel"])
        own |= {f"{name}_fingerprints": pinned[name] for name in ("docker", "vault") if name in pinned}
        return replace(base, **own)

    @property
    def _fingerprints(self) -> dict[str, tuple[str, ...]]:
        """What is pinned otherwise than the base profile says: nothing of an own repository, or what is given."""
        own = {source: () for source in gpg_keys.SOURCES if getattr(self, f"{source}_baseurl")}
        return own | {source: tuple(pinned) for source, pinned in self.gpgkey_fingerprints.items()}

    def unsigned(self) -> Sequence[tuple[str, str]]:
        """(URL's setting, key's setting) of each own source that no key or checksum was given for."""
        return [(url, key) for url, key in _SIGNED_BY if getattr(self, url) and not getattr(self, key)]


_SIGNED_BY = (
    ("kubernetes_baseurl", "kubernetes_gpgkey"),
    ("docker_baseurl", "docker_gpgkey"),
    ("epel_baseurl", "epel_gpgkey"),
    ("vault_baseurl", "vault_gpgkey"),
    ("cri_dockerd_url", "cri_dockerd_sha256"),
)
