#!/bin/bash
# floor_upgrade.sh VERSION [HOST...] - kubeadm's own recipe by plain ssh: the time below which no upgrade can be.
#
# Runs where the lab's operator stands: python -m tests.lab operator -- tests/scenarios/floor_upgrade.sh 1.34.11
# HOST: which of the lab's nodes; all without one. Takes a cluster of the package's to the next minor, or a newer patch, in
# the deploy's order and with its waits for readiness; packages and images are fetched everywhere at once. Nothing is saved,
# no node is drained, no balancer marked. Not for 1.35 and newer on cgroup v1, nor where containerd must change.
# The last line is JSON: seconds a phase, "total", and "serial", which is all but the fetching.
set -euo pipefail

source "$(dirname "$0")/../lab/floor/on-hosts.sh"
version=${1:?which version?}
shift
logs=$(mktemp -d)
url=https://pkgs.k8s.io/core:/stable:/v${version%.*}/rpm

members() { awk -v group="$1" -v only=" $hosts " '$3 == group && (only == "  " || index(only, " " $1 " ")) { print $1 }' "$LAB_HOSTS"; }
address() { awk -v name="$1" '$1 == name { print $2 }' "$LAB_HOSTS"; }

hosts=$*
mapfile -t control_planes < <(members control_plane)
mapfile -t workers < <(members workers)
nodes=("${control_planes[@]}" "${workers[@]}")
first=${control_planes[0]}

# --- what is done on one host; each function is sent to it with these variables
carried=(version url)

fetch() { # IMAGE...
  tee /etc/yum.repos.d/kubernetes.repo >/dev/null <<END
[kubernetes]
name=Kubernetes
baseurl=$url/
gpgcheck=1
gpgkey=$url/repodata/repomd.xml.key
exclude=kubelet kubeadm kubectl cri-tools kubernetes-cni
END
  dnf -y --disableexcludes=all install --downloadonly {kubeadm,kubelet,kubectl}-"$version"
  printf '%s\n' "${@/%/:v$version}" | xargs -P 3 -n 1 crictl pull
}

kubeadm_upgrade() { # ARGUMENT...
  dnf -y --disableexcludes=all install "kubeadm-$version"
  kubeadm upgrade "$@"
}

serve_twice() { # ADDRESS
  local deadline=$((SECONDS + 330)) served=0
  while [ $served -lt 2 ]; do
    if curl -fsS --noproxy '*' --cacert /etc/kubernetes/pki/ca.crt "https://$1:6443/readyz" >/dev/null; then
      served=$((served + 1))
      continue
    fi
    served=0
    [ $SECONDS -lt $deadline ] || return 1
    sleep 1
  done
}

kubelet() {
  dnf -y --disableexcludes=all install {kubelet,kubectl}-"$version"
  systemctl daemon-reload
  systemctl restart kubelet
}

# --- the road
phase_fetch() {
  local images=(registry.k8s.io/kube-{proxy,apiserver,controller-manager,scheduler})
  for name in "${workers[@]}"; do start "$name" fetch "${images[0]}"; done
  for name in "${control_planes[@]}"; do start "$name" fetch "${images[@]}"; done
  finish
  (umask 077 && on "$first" cat /etc/kubernetes/admin.conf >"$logs/admin.conf")
  export KUBECONFIG=$logs/admin.conf
}

in_turn() { # HOST FUNCTION [ARGUMENT...]
  start "$@"
  finish
}

phase_apply() {
  in_turn "$first" kubeadm_upgrade apply "v$version" --yes
  in_turn "$first" serve_twice "$(address "$first")"
}

phase_control_planes() {
  for name in "${control_planes[@]:1}"; do
    in_turn "$name" kubeadm_upgrade node
    in_turn "$name" serve_twice "$(address "$name")"
  done
}

phase_kubelets() {
  for name in "${control_planes[@]}"; do in_turn "$name" kubelet && await_node "$name"; done
  for name in "${workers[@]}"; do
    in_turn "$name" kubeadm_upgrade node
    in_turn "$name" kubelet && await_node "$name"
  done
}

await_node() { # HOST: its node Ready at the version, and all pods on it
  local deadline=$((SECONDS + 300))
  local fields='{.status.nodeInfo.kubeletVersion} {.status.conditions[?(@.type=="Ready")].status}'
  until [ "$(kubectl get node "$1" -o jsonpath="$fields")" = "v$version True" ]; do
    [ $SECONDS -lt $deadline ] || return 1
    sleep 1
  done
  kubectl wait -A pods --field-selector "spec.nodeName=$1" --for=condition=Ready --timeout=300s >>"$logs/ready.log"
}

phase_ready() {
  kubectl -n kube-system rollout status --timeout=180s daemonset kube-proxy >>"$logs/ready.log"
  kubectl -n kube-system rollout status --timeout=180s deployment coredns >>"$logs/ready.log"
  kubectl -n kube-flannel rollout status --timeout=180s daemonset kube-flannel-ds >>"$logs/ready.log"
}

run_phases fetch apply control_planes kubelets ready
kubectl get nodes -o wide >&2
rm -rf "$logs"
print_timings apply control_planes kubelets ready
