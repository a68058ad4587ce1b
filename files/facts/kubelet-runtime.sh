# Prints a line `cri NAME`: which container runtime the kubelet is told to speak to.
# A newer kubeadm names the socket in the kubelet's configuration alone; a flag beats that.
for file in /var/lib/kubelet/kubeadm-flags.env /var/lib/kubelet/config.yaml; do
    case $(cat "$file" 2>/dev/null) in
        *containerd/containerd.sock*) echo "cri containerd" ;;
        *cri-dockerd.sock*) echo "cri cri-dockerd" ;;
        *--network-plugin=cni*) echo "cri dockershim" ;;
        *) continue ;;
    esac
    break
done
:
