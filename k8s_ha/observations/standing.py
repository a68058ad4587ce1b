"""What a cluster stands with: its configuration as hosts hold it and as the API server keeps it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from cryptography.x509 import DNSName, IPAddress, SubjectAlternativeName, UnsupportedGeneralNameType
from cryptography.x509.extensions import DuplicateExtension, ExtensionNotFound

from k8s_ha.observations.certificates import Validity, parsed
from k8s_ha.observations.kubeconfig import servers_in, with_server
from k8s_ha.observations.static_pod import StaticPod, flags, static_pod
from k8s_ha.untrusted import read_json, yaml_value

Document = Mapping[str, Any]

MANIFEST_DIGEST: Final = "k8s-ha/manifest-digest"
"""The annotation of an object whose manifest this package applied."""

FORMER: Final = "k8s-ha/former-configurations"
"""The annotation of a ConfigMap with what it held before, as long as hosts may still stand with that."""

KEPT_CERTIFICATE: Final = "apiserver-certificate"
KEPT_KUBELET_CONFIG: Final = "kubelet-config"
KEPT_KUBECONFIGS: Final = "kubeconfigs"
KEPT_CERTIFICATES: Final = "certificates"
KUBELET_CERTIFICATE: Final = "kubelet-certificate"
"""What ``Standing.set_aside`` names beside static pods: an API server's certificate, a kubelet's configuration file,
kubeconfigs with a former endpoint, all that was to be renewed, and a kubelet that was not seen to run with its own."""

OF_RENEWALS: Final = frozenset({KEPT_CERTIFICATES, KUBELET_CERTIFICATE})
"""Those that a renewal goes on with, and nothing puts back."""

KUBE_PROXY_KUBECONFIG: Final = "kubeconfig.conf"
"""Its key in kube-proxy's ConfigMap."""


@dataclass(frozen=True)
class Standing:
    """What one host tells, each part as it was read; a part that it does not have is empty.

    + static_pods: YAML of a control plane's manifests from their spec on, by component
    + kubelet_config: the kubelet's configuration file
    + kubelet_flags: the flags that kubeadm gave the kubelet, as a shell would read them
    + serving_certificate: the API server's, PEM
    + certificates: how long each is valid, by path; None for a file that holds none
    + lacking_keys: of CAs, which somebody keeps elsewhere
    + bundles: files of CAs with more than one certificate, while somebody replaces a CA
    + set_aside: of what a change that is not over has kept what stood before: static pods by their names, and others
    + kube_proxy_hosts: the name at which kube-proxy asks, with its address in the pod's own copy of /etc/hosts; nothing
      of a pod that asks at an address, or whose name is not there
    + objects: ConfigMaps of kubeadm, the kubelets, kube-proxy and flannel, and flannel's DaemonSet, in kubectl's JSON
    """

    static_pods: Mapping[str, str] = field(default_factory=dict)
    kubelet_config: str = ""
    kubelet_flags: str = ""
    serving_certificate: str = ""
    certificates: Mapping[str, Validity | None] = field(default_factory=dict)
    lacking_keys: tuple[str, ...] = ()
    bundles: tuple[str, ...] = ()
    set_aside: tuple[str, ...] = ()
    kube_proxy_hosts: tuple[tuple[str, str], ...] = ()
    objects: str = ""

    @cached_property
    def _objects(self) -> Mapping[str, Document]:
        """The objects by their names; ValueError where they could not be read."""
        try:
            found = read_json(self.objects)
            items = found["items"] if found.get("kind") == "List" else [found]
            return {str(item["metadata"]["name"]): dict(item) for item in items}
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            raise ValueError("the ConfigMaps of kube-system could not be read") from None

    def document(self, kind: str) -> Document | None:
        """The configuration of this kind that the cluster keeps; None where it keeps none.

        Raises ValueError where it cannot be read.
        """
        found, key = self.config_map(kind), _KEPT_IN[kind][1]
        data = _mapping(found.get("data")) if found else {}
        return _document(str(data[key]), f"{key} of the ConfigMap {_name(found)}") if found and key in data else None

    def config_map(self, kind: str) -> Document | None:
        """The ConfigMap that keeps the configuration of this kind; None where there is none.

        Raises ValueError where it cannot be read.
        """
        names = self._names_of_kubelets if kind == "KubeletConfiguration" else _KEPT_IN[kind][0]
        return next((self._objects[name] for name in names if name in self._objects), None)

    def with_text(self, kind: str, text: str) -> Document:
        """The ConfigMap with another configuration of this kind, and its resourceVersion: a change since then counts.

        Raises ValueError where there is none.
        """
        found = self.config_map(kind)
        if found is None:
            raise ValueError(f"the cluster keeps no {kind}")
        return {**found, "data": {**_mapping(found.get("data")), _KEPT_IN[kind][1]: text}}

    def former(self, kind: str) -> tuple[Document, ...]:
        """What the cluster kept before, while hosts may still stand with it: the last one last; empty otherwise.

        Raises ValueError where the ConfigMap cannot be read; a former text that cannot be read is left out.
        """
        found = []
        for text in self.former_texts(kind):
            try:
                found.append(_document(text, "a former configuration"))
            except ValueError:
                continue
        return tuple(found)

    def former_texts(self, kind: str) -> tuple[str, ...]:
        """The texts of ``former``."""
        metadata = _mapping((self.config_map(kind) or {}).get("metadata"))
        try:
            texts = read_json(str(_mapping(metadata.get("annotations")).get(FORMER, "[]")))
        except (ValueError, RecursionError):
            return ()
        return tuple(map(str, texts)) if isinstance(texts, list) else ()

    def text(self, kind: str) -> str:
        """The text of the configuration of this kind that the cluster keeps; ValueError where there is none."""
        found, key = self.config_map(kind), _KEPT_IN[kind][1]
        data = _mapping((found or {}).get("data"))
        if key not in data:
            raise ValueError(f"the cluster keeps no {kind}")
        return str(data[key])

    def with_former(self, kind: str, text: str, former: Sequence[str]) -> Document:
        """As ``with_text``, and what the cluster kept before is noted on it; nothing is noted of none."""
        found = self.with_text(kind, text)
        metadata = _mapping(found.get("metadata"))
        annotations = {key: value for key, value in _mapping(metadata.get("annotations")).items() if key != FORMER}
        if former:
            annotations[FORMER] = json.dumps(list(former))
        return {**found, "metadata": {**metadata, "annotations": annotations}}

    @property
    def kube_proxy_server(self) -> str:
        """Where kube-proxy asks the API; empty where it is none of kubeadm's. ValueError where it cannot be read."""
        data = _mapping((self.config_map("KubeProxyConfiguration") or {}).get("data"))
        return next(iter(servers_in(str(data.get(KUBE_PROXY_KUBECONFIG, "")))), "")

    def with_kube_proxy_server(self, former: Collection[str], server: str) -> Document:
        """The ConfigMap of kube-proxy with another server, noted as under way; ValueError where there is none.

        + former: servers that are replaced
        """
        kind = "KubeProxyConfiguration"
        found = self.with_former(kind, self.text(kind), [self.text(kind)])
        data = _mapping(found.get("data"))
        text = with_server(str(data.get(KUBE_PROXY_KUBECONFIG, "")), former, server)
        return {**found, "data": {**data, KUBE_PROXY_KUBECONFIG: text}}

    @property
    def _names_of_kubelets(self) -> tuple[str, ...]:
        """The kubelets' ConfigMaps, that of the cluster's line first: up to 1.23 each line has one of its own."""
        version = str((self.document("ClusterConfiguration") or {}).get("kubernetesVersion"))
        own = f"kubelet-config-{version.removeprefix('v').rpartition('.')[0]}"
        return (own, "kubelet-config") if own in self._objects else ("kubelet-config", own)

    @property
    def has_our_flannel(self) -> bool:
        """Whether flannel is there and this package applied it; ValueError where that could not be read."""
        metadata = _mapping(self._objects.get("kube-flannel-ds", {}).get("metadata"))
        return MANIFEST_DIGEST in _mapping(metadata.get("annotations"))

    @cached_property
    def kubelet_document(self) -> Document:
        """The kubelet's own configuration file; ValueError where it cannot be read."""
        return _document(self.kubelet_config, "/var/lib/kubelet/config.yaml")

    @property
    def kubelet_arguments(self) -> Mapping[str, str]:
        """The flags that kubeadm gave the kubelet, by name; ValueError where they cannot be read."""
        try:
            return flags(part for value in shlex.split(self.kubelet_flags) for part in shlex.split(value))
        except ValueError:
            raise ValueError("/var/lib/kubelet/kubeadm-flags.env is not as a shell reads it") from None

    def static_pod(self, component: str) -> StaticPod | None:
        """A component of the control plane; None where the host has none, or one that kubeadm did not write.

        Raises ValueError where it cannot be read.
        """
        text = self.static_pods.get(component)
        if not text:
            return None
        try:
            document = yaml_value(text)
        except ValueError as error:
            raise ValueError(f"/etc/kubernetes/manifests/{component}.yaml {error}") from None
        try:
            return static_pod(document["spec"], component)
        except (LookupError, TypeError, AttributeError):
            return None

    @property
    def certificate_names(self) -> tuple[str, ...] | None:
        """The names in the API server's certificate; None where there is none, or none that can be read."""
        try:
            certificate = parsed(self.serving_certificate.encode())
            if certificate is None:
                return None
            names = certificate.extensions.get_extension_for_class(SubjectAlternativeName).value
        except (ValueError, ExtensionNotFound, DuplicateExtension, UnsupportedGeneralNameType):
            return None
        return (*names.get_values_for_type(DNSName), *map(str, names.get_values_for_type(IPAddress)))


_KEPT_IN: Final[Mapping[str, tuple[tuple[str, ...], str]]] = {
    "ClusterConfiguration": (("kubeadm-config",), "ClusterConfiguration"),
    "KubeletConfiguration": (("kubelet-config",), "kubelet"),
    "KubeProxyConfiguration": (("kube-proxy",), "config.conf"),
    "flannel": (("kube-flannel-cfg",), "net-conf.json"),
}
"""The ConfigMap that a configuration is kept in, and its key there, by kind."""


def _name(found: Document) -> str:
    return str(_mapping(found.get("metadata")).get("name"))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _document(text: str, where: str) -> Document:
    try:
        found = yaml_value(text)
    except ValueError as error:
        raise ValueError(f"{where} {error}") from None
    if not isinstance(found, Mapping):
        raise ValueError(f"{where} is not a map")
    return found
