"""Kubernetes: 1.20.2 is real, newer releases only know their version, which is what they are there for."""

from ..rpms import Package

KUBELET_NEEDS = (
    "kubernetes-cni >= 0.8.6",
    "conntrack",
    "ebtables",
    "ethtool",
    "iproute",
    "iptables >= 1.4.21",
    "socat",
    "util-linux",
)
KUBEADM_NEEDS = ("cri-tools >= 1.13.0", "kubectl >= 1.13.0", "kubelet >= 1.13.0", "kubernetes-cni >= 0.8.6")
KUBELET_FOLDERS = ("etc/kubernetes/manifests", "var/lib/kubelet")


def _stub(version: str, *prefix: str) -> str:
    """Return a program that only knows its version: enough for what must never be installed."""
    return f'#!/bin/sh\necho "{" ".join([*prefix, f"v{version}"])}"\n'


def _newer(version: str) -> tuple[Package, ...]:
    return (
        Package(
            "kubelet",
            version,
            "0",
            requires=KUBELET_NEEDS,
            tree="kubelet",
            scripts={"usr/bin/kubelet": _stub(version, "Kubernetes")},
            directories=KUBELET_FOLDERS,
            unit="kubelet.service",
        ),
        Package(
            "kubeadm",
            version,
            "0",
            requires=KUBEADM_NEEDS,
            tree="kubeadm",
            scripts={"usr/bin/kubeadm": _stub(version)},
            unit="kubelet.service",
        ),
        Package("kubectl", version, "0", scripts={"usr/bin/kubectl": _stub(version)}),
    )


KUBERNETES = (
    Package(
        "kubelet",
        "1.20.2",
        "0",
        requires=KUBELET_NEEDS,
        tree="kubelet",
        files={"usr/bin/kubelet": "kubernetes/kubelet"},
        directories=KUBELET_FOLDERS,
        unit="kubelet.service",
    ),
    Package(
        "kubeadm",
        "1.20.2",
        "0",
        requires=KUBEADM_NEEDS,
        tree="kubeadm",
        files={"usr/bin/kubeadm": "kubernetes/kubeadm"},
        unit="kubelet.service",
    ),
    Package("kubectl", "1.20.2", "0", files={"usr/bin/kubectl": "kubernetes/kubectl"}),
    *_newer("1.20.5"),
    *_newer("1.28.2"),
    Package("cri-tools", "1.13.0", "0", files={"usr/bin/crictl": "kubernetes/labcrictl"}),
    Package(
        "kubernetes-cni",
        "0.8.7",
        "0",
        files={"opt/cni/bin": "debs/containernetworking-plugins/usr/lib/cni"},
    ),
)
