"""What stands on a host around the cluster: a table of what it told to the exact findings."""

from __future__ import annotations

from typing import Any

import pytest

from k8s_ha.findings import Finding
from k8s_ha.observations.boot import BootState
from k8s_ha.observations.surroundings import OWN_RESOLVER, RESOLVED, Resolver, Surroundings, UnitLine
from k8s_ha.observations.units import UnitState
from k8s_ha.preflight_checks.model import HostContext
from tests.support.cases import context, found, warning

NODE = {"node": True, "hostname": "worker1"}
RUNNING = UnitState("loaded", True, "enabled")
MASKED = UnitState("masked", False, "masked")
DROP_INS = "/etc/systemd/system/kubelet.service.d"
USER_DATA = "/var/lib/cloud/instance/cloud-config.txt"


def around(
    host: str = "worker1",
    *,
    case_of: dict[str, Any] | None = None,
    units: dict[str, UnitState] | None = None,
    **reported: Any,
) -> HostContext:
    return context(host, boot=BootState(units=units or {}), surroundings=Surroundings(**reported), **case_of or {})


def resolving(
    *servers: str, dangles: str = "", case_of: dict[str, Any] | None = None, host: str = "worker1"
) -> HostContext:
    return around(host, resolvers={OWN_RESOLVER: Resolver(servers, dangles)}, case_of=case_of)


def resolver(what: str, severity: Any = "error") -> Finding:
    return Finding(
        "worker1",
        "resolver",
        what,
        "CoreDNS forwards what is not the cluster's to the host's name servers",
        "name one there that pods reach, or set resolvConf in kubeadm_patches' KubeletConfiguration",
        severity,
    )


LOOPBACK = "/etc/resolv.conf has no name server but {}, which is the pod itself in a pod"
STUB = {OWN_RESOLVER: Resolver(("127.0.0.53",)), RESOLVED: Resolver(("10.0.0.2",))}

RESOLVERS: dict[str, tuple[HostContext, list[Finding]]] = {
    "one": (resolving("10.0.0.2"), []),
    "nobody told": (around(), []),
    "empty": (resolving(), [resolver("/etc/resolv.conf names no name server")]),
    "missing": (around(resolvers={}), [resolver("has no /etc/resolv.conf")]),
    "a dead link": (
        resolving(dangles="../run/resolvconf/resolv.conf"),
        [resolver("/etc/resolv.conf leads to ../run/resolvconf/resolv.conf, which is not there")],
    ),
    "dnsmasq on the host": (resolving("127.0.0.1"), [resolver(LOOPBACK.format("127.0.0.1"))]),
    "both loopbacks": (resolving("127.0.0.1", "::1"), [resolver(LOOPBACK.format("127.0.0.1 and ::1"))]),
    "one of two": (
        resolving("127.0.0.1", "10.0.0.2"),
        [
            resolver(
                "/etc/resolv.conf has 127.0.0.1 among its name servers, which is the pod itself in a pod", "warning"
            )
        ],
    ),
    "a node": (resolving(case_of={"surveyed": NODE}), [resolver("/etc/resolv.conf names no name server", "warning")]),
    "a load balancer": (resolving(host="master-lb"), []),
    "more than pods get": (
        resolving("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"),
        [resolver("/etc/resolv.conf has 4 name servers, and pods get the first 3", "warning")],
    ),
    "systemd-resolved": (around(resolvers=STUB, units={"systemd-resolved.service": RUNNING}), []),
    "systemd-resolved's stub without it": (around(resolvers=STUB), [resolver(LOOPBACK.format("127.0.0.53"))]),
    "systemd-resolved that knows none": (
        around(
            resolvers=STUB | {RESOLVED: Resolver()},
            units={"systemd-resolved.service": RUNNING},
        ),
        [resolver(f"{RESOLVED} names no name server")],
    ),
    "a file of the user's own": (
        resolving(
            case_of={"settings": {"kubeadm_patches": {"KubeletConfiguration": {"resolvConf": "/etc/k8s-resolv.conf"}}}}
        ),
        [],
    ),
}


def unit(what: str, wanted: str, remedy: str, severity: Any = "error", host: str = "worker1") -> Finding:
    return Finding(host, "units", what, wanted, remedy, severity)


def line(file: str, text: str) -> UnitLine:
    return UnitLine(f"{DROP_INS}/{file}", text)


def extra(flags: str, **case_of: Any) -> HostContext:
    return around(
        kubelet_environment=(UnitLine("/etc/sysconfig/kubelet", f'KUBELET_EXTRA_ARGS="{flags}"'),), case_of=case_of
    )


def gives(flag: str, wanted: str = "Kubernetes 1.30.14 has no such flag", severity: Any = "error") -> Finding:
    return unit(f"/etc/sysconfig/kubelet gives the kubelet {flag}", wanted, "remove it in that file", severity)


AWAY = "move that file away if nothing needs it"
OLD = "/etc/systemd/system/kubelet.service"

UNITS: dict[str, tuple[HostContext, list[Finding]]] = {
    "no files of the kubelet": (around(), []),
    "docker's masked units without Docker": (around(units={"docker.socket": MASKED, "nginx.service": MASKED}), []),
    "what a node runs is masked": (
        around(units={"containerd.service": MASKED, "kubelet.service": MASKED}),
        [
            unit(
                f"{name}.service is masked",
                "this run starts it, and so does the boot",
                f"run `systemctl unmask {name}.service` there",
            )
            for name in ("containerd", "kubelet")
        ],
    ),
    "a load balancer's masked nginx": (
        around("master-lb", units={"nginx.service": MASKED, "kubelet.service": MASKED}),
        [
            unit(
                "nginx.service is masked",
                "this run starts it, and so does the boot",
                "run `systemctl unmask nginx.service` there",
                host="master-lb",
            )
        ],
    ),
    "docker's masked socket": (
        around(units={"docker.socket": MASKED}, case_of={"settings": {"container_runtime": "docker"}}),
        [
            unit(
                "docker.socket is masked",
                "this run starts it, and so does the boot",
                "run `systemctl unmask docker.socket` there",
            )
        ],
    ),
    "flags that have gone": (
        extra("--network-plugin=cni --v=2 --container-runtime remote --node-labels=a=b"),
        [gives("--network-plugin=cni"), gives("--container-runtime=remote")],
    ),
    "flags that have gone, of a node": (
        extra("--network_plugin=cni", surveyed=NODE),
        [gives("--network-plugin=cni", severity="warning")],
    ),
    "flags that this line still has": (
        extra("--pod-infra-container-image=x/pause:3.9 --keep-terminated-pod-volumes"),
        [],
    ),
    "a cloud of the kubelet's own": (
        extra("--cloud-provider=aws"),
        [gives("--cloud-provider=aws", "this kubelet knows no cloud but external")],
    ),
    "a cloud from outside": (extra("--cloud-provider=external"), []),
    "another runtime's settings": (
        extra("--cgroup-driver=cgroupfs --container-runtime-endpoint=unix:///run/crio/crio.sock"),
        [
            gives("--cgroup-driver=cgroupfs", "this run sets systemd"),
            gives(
                "--container-runtime-endpoint=unix:///run/crio/crio.sock",
                "this run sets unix:///run/containerd/containerd.sock",
            ),
        ],
    ),
    "the same settings": (
        extra(
            "--cgroup-driver=systemd --hostname-override=worker1 "
            "--container-runtime-endpoint=/run/containerd/containerd.sock"
        ),
        [],
    ),
    "another name": (
        extra("--hostname-override=node-7"),
        [gives("--hostname-override=node-7", "this run sets worker1")],
    ),
    "a drop-in of another installer": (
        around(
            kubelet=(
                line("20-net.conf", 'Environment="KUBELET_EXTRA_ARGS=--cni-bin-dir=/opt/cni/bin" "UNUSED=--docker=x"'),
            )
        ),
        [
            unit(
                f"{DROP_INS}/20-net.conf gives the kubelet --cni-bin-dir=/opt/cni/bin",
                "Kubernetes 1.30.14 has no such flag",
                "remove it in that file",
            )
        ],
    ),
    "the packages' drop-in of years ago": (
        around(
            kubelet=(
                line("10-kubeadm.conf", 'Environment="KUBELET_NETWORK_ARGS=--network-plugin=cni"'),
                line("10-kubeadm.conf", "ExecStart="),
                line("10-kubeadm.conf", "ExecStart=/usr/bin/kubelet $KUBELET_NETWORK_ARGS $KUBELET_EXTRA_ARGS"),
            )
        ),
        [
            unit(
                f"{DROP_INS}/10-kubeadm.conf starts the kubelet without kubeadm's configuration",
                "kubeadm configures it in /var/lib/kubelet/config.yaml",
                AWAY,
            ),
            unit(
                f"{DROP_INS}/10-kubeadm.conf gives the kubelet --network-plugin=cni",
                "Kubernetes 1.30.14 has no such flag",
                "remove it in that file",
            ),
        ],
    ),
    "a unit that the packages' drop-in overrules": (
        around(kubelet=(UnitLine(OLD, "ExecStart=/usr/local/bin/kubelet --network-plugin=cni"),)),
        [],
    ),
    "another kubelet": (
        around(
            kubelet=(
                line("99-bin.conf", "ExecStart="),
                line("99-bin.conf", "ExecStart=/usr/local/bin/kubelet $KUBELET_CONFIG_ARGS"),
            )
        ),
        [
            unit(
                f"{DROP_INS}/99-bin.conf starts /usr/local/bin/kubelet as the kubelet",
                "the packages' is /usr/bin/kubelet",
                AWAY,
            )
        ],
    ),
    "a second command": (
        around(kubelet=(line("99-bin.conf", "ExecStart=/usr/bin/kubelet $KUBELET_CONFIG_ARGS"),)),
        [unit(f"{DROP_INS}/99-bin.conf adds an ExecStart to the kubelet's", "systemd takes one", AWAY)],
    ),
    "a load balancer": (around("master-lb", kubelet=(line("99-bin.conf", "ExecStart=/bin/false"),)), []),
}


def cloud(what: str, wanted: str, remedy: str, severity: Any = "error") -> Finding:
    return Finding("worker1", "cloud-init", what, wanted, remedy, severity)


ANEW = "manage_etc_hosts is {} in {}: cloud-init writes /etc/hosts anew at every boot"
NAMES = "it holds the names of the cluster's hosts"
HOSTS = {"manage_etc_hosts": ("true", "/etc/cloud/cloud.cfg")}
HERE = "set manage_etc_hosts: false there"

CLOUDS: dict[str, tuple[HostContext, list[Finding]]] = {
    "none": (around(), []),
    "hosts": (
        around(cloud=HOSTS, cloud_writes_hosts=True),
        [cloud(ANEW.format("true", "/etc/cloud/cloud.cfg"), NAMES, HERE)],
    ),
    "hosts by user data": (
        around(cloud={"manage_etc_hosts": ("template", USER_DATA)}, cloud_writes_hosts=True),
        [
            cloud(
                ANEW.format("template", USER_DATA),
                NAMES,
                "it comes from the instance's user data: take update_etc_hosts out of /etc/cloud/cloud.cfg",
            )
        ],
    ),
    "hosts of a node": (
        around(cloud=HOSTS, cloud_writes_hosts=True, case_of={"surveyed": NODE}),
        [cloud(ANEW.format("true", "/etc/cloud/cloud.cfg"), NAMES, HERE, "warning")],
    ),
    "its own name": (
        around(cloud={"manage_etc_hosts": ("localhost", "/etc/cloud/cloud.cfg")}, cloud_writes_hosts=True),
        [
            cloud(
                "manage_etc_hosts is localhost in /etc/cloud/cloud.cfg: "
                "cloud-init leads the host's name to 127.0.1.1 at every boot",
                "it is 10.0.12.16",
                HERE,
                "warning",
            )
        ],
    ),
    "a module that does not run": (around(cloud=HOSTS), []),
    "not wanted": (
        around(cloud={"manage_etc_hosts": ("false", "/etc/cloud/cloud.cfg")}, cloud_writes_hosts=True),
        [],
    ),
    "a unit that does not start": (
        around(
            cloud=HOSTS, cloud_writes_hosts=True, units={"cloud-init.service": UnitState("loaded", False, "disabled")}
        ),
        [],
    ),
    "another hostname": (
        around(cloud={"fqdn": ("db1.example", "/etc/cloud/cloud.cfg.d/10.cfg")}),
        [
            cloud(
                "fqdn is db1.example in /etc/cloud/cloud.cfg.d/10.cfg: cloud-init may name the host that at a boot",
                "it is named worker1",
                "set preserve_hostname: true in /etc/cloud/cloud.cfg",
                "warning",
            )
        ],
    ),
    "another hostname that is not set": (
        around(cloud={"hostname": ("db1", "/etc/cloud/cloud.cfg"), "preserve_hostname": ("true", "x")}),
        [],
    ),
    "the same hostname": (around(cloud={"hostname": ("worker1", "/etc/cloud/cloud.cfg")}), []),
}


def sessions(host: str, limit: int, needed: int) -> Finding:
    return Finding(
        host,
        "sshd",
        f"its sshd has MaxSessions {limit}",
        f"this run opens up to {needed} sessions on one connection",
        "set MaxSessions 10, sshd's default, in /etc/ssh/sshd_config and reload sshd",
    )


def cni(what: str, wanted: str, severity: Any = "error") -> Finding:
    return Finding("worker1", "cni", what, wanted, "remove it if nothing needs it", severity)


FIRST = "a runtime takes the first by name, and that is not this cluster's 10-flannel.conflist"
OWN_NETWORK = {"settings": {"pod_network": "none"}}
ACCESS_AND_NETWORK: dict[str, tuple[HostContext, list[Finding]]] = {
    "sshd's default": (around(sshd={"maxsessions": "10"}), []),
    "one session": (around(sshd={"maxsessions": "1"}), [sessions("worker1", 1, 3)]),
    "enough sessions for a worker": (around(sshd={"maxsessions": "3"}), []),
    "too few for a control plane": (around("master1", sshd={"maxsessions": "4"}), [sessions("master1", 4, 5)]),
    "a backup that no runtime reads": (context(cni=("10-flannel.conflist.cilium_bak", "05-x.conf.bak", "README")), []),
    "a network before ours": (
        context(cni=("10-calico.conflist", "05-x.json", "10-flannel.conflist")),
        [cni("/etc/cni/net.d holds 05-x.json, 10-calico.conflist", FIRST)],
    ),
    "a network behind ours": (
        context(cni=("99-loopback.conf", "87-podman-bridge.conflist")),
        [
            cni(
                "/etc/cni/net.d holds 99-loopback.conf",
                "pods get that network until 10-flannel.conflist is there",
                "warning",
            )
        ],
    ),
    "a network of a node": (context(cni=("10-calico.conflist",), surveyed=NODE), []),
    "a network of the user's own": (context(cni=("10-calico.conflist",), **OWN_NETWORK), []),
    "interfaces of another network": (
        around(links=("lo", "eth0", "cilium_net", "cilium_host", "cali12", "tunl0")),
        [
            warning(
                "worker1",
                "cni",
                f"has {owner}'s interface {link}",
                "flannel carries this cluster's pods",
                f"remove {owner}'s files and reboot the host",
            )
            for owner, link in (("Cilium", "cilium_host"), ("Calico", "cali12"))
        ],
    ),
    "interfaces of the user's own network": (around(links=("cilium_host",), case_of=OWN_NETWORK), []),
}

ROWS = {
    f"{topic}: {name}": row
    for topic, rows in {
        "resolver": RESOLVERS,
        "units": UNITS,
        "cloud-init": CLOUDS,
        "others": ACCESS_AND_NETWORK,
    }.items()
    for name, row in rows.items()
}


@pytest.mark.parametrize(("given", "expected"), ROWS.values(), ids=ROWS)
def test_surroundings(given: HostContext, expected: list[Finding]) -> None:
    assert found(given) == expected
