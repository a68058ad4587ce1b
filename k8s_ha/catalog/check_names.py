"""The checks by name: what each is for, and which of them a user may waive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

CheckName = Literal[
    "root",
    "login-shell",
    "unreachable",
    "system",
    "kubernetes",
    "packages",
    "address",
    "hostname",
    "runtime",
    "cluster",
    "settings",
    "nodes",
    "removal",
    "drain",
    "version",
    "upgrade",
    "certificates",
    "backup",
    "kernel",
    "cgroup",
    "cpus",
    "memory",
    "disk",
    "overlayfs",
    "swap",
    "selinux",
    "firewalld",
    "boot",
    "firewall",
    "resolver",
    "units",
    "cloud-init",
    "sshd",
    "ssh-key",
    "cni",
    "ports",
    "nginx",
    "clock",
    "machine-id",
    "product-uuid",
    "endpoint",
    "networks",
    "proxies",
    "mirrors",
    "repositories",
    "docker",
    "containerd",
]


@dataclass(frozen=True)
class Check:
    """What a check asks, and why nobody may waive it; None where one may."""

    asks: str
    fixed: str | None = None


CHECKS: Final[Mapping[CheckName, Check]] = {
    "root": Check("may commands become root", "nothing can be done on a host without root"),
    "login-shell": Check("does the login's shell take what sh takes", "others would run parts of a command"),
    "unreachable": Check("does every host answer", "what does not answer may hold a cluster"),
    "system": Check("Enterprise Linux, its major and architecture", "there are no packages for other systems"),
    "kubernetes": Check("does the wanted version run there", "what can be accepted is named in accepted_risks"),
    "packages": Check("can rpm read its database", "it calls what it cannot read not installed"),
    "address": Check("is the node address on an interface", "the other hosts reach it at that address"),
    "hostname": Check("does the name lead to the host itself", "a node's name cannot change"),
    "runtime": Check("another container runtime or a conflicting package", "the runtime would not be installed"),
    "cluster": Check("what an existing cluster has left", "they may be somebody's cluster"),
    "settings": Check(
        "do the settings say what the cluster stands with", "what a run cannot change it would leave half changed"
    ),
    "nodes": Check("nodes of the cluster that the inventory lacks"),
    "removal": Check(
        "can the nodes be removed that removed_nodes names", "a node is removed as a whole, or not at all"
    ),
    "drain": Check(
        "can the nodes be drained that a change asks for", "what may be accepted is named in accepted_risks"
    ),
    "version": Check(
        "is there a way to the wanted version", "without one a run would act at a version that no node has"
    ),
    "upgrade": Check("what an upgrade would end half way by"),
    "certificates": Check(
        "can certificates be renewed that end soon", "without that nothing of the cluster is to be changed"
    ),
    "backup": Check(
        "what encrypts the cluster's backups, where a recipient is named",
        "a backup that anybody can read was not asked for",
    ),
    "kernel": Check("the kernel's version and modules"),
    "cgroup": Check("the control groups that kubeadm asks for"),
    "cpus": Check("processors of a control plane"),
    "memory": Check("memory of a node"),
    "disk": Check("free space where packages, images, pods and etcd lie"),
    "overlayfs": Check("can that file system carry containers"),
    "swap": Check("swap, which is turned off on nodes"),
    "selinux": Check("SELinux, where it is made permissive"),
    "firewalld": Check("firewalld, where it is stopped"),
    "boot": Check("what the next boot would undo"),
    "firewall": Check("packet filters that keep the cluster's hosts from each other"),
    "resolver": Check("the name servers that pods get from their host"),
    "units": Check("units, drop-ins and flags of what will be installed"),
    "cloud-init": Check("names that cloud-init writes anew at the next boot"),
    "sshd": Check("sessions that sshd allows on one connection"),
    "ssh-key": Check("SSH keys that were accepted without having been known"),
    "cni": Check("another pod network's files and interfaces"),
    "ports": Check("ports that Kubernetes and the load balancer listen on"),
    "nginx": Check(
        "the load balancer's nginx and its configuration", "nginx would not start, and its owner's servers with it"
    ),
    "clock": Check("the hosts' clocks against each other's and the operator's"),
    "machine-id": Check("is /etc/machine-id the host's own"),
    "product-uuid": Check("is the machine's UUID its own"),
    "endpoint": Check("a route to the endpoint, its name, and what answers there before a cluster does"),
    "networks": Check("the hosts' routes against the pods' and the Services' networks"),
    "proxies": Check("proxies that the cluster's own traffic would take"),
    "mirrors": Check("repositories, keys, registries and archives that the host will need"),
    "repositories": Check("the host's own repositories, each of which an installation reads"),
    "docker": Check("Docker's flags and daemon.json against what this run sets", "Docker would not start"),
    "containerd": Check("a unit or a configuration of containerd that is somebody's own"),
}
