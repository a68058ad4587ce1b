"""Programs that are built from Go modules: by modfile, their main packages and how they are linked."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from .lines import Line

_K8S = "k8s.io/kubernetes/cmd"
_CNI = "github.com/containernetworking/plugins/plugins"
_CONTAINERD = "github.com/containerd/containerd/v2"
_ETCD = tuple(f"go.etcd.io/etcd/{name}/v3" for name in ("server", "etcdctl", "etcdutl"))


@dataclass(frozen=True)
class Module:
    """What one modfile builds.

    + name: of the modfile below modules/, and of the cache's folder
    + packages: main packages; each program is called as `go build` calls it
    + stamp: what the linker sets, Go variable -> value
    + cgo: whether a C compiler is needed; it is linked statically all the same
    + modfile: another than its own
    + test: whether the packages are tests, whose program is called PACKAGE.test
    """

    name: str
    packages: tuple[str, ...]
    stamp: Mapping[str, str] = field(default_factory=dict)
    cgo: bool = False
    modfile: str = ""
    test: bool = False


MODULES = {
    module.name: module
    for module in (
        *(Module(f"etcd-{name}", _ETCD) for name in ("3.5.16", "3.6", "3.6.8", "3.7")),
        Module("coredns", ("./coredns",)),
        Module(
            "flannel",
            ("github.com/flannel-io/flannel",),
            {"github.com/flannel-io/flannel/pkg/version.Version": "v0.28.9"},
            cgo=True,
        ),
        Module(
            "crictl",
            ("sigs.k8s.io/cri-tools/cmd/crictl",),
            {"sigs.k8s.io/cri-tools/pkg/version.Version": "v1.34.0"},
        ),
        Module(
            "cni-plugins",
            tuple(
                f"{_CNI}/{kind}/{name}"
                for kind, names in {
                    "main": "bridge dummy host-device ipvlan loopback macvlan ptp tap vlan",
                    "ipam": "dhcp host-local static",
                    "meta": "bandwidth firewall portmap sbr tuning vrf",
                }.items()
                for name in names.split()
            ),
            {"github.com/containernetworking/plugins/pkg/utils/buildversion.BuildVersion": "v1.9.1"},
        ),
        Module("stand-ins", ("./labcniflannel", "./labpause"), modfile="cni-plugins"),
        Module(
            "containerd-2.2",
            tuple(f"{_CONTAINERD}/cmd/{name}" for name in ("containerd", "containerd-shim-runc-v2", "ctr")),
            {f"{_CONTAINERD}/version.Version": "v2.2.9"},
        ),
    )
}
PROGRAMS = (
    "kubeadm",
    "kubelet",
    "kubectl",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
)


def kubernetes(line: Line) -> Module:
    """Kubernetes' programs; unless they are told their version, kubeadm takes itself for a placeholder."""
    major, minor, _ = line.version.split(".")
    version = {"gitVersion": f"v{line.version}", "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    places = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    stamp = {f"{place}.{name}": value for place in places for name, value in version.items()}
    return Module(line.source, tuple(f"{_K8S}/{name}" for name in PROGRAMS), stamp)


def e2e_kubeadm(line: Line) -> Module:
    """Kubernetes' own tests of what kubeadm has made, as they are."""
    packages = ("k8s.io/kubernetes/test/e2e_kubeadm",)
    return Module(f"e2e-kubeadm-{line.version}", packages, modfile=line.source, test=True)
