"""What the simulated hosts hold, and what kubeadm makes of it."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import yaml

from k8s_ha.facts.node import INIT_MARKER
from tests.support.fakes.scenario import SETTINGS, Scenario
from tests.support.paths import RECORDED

RECORDED_NODE = RECORDED / "node-control-plane.txt"
KUBERNETES = "/etc/kubernetes"
KUBELET = "kubelet.service"
ENDPOINT = "10.0.1.157:6443"
VIRGIN_FILES = {
    "/etc/hosts": "127.0.0.1 localhost\n",
    "/etc/nginx/nginx.conf": "include /usr/share/nginx/modules/*.conf;\n",
}
CONTROL_PLANE_FILES = (
    "pki/ca.crt",
    "admin.conf",
    "kubelet.conf",
    "manifests/kube-apiserver.yaml",
    "manifests/etcd.yaml",
)


class KubeadmError(Exception):
    """What kubeadm ends with; its text is the last line of kubeadm's output."""


@dataclass
class Machine:
    """One host: text by path, version by package, units by state, its hostname.

    + looks_until_back: how often its API server or kubelet is found not ready, after its container runtime restarted
    + kubelet: version of the one that runs, as x.y.z; empty before it is a node
    + static_pods: version of its control plane's; empty where it has none
    + booted, glibc: when it booted last, and when its glibc came; seconds since 1970
    + cri: what its kubelet speaks to; empty for what the settings say
    + set_aside: what a change that is not over has kept
    + loose: whether its etcd's file is mostly empty
    + free_kib: KiB that are free on the disk of its etcd
    + broken: whether its API server does not come up before kubeadm has upgraded it, or renewed its certificates
    + sans: names in its API server's certificate
    + certificates, kubelet_certificate: days until they end; None where nobody has a look at them
    + etcd_renewed: whether etcd's are new, and the others are not yet
    + lacking_keys: of CAs
    + ahead: seconds by which its clock is
    """

    name: str
    address: str
    hostname: str = "localhost"
    files: dict[str, str] = field(default_factory=dict)
    modes: dict[str, str] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)
    active: list[str] = field(default_factory=lambda: ["firewalld.service"])
    enabled: list[str] = field(default_factory=lambda: ["firewalld.service"])
    looks_until_back: int = 0
    kubelet: str = ""
    static_pods: str = ""
    booted: int = 100
    glibc: int = 50
    cri: str = ""
    set_aside: list[str] = field(default_factory=list)
    broken: bool = False
    sans: list[str] = field(default_factory=list)
    certificates: float | None = None
    kubelet_certificate: float | None = None
    etcd_renewed: bool = False
    lacking_keys: list[str] = field(default_factory=list)
    ahead: int = 0
    loose: bool = False
    free_kib: int = 1024 * 1024

    def write(self, path: str, text: str, mode: str = "600") -> None:
        self.files[path] = text
        self.modes[path] = mode

    def is_back(self) -> bool:
        """Whether a look finds it ready; each look takes it nearer to that."""
        back = self.looks_until_back == 0
        self.looks_until_back -= not back
        return back

    def version_of(self, package: str) -> str:
        """The installed version, without its release; empty where it is not installed."""
        return self.packages.get(package, "").partition("-")[0]

    def serves(self) -> bool:
        """Whether its API server, which its kubelet runs, is there to answer."""
        return f"{KUBERNETES}/admin.conf" in self.files and KUBELET in self.active and not self.broken

    def config(self, path: str) -> dict[str, Any]:
        """A kubeadm configuration file, its documents merged and by kind; used up, as kubeadm's wrapper does it."""
        merged: dict[str, Any] = {"documents": {}}
        for document in yaml.safe_load_all(self.files.pop(path)):
            merged |= document
            merged["documents"][document["kind"]] = document
        return merged


@dataclass
class World:
    """All hosts, and the cluster as its API tells it.

    + nodes: by hostname, whether the node is a control plane
    + members: of etcd, by hostname
    + tokens: bootstrap tokens that a join may use
    + secrets: names of join secrets, as kubectl prints them
    + certificate_key: of the uploaded certificates
    + manifest: digest of the applied pod network, empty before
    + kept: what the cluster keeps of its configuration, by kind
    + noted: what ConfigMaps note as kept before, by their names
    + cluster_info, kube_proxy_server: the server that joining hosts are told, and that kube-proxy asks
    + own_flags: flags that somebody has written into each manifest, by component
    + metadata: labels, taints and the annotation that this package wrote, by hostname
    + cordoned: moment of this package's cordon, by hostname
    + etcd_leader: hostname of the control plane that leads etcd; empty for another than whoever is asked
    + etcd_storage: what each member tells of its file beside the usual, as its API names it
    + history: what the last run did to the nodes, in its order (see ``upgrades``)
    """

    machines: dict[str, Machine]
    nodes: dict[str, bool] = field(default_factory=dict)
    members: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    certificate_key: str = ""
    manifest: str = ""
    kept: dict[str, Any] = field(default_factory=dict)
    noted: dict[str, str] = field(default_factory=dict)
    cluster_info: str = ""
    kube_proxy_server: str = ""
    own_flags: dict[str, list[str]] = field(default_factory=dict)
    metadata: dict[str, dict[str, Any]] = field(default_factory=dict)
    cordoned: dict[str, str] = field(default_factory=dict)
    etcd_leader: str = ""
    etcd_storage: dict[str, Any] = field(default_factory=dict)
    history: list[str] = field(default_factory=list)

    @property
    def version(self) -> str:
        """What the cluster keeps as its version, as x.y.z."""
        return str(self.kept["ClusterConfiguration"]["kubernetesVersion"]).removeprefix("v")

    @classmethod
    def load(cls, path: Path, scenario: Scenario) -> World:
        """The world that an earlier run left in ``path``, else one of clean hosts."""
        if path.exists():
            saved = json.loads(path.read_text(encoding="utf-8"))
            saved["machines"] = {name: Machine(**machine) for name, machine in saved["machines"].items()}
            return cls(**saved)
        hosts = scenario.addresses.items()
        return cls({name: Machine(name, address, files=dict(VIRGIN_FILES)) for name, address in hosts})

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    def forget(self, name: str) -> None:
        """A host replaced by a blank one of the same name, and its node and etcd member removed."""
        hostname = self.machines[name].hostname
        self.replace(name)
        self.nodes.pop(hostname, None)
        self.members = [member for member in self.members if member != hostname]

    def replace(self, name: str) -> None:
        """A host replaced by a blank one of the same name; the cluster knows nothing of it."""
        replaced = self.machines[name]
        self.machines[name] = Machine(name, replaced.address, replaced.hostname, files=dict(VIRGIN_FILES))

    def cut_off(self, name: str) -> None:
        """A join that got no further than the kubelet's first identity, and no node of it."""
        self.forget(name)
        self.machines[name].write(f"{KUBERNETES}/bootstrap-kubelet.conf", f"    server: https://{ENDPOINT}\n")
        self.machines[name].write(f"{KUBERNETES}/pki/ca.crt", ca_certificate())

    def init_cut_off(self, name: str) -> None:
        """An init that got as far as an API server that answers, with a node and an etcd member of its own."""
        machine = self.machines[name]
        for path in CONTROL_PLANE_FILES:
            machine.write(f"{KUBERNETES}/{path}", f"    server: https://{ENDPOINT}\n")
        machine.write(f"{KUBERNETES}/pki/ca.crt", ca_certificate())
        machine.write(INIT_MARKER, "")
        machine.active.append(KUBELET)
        machine.kubelet = machine.static_pods = SETTINGS["kubernetes_version"]
        self.nodes, self.members = {machine.hostname: False}, [machine.hostname]

    def reset(self, machine: Machine) -> None:
        """What kubeadm reset leaves of a host, and of a cluster that had no other."""
        if self.members == [machine.hostname]:
            self.nodes, self.members, self.tokens, self.secrets = {}, [], [], []
            self.manifest, self.metadata = "", {}
        machine.files = {path: text for path, text in machine.files.items() if not path.startswith(KUBERNETES)}
        machine.active = [unit for unit in machine.active if unit != KUBELET]
        machine.kubelet = machine.static_pods = ""

    def prepare(self) -> None:
        """Bring the hosts to where the phases before the control plane leave them, as far as that phase looks."""
        for machine in self.machines.values():
            machine.hostname = machine.name
        self.machines["master-lb"].active.append("nginx.service")

    def endpoint_open(self) -> bool:
        """Whether somebody listens there: a balancer, or the only control plane where no host is to be one."""
        if "master-lb" not in self.machines:
            return any(machine.serves() for machine in self.machines.values())
        return any("nginx.service" in machine.active for machine in self.machines.values())

    def kubeadm(self, machine: Machine, name: str, config: dict[str, Any]) -> None:
        """The effect of ``kubeadm-init``, ``kubeadm-join`` or ``kubeadm-upload-certs``; KubeadmError where it fails."""
        KUBEADM[name](self, machine, config)

    def init(self, machine: Machine, config: Mapping[str, Any]) -> None:
        self._admit(config["bootstrapTokens"][0]["token"])
        self.upload_certificates(machine, config)
        self.kept = config["documents"]
        self.cluster_info = self.kube_proxy_server = f"https://{config['controlPlaneEndpoint']}"
        self._add(machine, config, config["controlPlaneEndpoint"], control_plane=True)

    def join(self, machine: Machine, config: Mapping[str, Any]) -> None:
        discovery = config["discovery"]["bootstrapToken"]
        control_plane = config.get("controlPlane")
        if discovery["token"] not in self.tokens:
            raise KubeadmError("couldn't validate the identity of the API Server: unknown bootstrap token")
        if control_plane and control_plane["certificateKey"] != self.certificate_key:
            raise KubeadmError("error decrypting secret kubeadm-certs")
        self._add(machine, config, discovery["apiServerEndpoint"], control_plane=bool(control_plane))

    def upload_certificates(self, _: Machine, config: Mapping[str, Any]) -> None:
        self.certificate_key = config["certificateKey"]
        self.secrets += ["secret/kubeadm-certs"] * ("secret/kubeadm-certs" not in self.secrets)

    def _admit(self, token: str) -> None:
        self.tokens.append(token)
        self.secrets.append(f"secret/bootstrap-token-{token.partition('.')[0]}")

    def token_created(self, manifest: Mapping[str, Any]) -> None:
        """A bootstrap token, given as a Secret."""
        data = {key: b64decode(value).decode() for key, value in manifest["data"].items()}
        self._admit(f"{data['token-id']}.{data['token-secret']}")

    def secrets_deleted(self, names: list[str]) -> None:
        identities = [name.removeprefix("secret/bootstrap-token-") for name in names]
        self.secrets = [name for name in self.secrets if name not in names]
        self.tokens = [token for token in self.tokens if token.partition(".")[0] not in identities]
        if "secret/kubeadm-certs" in names:
            self.certificate_key = ""

    def _add(self, machine: Machine, config: Mapping[str, Any], endpoint: str, control_plane: bool) -> None:
        name = config["nodeRegistration"]["name"]
        if name in self.nodes or name in self.members:
            raise KubeadmError(f"a Node or an etcd member {name} exists already")
        self.nodes[name] = control_plane
        arguments = by_name(config["nodeRegistration"]["kubeletExtraArgs"])
        labels = dict(pair.split("=", 1) for pair in arguments.get("node-labels", "").split(",") if pair)
        self.metadata[name] = {"labels": labels, "taints": config["nodeRegistration"].get("taints") or [], "owned": ""}
        self.members += [name] * control_plane
        for name in CONTROL_PLANE_FILES if control_plane else ("kubelet.conf", "pki/ca.crt"):
            machine.write(f"{KUBERNETES}/{name}", f"    server: https://{endpoint}\n")
        machine.write(f"{KUBERNETES}/pki/ca.crt", ca_certificate())
        machine.active.append(KUBELET)
        machine.kubelet = machine.version_of("kubelet") or self.version
        machine.static_pods = self.version if control_plane else ""
        kept = self.kept["ClusterConfiguration"].get("apiServer", {}).get("certSANs", [])
        machine.sans = [machine.hostname, "kubernetes", machine.address, *kept] if control_plane else []


def by_name(arguments: Any) -> dict[str, str]:
    """Arguments as either form of kubeadm's configuration has them."""
    return arguments if isinstance(arguments, dict) else {item["name"]: item["value"] for item in arguments}


def minor(version: str) -> int:
    """The second number of a version."""
    return int(version.split(".")[1])


KUBEADM = {"kubeadm-init": World.init, "kubeadm-join": World.join, "kubeadm-upload-certs": World.upload_certificates}


def ca_certificate() -> str:
    """A cluster's CA certificate."""
    lines = RECORDED_NODE.read_text(encoding="utf-8").splitlines()
    return "".join(f"{line.removeprefix('authority ')}\n" for line in lines if line.startswith("authority "))
