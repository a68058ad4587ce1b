#!/bin/bash
# container.sh LAYER TREE: the top layer, with what a container needs and a machine of its own does not.
set -euo pipefail
layer=$1 tree=$2
cp -a --no-preserve=ownership "$tree/." "$layer/"

# These are built into the kernel or loaded by its owner: modprobe then succeeds silently, as for a =y feature.
built_in=(
    net/bridge/bridge net/bridge/br_netfilter fs/overlayfs/overlay drivers/net/vxlan/vxlan drivers/net/veth
    net/netfilter/nf_conntrack net/netfilter/nf_nat net/netfilter/x_tables net/netfilter/nf_tables
    net/ipv4/netfilter/ip_tables net/netfilter/ipset/ip_set drivers/net/tun
)
modules=$layer/usr/lib/modules/$(uname -r)
mkdir -p "$modules"
printf 'kernel/%s.ko\n' "${built_in[@]}" >"$modules/modules.builtin"
: >"$modules/modules.order"

# Units that make no sense in a container, or act on the kernel that all hosts share.
masked=(
    systemd-udevd.service systemd-udevd-control.socket systemd-udevd-kernel.socket systemd-udev-trigger.service
    systemd-pstore.service fstrim.timer selinux-autorelabel-mark.service
    sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount
)
mkdir -p "$layer/etc/systemd/system"
for unit in "${masked[@]}"; do ln -s /dev/null "$layer/etc/systemd/system/$unit"; done
