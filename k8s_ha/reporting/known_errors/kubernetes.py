"""The known errors of kubeadm and the kubelet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from k8s_ha.reporting.known_errors.models import KnownError

_CHECKS: Final = "https://github.com/kubernetes/kubernetes/blob/v1.20.2/cmd/kubeadm/app/preflight/checks.go"
_KUBERNETES: Final = "https://github.com/kubernetes/kubernetes/"
_RESET: Final = "run `kubeadm reset` there if nothing of it is needed, then run this again"

KUBERNETES: Final[Sequence[KnownError]] = (
    # kubeadm's preflight
    KnownError(
        r"\[ERROR Port-(?P<port>\d+)\]",
        "port {port} is in use",
        "see by what (`ss -ltnp`) and stop it; where it is an older cluster, " + _RESET,
        _CHECKS,
    ),
    KnownError(
        r"\[ERROR (?:File|Dir)Available--etc-kubernetes\S*\]: (?P<path>\S+) (?:already exists|is not empty)",
        "{path} is left of an older cluster",
        _RESET,
        _CHECKS,
    ),
    KnownError(
        r"\[ERROR DirAvailable--var-lib-etcd\]",
        "/var/lib/etcd holds the data of an older etcd",
        "save it if that cluster matters; else " + _RESET,
        _CHECKS,
    ),
    KnownError(
        r"unknown service runtime\.v1(?:alpha2)?\.RuntimeService",
        "the container runtime offers no CRI: its plugin is disabled, or its version does not fit this Kubernetes",
        'look for disabled_plugins = ["cri"] in /etc/containerd/config.toml; run this again, which writes that file',
        "https://github.com/containerd/containerd/issues/4581",
    ),
    KnownError(
        r"\[ERROR CRI\].*(?:connect|no such file)",
        "the container runtime does not answer at its socket",
        "see `systemctl status containerd docker` there, then run this again",
        _CHECKS,
    ),
    KnownError(
        r"\[ERROR FileContent--proc-sys-net-ipv4-ip_forward\]",
        "the kernel does not forward IPv4 packets",
        "see who sets net.ipv4.ip_forward = 0 behind /etc/sysctl.d/k8s.conf (`sysctl --system`), then run this again",
        _CHECKS,
    ),
    KnownError(
        r"\[ERROR FileContent--proc-sys-net-bridge-bridge-nf-call-iptables\]",
        "bridged packets do not pass iptables: br_netfilter is not loaded or its switch is off",
        "run `modprobe br_netfilter && sysctl --system` there; where that fails, boot the kernel that is installed",
        _CHECKS,
    ),
    KnownError(
        r"\[ERROR FileExisting-(?P<program>[\w-]+)\]",
        "the program {program} is missing",
        "install the package that has it (`yum provides '*bin/{program}'`), then run this again",
        _CHECKS,
    ),
    KnownError(
        r"\[ERROR KubeletVersion\].* version: \W(?P<kubelet>[\d.]+)\W Control plane version: \W(?P<version>[\d.]+)",
        "the installed kubelet {kubelet} is newer than the cluster's {version}",
        "set kubernetes_version = '{kubelet}', or remove kubelet and run this again",
        _CHECKS,
    ),
    KnownError(
        r"\[ERROR IsPrivilegedUser\]",
        "kubeadm does not run as root",
        "log in as root, or set _sudo = True",
        _CHECKS,
    ),
    KnownError(
        r"\[ERROR NumCPU\].* (?P<found>\d+) is less than the required (?P<wanted>\d+)",
        "the host has {found} CPU, a control plane needs {wanted}",
        "give it more, or make it a worker",
        _CHECKS,
    ),
    KnownError(
        r"\[ERROR Mem\].*\((?P<found>\d+) MB\) is less than the minimum (?P<wanted>\d+) MB",
        "the host has {found} MB of memory, a control plane needs {wanted}",
        "give it more, or make it a worker",
        _CHECKS,
    ),
    KnownError(
        r"\[ERROR Swap\]|running with swap on is not supported",
        "swap is on",
        "run `swapoff -a` there and find what turns it on again (fstab, a swap unit, zram)",
        _CHECKS,
    ),
    KnownError(
        r"\[ERROR SystemVerification\].*kernel release (?P<kernel>\S+) is unsupported",
        "this Kubernetes' kubeadm refuses the kernel {kernel}",
        "choose a version that docs/versions.md allows, or set accepted_risks = ['SystemVerification']",
        "https://github.com/kubernetes/system-validators/pull/37",
    ),
    KnownError(
        r"\[ERROR ImagePull\]: failed to pull image (?P<image>[^\s:,]+(?::[^\s:,]+)?)",
        "the image {image} could not be pulled",
        "open the way to its registry, or choose another mirror or image_repository",
        _CHECKS,
    ),
    # kubeadm at work
    KnownError(
        r"couldn't validate the identity of the API Server: .*dial tcp (?P<address>\S+): (?P<why>.*)",
        "the API server at {address} cannot be reached ({why})",
        "see the load balancer and the control planes behind it, then run this again",
        _KUBERNETES + "blob/v1.20.2/cmd/kubeadm/app/discovery/token/token.go",
    ),
    KnownError(
        r"could not find a JWS signature in the cluster-info ConfigMap|token id .* is invalid for this cluster",
        "the cluster does not know the join token, or it has expired",
        "run this again, which makes a new one; where that does not help, compare the hosts' clocks",
        "https://github.com/kubernetes/kubeadm/issues/1988",
    ),
    KnownError(
        r"Secret \"kubeadm-certs\" was not found|error decrypting|cipher: message authentication failed",
        "the uploaded certificates have expired, or are of another run",
        "run this again, which uploads them anew",
        "https://kubernetes.io/docs/setup/production-environment/tools/kubeadm/high-availability/",
    ),
    KnownError(
        r"certificate has expired or is not yet valid",
        "a certificate is not valid at this host's time",
        "compare the hosts' clocks (`chronyc tracking`); where they are right, `pyinfra inventory.py "
        "k8s_ha.renew_certificates`",
        "https://kubernetes.io/docs/tasks/administer-cluster/kubeadm/kubeadm-certs/",
    ),
    KnownError(
        r"etcd cluster is not healthy|etcdserver: (?:unhealthy cluster|.*not enough started members)",
        "etcd takes no new member, because one that it has is not healthy",
        "fix or remove that member first (`etcdctl endpoint health --cluster`), then run this again",
        "https://github.com/kubernetes/kubeadm/issues/2095",
    ),
    # the kubelet
    KnownError(
        r"kubelet cgroup driver: \W*(?P<kubelet>\w+)\W* is different from docker cgroup driver: \W*(?P<docker>\w+)",
        "the kubelet uses the cgroup driver {kubelet}, Docker uses {docker}",
        "set native.cgroupdriver=systemd in /etc/docker/daemon.json and cgroupDriver: systemd for the kubelet",
        _KUBERNETES + "blob/v1.20.2/pkg/kubelet/dockershim/docker_service.go",
    ),
    KnownError(
        r"failed to parse kubelet flag: unknown flag: (?P<flag>--[\w-]+)|^kubelet: .*unknown flag: (?P<other>--[\w-]+)",
        "this kubelet does not know the flag {flag}{other}, which somebody gives it",
        "find it by `systemctl cat kubelet`, /etc/sysconfig/kubelet and kubeadm-flags.env there, and take it out",
        "https://github.com/kubernetes-sigs/kubespray/issues/8924",
    ),
    KnownError(
        r"configured to not run on a host using cgroup v1",
        "from Kubernetes 1.35 on the kubelet refuses cgroup v1",
        "boot with systemd.unified_cgroup_hierarchy=1, or set accepted_risks = ['SystemVerification', 'cgroup-v1']",
        _KUBERNETES + "pull/134298",
    ),
    KnownError(
        r"Cannot connect to the Docker daemon",
        "Docker does not run",
        "see `journalctl -u docker` there, then run this again",
        _KUBERNETES + "blob/v1.20.2/pkg/kubelet/dockershim/libdocker/client.go",
    ),
    KnownError(
        r"runtime version failed.*dial unix (?P<socket>\S+?):",
        "the kubelet finds no container runtime at {socket}",
        "see `systemctl status containerd` there, then run this again",
        _KUBERNETES + "blob/v1.20.2/pkg/kubelet/cri/remote/remote_runtime.go",
    ),
    KnownError(
        r"failed to load [Kk]ubelet config file(?: path:)? (?P<path>[^\s,]+)",
        "the kubelet has no configuration at {path}: kubeadm has not come that far",
        "see kubeadm's own error above",
        _KUBERNETES + "blob/v1.20.2/cmd/kubelet/app/server.go",
    ),
    KnownError(
        r"Failed to admit pod.*ephemeral-storage",
        "the kubelet refused a pod before it had seen the size of its disk",
        "restart that kubelet, then run this again",
        _KUBERNETES + "issues/99305",
    ),
)

GENERAL: Final[Sequence[KnownError]] = (
    KnownError(
        r"\[kubelet-check\] It seems|timed out waiting for the condition",
        "the kubelet or a container of the control plane did not come up in time",
        "see `journalctl -u kubelet` and `crictl ps -a` there, fix what they say, and run this again",
        _KUBERNETES + "blob/v1.20.2/cmd/kubeadm/app/cmd/phases/init/waitcontrolplane.go",
    ),
)
"""What holds where nothing more particular is known."""
