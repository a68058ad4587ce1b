# Stands behind surroundings.sh, whose kubelet_units and continued it needs, and init-unfinished.sh, whose ask and serves it needs.
# Prints `key value` lines: what an upgrade of this node may fail by. What a worker does not have is not printed, nor what
# could not be read; "manifests read" and "webhooks read" tell an empty answer from none.
file=/var/lib/kubelet/kubeadm-flags.env
[ ! -r $file ] || continued $file | sed -n "/^[[:space:]]*[#;]/d; /=/s#^#kubelet_flags $file #p"
kubelet_units
[ -e $k/manifests/kube-apiserver.yaml ] || exit 0

timeout 10 df -Pk $k 2>/dev/null | tail -n +2 | while read -r _ _ _ free _; do echo "free $free"; done
data=$(sed -n 's/^ *- --data-dir=//p' /etc/kubernetes/manifests/etcd.yaml 2>/dev/null)
timeout 60 du -sk "${data:-/var/lib/etcd}" 2>/dev/null | while read -r size _; do echo "etcd_size $size"; done

# The kubelet reads every file there, *.bak too, but for hidden ones and folders. Files travel as base64: they may hold anything.
for file in $k/manifests/*; do
    [ -f "$file" ] || continue
    case ${file##*/} in
        etcd.yaml | kube-apiserver.yaml | kube-controller-manager.yaml | kube-scheduler.yaml) continue ;;
    esac
    echo "manifest $(head -c 1048576 "$file" | base64 -w 0) ${file##*/}"
done
ls $k/manifests >/dev/null 2>&1 && echo "manifests read"

serves || exit 0
# They are printed by their names, so that the time of the start comes last and tells that the rest has come.
ask get --raw /metrics | grep -E '^(apiserver_requested_deprecated_apis\{|process_start_time_seconds )' | sed 's/^/metric /'
echo "now $(date +%s)"

closed='{{range .items}}{{$kind := .kind}}{{$of := .metadata.name}}{{range .webhooks}}{{if eq .failurePolicy "Fail"}}{{$webhook := .name}}{{with .clientConfig.service}}webhook {{$kind}} {{$of}} {{$webhook}} {{.namespace}} {{.name}}{{"\n"}}{{end}}{{end}}{{end}}{{end}}'
webhooks=$(ask get validatingwebhookconfigurations,mutatingwebhookconfigurations -o go-template="$closed") || exit 0
services=$(echo "$webhooks" | while read -r _ _ _ _ _ service; do echo "$service"; done | sort -u | tr -s '\n' ',')
services=${services#,}
if [ -n "$services" ]; then
    # Whether an endpoint is ready may be left out, and then it is.
    ready='{{range .items}}{{$namespace := .metadata.namespace}}{{$service := index .metadata.labels "kubernetes.io/service-name"}}{{range .endpoints}}{{if ne (print .conditions.ready) "false"}}ready {{$namespace}} {{$service}}{{"\n"}}{{end}}{{end}}{{end}}'
    endpoints=$(ask get endpointslices -A -l "kubernetes.io/service-name in (${services%,})" -o go-template="$ready") || exit 0
    echo "$webhooks"
    echo "$endpoints" | sort -u
fi
echo "webhooks read"
exit 0
