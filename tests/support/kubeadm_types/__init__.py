"""kubeadm's configuration types as strict models: an unknown field or a wrong type is an error, as in kubeadm itself.

Transcribed from Kubernetes' Go types, field by field; `model_for` finds the model of a document.
"""

from typing import Any

from pydantic import BaseModel

from tests.support.kubeadm_types import components, v1beta2, v1beta3, v1beta4

_MODULES = {
    "kubeadm.k8s.io/v1beta2": v1beta2,
    "kubeadm.k8s.io/v1beta3": v1beta3,
    "kubeadm.k8s.io/v1beta4": v1beta4,
    "kubelet.config.k8s.io/v1beta1": components,
    "kubeproxy.config.k8s.io/v1alpha1": components,
}


def model_for(document: dict[str, Any]) -> type[BaseModel]:
    """The model of the document's apiVersion and kind; KeyError or AttributeError if upstream has no such type."""
    model: type[BaseModel] = getattr(_MODULES[document["apiVersion"]], document["kind"])
    return model
