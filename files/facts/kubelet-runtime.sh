# Prints what the kubelet is told to speak to, `cri NAME`, whether it runs, and whether its flags cannot be edited.
flags=/var/lib/kubelet/kubeadm-flags.env
# A newer kubeadm names the socket in the kubelet's configuration alone; a flag beats that.
for file in $flags /var/lib/kubelet/config.yaml; do
    case $(cat "$file" 2>/dev/null) in
        *containerd/containerd.sock*) echo "cri containerd" ;;
        *cri-dockerd.sock*) echo "cri cri-dockerd" ;;
        *--network-plugin=cni*) echo "cri dockershim" ;;
        *) continue ;;
    esac
    break
done
systemctl -q is-active kubelet.service 2>/dev/null && echo "kubelet_active yes"
# As kubeadm writes it: one line, in quotes.
[ ! -e $flags ] || grep -q '^KUBELET_KUBEADM_ARGS=".*"[[:blank:]]*$' $flags || echo "kubelet_flags odd"
:
