#!/bin/bash
# kubernetes.sh WORK OUT: Kubernetes v1.20.2 and the lab's stand-in for its CoreDNS, from Debian bookworm's source package.
#
# WORK keeps the source tree and Go's build cache, so that a second build takes seconds; OUT receives the binaries.
# Only bookworm's package holds the control plane and kubeadm. It builds in GOPATH mode with `make`: a plain
# `go build -mod=vendor` fails, and without rsync the build fails with a misleading "Permission denied".
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$1 out=$2
tree=$work/tree
binaries="kubeadm kubelet kubectl kube-apiserver kube-controller-manager kube-scheduler kube-proxy"
stand_ins=$(cd "$here/stand-ins" && basename -s .go -- *.go)

fetch_source() {
    local apt=("-o" "Dir::Etc::SourceList=$work/deb-src.list" "-o" "Dir::Etc::SourceParts=/dev/null"
               "-o" "Dir::State::Lists=$work/lists" "-o" "APT::Sandbox::User=root")
    mkdir -p "$work/lists/partial" "$work/dsc" "$work/reflect2"
    echo "deb-src http://deb.debian.org/debian bookworm main" >"$work/deb-src.list"
    apt-get "${apt[@]}" -qq update
    (cd "$work/dsc" && apt-get "${apt[@]}" -qq source --download-only kubernetes)
    (cd "$work/dsc" && apt-get -qq download golang-github-modern-go-reflect2-dev)
    rm -rf "$tree"
    dpkg-source -x "$work"/dsc/kubernetes_*.dsc "$tree" >/dev/null
    # The vendored reflect2 1.0.1 crashes under Go 1.18 and newer: kubeadm init would die with SIGSEGV.
    dpkg-deb -x "$work"/dsc/golang-github-modern-go-reflect2-dev_*.deb "$work/reflect2"
    local vendored=$tree/vendor/github.com/modern-go/reflect2
    rm -f "$vendored"/*.go "$vendored"/*.s
    cp "$work"/reflect2/usr/share/gocode/src/github.com/modern-go/reflect2/*.{go,s} "$vendored/"
    touch "$work/fetched"
}

[ -e "$work/fetched" ] || fetch_source

for name in $stand_ins; do
    mkdir -p "$tree/cmd/$name"
    cp "$here/stand-ins/$name.go" "$tree/cmd/$name/main.go"
done

export GOROOT=/usr/lib/go-1.19 GOCACHE=$work/gocache HOME=$work/home
export PATH=$GOROOT/bin:$PATH GOPROXY=off GOSUMDB=off CGO_ENABLED=0
mkdir -p "$HOME" "$out"
targets=()
for name in $binaries $stand_ins; do targets+=("cmd/$name"); done
make -C "$tree" all WHAT="${targets[*]}"
for name in $binaries $stand_ins; do
    install -m 755 "$tree/_output/bin/$name" "$out/$name"
done
"$out/kubeadm" version -o short | grep -qx v1.20.2
