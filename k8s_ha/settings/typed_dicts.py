"""The settings as plain mappings, as users write them: their names and types for editors and type checkers.

docs/settings.md says what each means. A test compares them with the models.
"""

from typing import Any, Literal, Required, TypedDict

from k8s_ha.catalog.check_names import CheckName
from k8s_ha.catalog.gpg_keys import Source
from k8s_ha.catalog.mirrors import ProfileName
from k8s_ha.settings.models import Risk


class EndpointSettingsDict(TypedDict, total=False):
    """What ``endpoint`` takes."""

    external: str | None
    virtual_address: str | None
    virtual_router_id: int | None
    port: int


class CredentialsDict(TypedDict, total=False):
    """What ``credentials`` takes for a URL: a name, and either place of its password."""

    username: Required[str]
    password_env: str | None
    password_file: str | None


class MirrorSettingsDict(TypedDict, total=False):
    """What ``mirror`` takes."""

    base: ProfileName
    base_url: str | None
    kubernetes_baseurl: str | None
    kubernetes_gpgkey: str | None
    docker_baseurl: str | None
    docker_gpgkey: str | None
    epel_baseurl: str | None
    epel_gpgkey: str | None
    vault_baseurl: str | None
    vault_gpgkey: str | None
    gpgkey_fingerprints: dict[Source, list[str]]
    credentials: dict[str, CredentialsDict]
    image_repository: str | None
    flannel_image: str | None
    flannel_cni_plugin_image: str | None
    probe_image: str | None
    cri_dockerd_url: str | None
    cri_dockerd_sha256: str | None


class BackupSettingsDict(TypedDict, total=False):
    """What ``backup`` takes."""

    schedule: str
    keep: int
    directory: str
    recipient: str | None
    local_dir: str


class ClusterSettingsDict(TypedDict, total=False):
    """The type of ``k8s_ha`` in group_data: any of the settings of ``ClusterSettings``.

    With ``k8s_ha: ClusterSettingsDict = {…}`` an editor completes the settings' names and values, and a type checker
    such as mypy finds wrong ones. At run time it is a plain dict, which ``check_settings`` checks.
    """

    kubernetes_version: str | None
    control_plane_endpoint: str | None
    endpoint: EndpointSettingsDict | None
    endpoint_name: str | None
    endpoint_name_in_hosts: bool
    pod_cidr: str
    service_cidr: str
    dns_domain: str
    container_runtime: Literal["containerd", "docker"]
    accepted_risks: list[Risk]
    waive: list[CheckName]
    mirror: ProfileName | MirrorSettingsDict
    base_repositories: Literal["keep", "vault"]
    remove_conflicting_packages: bool
    image_repository: str | None
    registry_mirrors: dict[str, list[str]]
    pod_network: Literal["flannel", "none"]
    flannel_backend: Literal["vxlan", "host-gw"]
    kube_proxy_mode: Literal["iptables", "ipvs", "nftables"]
    firewall: Literal["disabled", "keep"]
    selinux: Literal["permissive", "keep"]
    kubeadm_patches: dict[str, dict[str, Any]]
    cert_extra_sans: list[str]
    recover_quorum: bool
    removed_nodes: list[str]
    backup: BackupSettingsDict | None
    kubeconfig_dir: str
    report_dir: str
    workers_max_unavailable: int | str
    renew_certificates_within_days: int
    verify_timeout_seconds: int


class HostSettingsDict(TypedDict, total=False):
    """The type of ``k8s_ha_host`` in a host's data: those of ``HostSettings`` that the inventory does not decide.

    ``("worker1", {"k8s_ha_host": HostSettingsDict(labels={"disk": "ssd"})})`` is a host with a plain dict, whose names
    and values an editor completes and a type checker checks. ``address`` is ``ssh_hostname`` where it is not given.
    """

    hostname: str
    address: str
    labels: dict[str, str]
    taints: list[str] | None
