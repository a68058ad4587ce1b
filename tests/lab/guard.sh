#!/bin/sh
# guard.sh OFF COMMAND... - runs one host, and again after each of its reboots (systemd-nspawn --keep-unit then exits
# 133). A host that shut itself down leaves the file OFF, which tells it from one that was killed.
#
# Each boot begins as a machine's does: nothing is left in the kernel of what the host had there before, neither
# packet filter, routes, links and settings of its network nor cgroups. The environment, all of it LAB_*, tells the
# host's network namespace, MAC and IP address (with the prefix's length), the gateway, and the link on the operator's
# bridge where its cable ends; and the name of its cgroup.
set -e
off=$1
shift

cable() {
  state=up
  if ip -netns "$LAB_OPERATOR" link show dev "$LAB_PORT" >/dev/null 2>&1; then
    # A cable that was pulled stays pulled.
    [ -n "$(ip -netns "$LAB_OPERATOR" link show dev "$LAB_PORT" up)" ] || state=down
    ip -netns "$LAB_OPERATOR" link delete "$LAB_PORT"
  fi
  ! [ -e "/run/netns/$LAB_NAMESPACE" ] || ip netns delete "$LAB_NAMESPACE"
  ip netns add "$LAB_NAMESPACE"
  ip -netns "$LAB_OPERATOR" -batch - <<END
link add $LAB_PORT type veth peer name eth0 address $LAB_MAC netns $LAB_NAMESPACE
link set $LAB_PORT master $LAB_BRIDGE $state
END
  # The default route leads nowhere: kubeadm wants one to find the node's address.
  ip -netns "$LAB_NAMESPACE" -batch - <<END
link set lo up
addr add $LAB_ADDRESS dev eth0
link set eth0 up
route add default via $LAB_GATEWAY
END
}

while :; do
  find /sys/fs/cgroup/*/"$LAB_CGROUP" -mindepth 1 -depth -type d -exec rmdir {} + || :
  cable
  status=0
  "$@" || status=$?
  [ "$status" = 133 ] || break
done
[ "$status" != 0 ] || : >"$off"
# A host without power answers nobody, not even ARP.
ip -netns "$LAB_NAMESPACE" link set eth0 down
