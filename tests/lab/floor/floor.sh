#!/bin/bash
# floor.sh - the whole road by plain ssh, as parallel as it can be: the time below which no deploy can be.
#
# Runs where the lab's operator stands: python -m tests.lab operator -- tests/lab/floor/floor.sh
# Takes clean hosts to a cluster whose nodes are all Ready. The last line is JSON: seconds a phase, their sum, and
# "serial", the part that kubeadm does one host after another. Logs: a folder named on failure.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
source "$here/on-hosts.sh"
logs=$(mktemp -d)
version=1.20.2

members() { awk -v group="$1" '$3 == group { print $1 }' "$LAB_HOSTS"; }
address() { awk -v name="$1" '$1 == name { print $2 }' "$LAB_HOSTS"; }

mapfile -t control_planes < <(members control_plane)
mapfile -t workers < <(members workers)
mapfile -t balancers < <(members load_balancers)
nodes=("${control_planes[@]}" "${workers[@]}")
first=${control_planes[0]}
hosts_file=$(awk '{ print $2, $1 }' "$LAB_HOSTS")
upstream=$(for name in "${control_planes[@]}"; do echo "server $(address "$name"):6443;"; done)
endpoint=$(address "${balancers[0]}"):6443
certificate_key=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')

node_images=(pause:3.2 "kube-proxy:v$version" coredns:1.7.0)
control_plane_images=(kube-{apiserver,controller-manager,scheduler}":v$version" etcd:3.4.13-0)
flannel_images=(ghcr.io/flannel-io/flannel:v0.28.9 ghcr.io/flannel-io/flannel-cni-plugin:v1.9.1-flannel3)

# --- what is done on one host; each function is sent to it with these variables
carried=(version hosts_file upstream endpoint certificate_key join_command)

prepare() { # HOSTNAME
  hostnamectl set-hostname "$1"
  echo "$hosts_file" >>/etc/hosts
  systemctl disable --now firewalld
  setenforce 0
  sed -i 's/^SELINUX=.*/SELINUX=permissive/' /etc/selinux/config
  swapoff -a
  printf '%s\n' overlay br_netfilter >/etc/modules-load.d/k8s.conf
  modprobe -a overlay br_netfilter
  printf '%s = 1\n' net.bridge.bridge-nf-call-{iptables,ip6tables} net.ipv4.ip_forward >/etc/sysctl.d/k8s.conf
  sysctl -q -p /etc/sysctl.d/k8s.conf
}

repositories() {
  cat >/etc/yum.repos.d/kubernetes.repo <<END
[docker-ce-stable]
name=Docker CE
baseurl=https://download.docker.com/linux/rhel/8/x86_64/stable
gpgcheck=1
gpgkey=https://download.docker.com/linux/rhel/gpg
module_hotfixes=1
[kubernetes]
name=Kubernetes
baseurl=http://pkgs.lab/kubernetes/v1.20
gpgcheck=1
gpgkey=http://pkgs.lab/kubernetes/v1.20/repodata/repomd.xml.key
END
  dnf -y makecache
}

node_software() {
  dnf -y install 'containerd.io-1.*' {kubelet,kubeadm,kubectl}-"$version" # 2.x does not speak the CRI of these kubelets
  cat >/etc/containerd/config.toml <<END
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "registry.k8s.io/pause:3.2"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = true
END
  systemctl enable --now containerd
  systemctl enable kubelet
}

balancer_software() {
  dnf -y install nginx nginx-mod-stream
  mkdir -p /etc/nginx/conf.d/tcp.d
  cat >/etc/nginx/conf.d/tcp.d/kube-api-server.conf <<END
stream {
  upstream api { least_conn; $upstream }
  server { listen 6443; proxy_pass api; proxy_connect_timeout 1s; proxy_timeout 10m; }
}
END
  echo 'include /etc/nginx/conf.d/tcp.d/*.conf;' >>/etc/nginx/nginx.conf
  nginx -t
  systemctl enable --now nginx
}

pull() { # IMAGE...
  printf '%s\n' "$@" | xargs -P 4 -n 1 crictl pull
}

init() { # ADDRESS
  cat >/root/kubeadm.yaml <<END
apiVersion: kubeadm.k8s.io/v1beta2
kind: InitConfiguration
certificateKey: $certificate_key
localAPIEndpoint: {advertiseAddress: $1}
nodeRegistration: {criSocket: /run/containerd/containerd.sock}
---
apiVersion: kubeadm.k8s.io/v1beta2
kind: ClusterConfiguration
kubernetesVersion: v$version
controlPlaneEndpoint: $endpoint
imageRepository: registry.k8s.io
networking: {podSubnet: 10.244.0.0/16}
etcd: {local: {extraArgs: {heartbeat-interval: '500', election-timeout: '5000'}}}
---
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
conntrack: {maxPerCore: 0}
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: systemd
syncFrequency: 10s
END
  kubeadm init --config /root/kubeadm.yaml --upload-certs --skip-token-print --skip-certificate-key-print
}

join_command() { kubeadm token create --ttl 30m --print-join-command; }
join_control_plane() { # ADDRESS
  $join_command --control-plane --certificate-key "$certificate_key" --apiserver-advertise-address "$1"
}
join_worker() { $join_command; }

# --- the road
phase_prepare() { for name in $(cut -f1 "$LAB_HOSTS"); do start "$name" prepare "$name"; done; finish; }

phase_repositories() { for name in "${nodes[@]}"; do start "$name" repositories; done; finish; }

phase_software() {
  for name in "${nodes[@]}"; do start "$name" node_software; done
  for name in "${balancers[@]}"; do start "$name" balancer_software; done
  finish
}

phase_images() {
  local common=("${node_images[@]/#/registry.k8s.io/}" "${flannel_images[@]}")
  for name in "${workers[@]}"; do start "$name" pull "${common[@]}"; done
  for name in "${control_planes[@]}"; do
    start "$name" pull "${common[@]}" "${control_plane_images[@]/#/registry.k8s.io/}"
  done
  finish
}

phase_init() {
  start "$first" init "$(address "$first")"
  finish
  join_command=$(on "$first" join_command 2>>"$logs/$first.log")
  (umask 077 && on "$first" cat /etc/kubernetes/admin.conf >"$logs/admin.conf")
  export KUBECONFIG=$logs/admin.conf
}

phase_flannel() { kubectl apply -f "$here/flannel.yaml" >"$logs/flannel.log"; }

phase_control_planes() {
  for name in "${control_planes[@]:1}"; do start "$name" join_control_plane "$(address "$name")" && finish; done
}

phase_workers() { for name in "${workers[@]}"; do start "$name" join_worker; done; finish; }

road_pods() { # the pods that the road ends with: 4 a control plane, 2 a node, 2 of coredns; how many of them are Ready
  kubectl get pods -A --no-headers | grep -E 'etcd|kube-|coredns' | grep -cE '1/1 +Running'
}

phase_ready() {
  local wanted=$((4 * ${#control_planes[@]} + 2 * ${#nodes[@]} + 2)) deadline=$((SECONDS + 300))
  kubectl wait --for=condition=Ready nodes --all --timeout=180s >"$logs/ready.log"
  kubectl -n kube-system rollout status --timeout=180s daemonset kube-flannel-ds >>"$logs/ready.log"
  kubectl -n kube-system rollout status --timeout=180s deployment coredns >>"$logs/ready.log"
  until [ "$(road_pods)" -ge "$wanted" ]; do
    [ $SECONDS -lt $deadline ] || return 1
    sleep 1
  done
}

run_phases prepare repositories software images init flannel control_planes workers ready
kubectl get nodes -o wide >&2
rm -rf "$logs"
print_timings init control_planes
