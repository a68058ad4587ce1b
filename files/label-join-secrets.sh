# TOKEN_ID, ADDRESS: marks what a join needs as this package's, so that it is found and removed afterwards.
kube() { kubectl --kubeconfig /etc/kubernetes/admin.conf --server "https://$ADDRESS:6443" -n kube-system "$@"; }
# kubeadm ties the uploaded certificates' life to a second, internal token.
internal=$(kube get secret kubeadm-certs --ignore-not-found -o jsonpath='{.metadata.ownerReferences[*].name}')
certificates=$(kube get secret kubeadm-certs --ignore-not-found -o name)
for name in "secret/bootstrap-token-$TOKEN_ID" $certificates ${internal:+secret/$internal}; do
    kube label --overwrite "$name" app.kubernetes.io/managed-by=k8s-ha
done
