"""Packet filters, resolver, routes, units, sshd, cloud-init and CNI files."""

from __future__ import annotations

from tests.lab.odd.rows import Odd

SURROUNDINGS = [
    Odd(
        "a firewalld zone whose source covers the hosts",
        "master1",
        "firewall",
        "error",
        "firewalld's zone cluster refuses 10.0.12.55",
        "firewall-cmd -q --permanent --new-zone=cluster && "
        "firewall-cmd -q --permanent --zone=cluster --add-service=ssh && "
        "firewall-cmd -q --permanent --zone=cluster --add-source=10.0.0.0/16 && firewall-cmd -q --reload",
        "firewall-cmd -q --permanent --delete-zone=cluster && firewall-cmd -q --reload && "
        "rm -f /etc/firewalld/zones/cluster.xml.old",
    ),
    Odd(
        "a zone that has a host's address as its source",
        "master3",
        "firewall",
        "error",
        "firewalld's zone work has the source 10.0.12.55",
        "firewall-cmd -q --zone=work --add-source=10.0.12.55",
        "firewall-cmd -q --zone=work --remove-source=10.0.12.55",
    ),
    Odd(
        "a zone that takes the hosts from its next reload on",
        "worker2",
        "firewall",
        "error",
        "firewalld's zone drop takes 10.0.12.55",
        "firewall-cmd -q --permanent --zone=drop --add-source=10.0.12.0/24",
        "rm -f /etc/firewalld/zones/drop.xml /etc/firewalld/zones/drop.xml.old && firewall-cmd -q --reload",
    ),
    Odd(
        "an nftables ruleset that drops what it does not know",
        "master2",
        "firewall",
        "error",
        "`policy drop` in chain input of table inet own refuses 10.0.11.18",
        "nft 'add table inet own; "
        "add chain inet own input { type filter hook input priority 0; policy drop; }; "
        "insert rule inet own input tcp dport 22 accept; insert rule inet own input ct state established accept; "
        "insert rule inet own input iifname lo accept'",
        "nft delete table inet own",
    ),
    Odd(
        "iptables with the rules of iptables-services",
        "master-lb",
        "firewall",
        "error",
        "`-A INPUT -j REJECT --reject-with icmp-host-prohibited` in chain INPUT",
        "iptables -A INPUT -m state --state RELATED,ESTABLISHED -j ACCEPT && iptables -A INPUT -i lo -j ACCEPT && "
        "iptables -A INPUT -p tcp --dport 22 -j ACCEPT && "
        "iptables -A INPUT -j REJECT --reject-with icmp-host-prohibited",
        "iptables -F INPUT",
    ),
    Odd(
        "a resolver that is the host itself",
        "worker1",
        "resolver",
        "error",
        "/etc/resolv.conf has no name server but 127.0.0.1",
        "cp -a /etc/resolv.conf /run/resolv.conf.was && echo 'nameserver 127.0.0.1' >/etc/resolv.conf",
        "cp -a /run/resolv.conf.was /etc/resolv.conf && rm /run/resolv.conf.was",
    ),
    Odd(
        "another pod network through a node of the cluster",
        "worker1",
        "networks",
        "error",
        "its route 10.244.0.0/16 via 10.0.12.55",
        "ip route add 10.244.0.0/16 via 10.0.12.55",
        "ip route del 10.244.0.0/16",
    ),
    Odd(
        "a CNI file that no runtime reads",
        "worker1",
        "cni",
        None,
        "cilium_bak",
        "mkdir -p /etc/cni/net.d && touch /etc/cni/net.d/10-flannel.conflist.cilium_bak",
        "rm -rf /etc/cni",
    ),
    Odd(
        "a CNI file before ours",
        "worker2",
        "cni",
        "error",
        "/etc/cni/net.d holds 05-x.conf",
        "mkdir -p /etc/cni/net.d && touch /etc/cni/net.d/05-x.conf",
        "rm -rf /etc/cni",
    ),
    Odd(
        "a flag of an old kubelet",
        "worker2",
        "units",
        "error",
        "/etc/systemd/system/kubelet.service.d/20-old.conf gives the kubelet --allow-privileged=true",
        "mkdir -p /etc/systemd/system/kubelet.service.d && "
        "printf '[Service]\\nEnvironment=\"KUBELET_EXTRA_ARGS=--allow-privileged=true\"\\n' "
        ">/etc/systemd/system/kubelet.service.d/20-old.conf",
        "rm -r /etc/systemd/system/kubelet.service.d",
    ),
    Odd(
        "one session on a connection",
        "master2",
        "sshd",
        "error",
        "its sshd has MaxSessions 1",
        "cp -a /etc/ssh/sshd_config /run/sshd_config.was && sed -i '1i MaxSessions 1' /etc/ssh/sshd_config",
        "cp -a /run/sshd_config.was /etc/ssh/sshd_config && rm /run/sshd_config.was",
    ),
    Odd(
        "cloud-init that writes /etc/hosts",
        "master3",
        "cloud-init",
        "error",
        "manage_etc_hosts is true in /etc/cloud/cloud.cfg.d/05_names.cfg",
        "mkdir -p /etc/cloud/cloud.cfg.d && ln -s true /usr/bin/cloud-init && "
        "printf 'cloud_init_modules:\\n - update_etc_hosts\\n' >/etc/cloud/cloud.cfg && "
        "echo 'manage_etc_hosts: true' >/etc/cloud/cloud.cfg.d/05_names.cfg",
        "rm -r /etc/cloud /usr/bin/cloud-init",
    ),
]
