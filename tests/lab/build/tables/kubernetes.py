"""Kubernetes' repositories, one for each minor: real programs, and beside 1.20.2 two that only know their version."""

from collections.abc import Iterable
from dataclasses import replace

from ..rpms import Package
from .lines import DEFAULT, Line

CRI_TOOLS_OF_1_20 = "1.13.0"
CNI_OF_1_20 = "0.8.7"
CNI = "1.9.1"
KUBELET_FOLDERS = ("etc/kubernetes/manifests", "var/lib/kubelet")


def packages(lines: Iterable[Line]) -> tuple[Package, ...]:
    """The packages of one minor's repository; `lines` are the patches of it."""
    patches = tuple(lines)
    programs = [package for line in patches for package in _programs(line)]
    if patches[0].version == DEFAULT:
        return (*programs, *_newer("1.20.5", patches[0]), *_newer("1.28.2", patches[0]), *_tools_of_1_20())
    release = patches[0].release
    return (
        *programs,
        Package("cri-tools", f"{patches[0].minor}.0", release, files={"usr/bin/crictl": "crictl/crictl"}),
        Package("kubernetes-cni", CNI, release, files={"opt/cni/bin": "cni-plugins"}),
    )


def _programs(line: Line) -> tuple[Package, ...]:
    return tuple(
        replace(package, files={f"usr/bin/{package.name}": f"{line.source}/{package.name}"})
        for package in _without_programs(line.version, line)
    )


def _without_programs(version: str, line: Line) -> tuple[Package, ...]:
    return (
        Package(
            "kubelet",
            version,
            line.release,
            requires=_kubelet_needs(line),
            tree="kubelet",
            directories=KUBELET_FOLDERS,
            unit="kubelet.service",
        ),
        Package(
            "kubeadm",
            version,
            line.release,
            requires=_kubeadm_needs(line),
            tree="kubeadm",
            unit="kubelet.service",
        ),
        Package("kubectl", version, line.release),
    )


def _kubelet_needs(line: Line) -> tuple[str, ...]:
    return (f"kubernetes-cni >= {line.cni}", *line.helpers)


def _kubeadm_needs(line: Line) -> tuple[str, ...]:
    if not line.asks_for_cri_tools:
        return ()
    if line.version == DEFAULT:
        return ("cri-tools >= 1.13.0", "kubectl >= 1.13.0", "kubelet >= 1.13.0", f"kubernetes-cni >= {line.cni}")
    return (f"cri-tools >= {line.minor}.0",)


def _tools_of_1_20() -> tuple[Package, ...]:
    cni = {"opt/cni/bin": "debs/containernetworking-plugins/usr/lib/cni"}
    return (
        Package("cri-tools", CRI_TOOLS_OF_1_20, "0", files={"usr/bin/crictl": "crictl/crictl"}),
        Package("kubernetes-cni", CNI_OF_1_20, "0", files=cni),
    )


def _stub(version: str, *prefix: str) -> str:
    """Return a program that only knows its version: enough for what must never be installed."""
    return f'#!/bin/sh\necho "{" ".join([*prefix, f"v{version}"])}"\n'


def _newer(version: str, line: Line) -> tuple[Package, ...]:
    prefixes = {"kubelet": ["Kubernetes"]}
    return tuple(
        replace(package, scripts={f"usr/bin/{package.name}": _stub(version, *prefixes.get(package.name, []))})
        for package in _without_programs(version, line)
    )
