# STEM: of a backup's name. Sets NAME, which has the time in it, and VERSION, of Kubernetes as this host's API server runs it.
NAME=$STEM-$(date -u +%Y%m%dT%H%M%SZ)
VERSION=$(sed -n 's/^ *image: .*:v\([0-9.]*\).*/\1/p' /etc/kubernetes/manifests/kube-apiserver.yaml | head -n 1)
