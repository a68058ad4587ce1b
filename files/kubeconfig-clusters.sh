# Defines clusters, which prints "SERVER AUTHORITY" for each cluster of a kubeconfig on standard input, "-" for what one lacks;
# and moved: OLD, NEW, AUTHORITIES, which prints the kubeconfig with NEW as the server of each cluster that has one of the servers
# OLD and one of the certificate authorities, in base64. All else is printed as it is.
#
# Of YAML it knows what kubectl, kubeadm and the kubelet write: blocks, a key a line.
of_clusters='
    function cluster_ended(  number) {
        if (old == "") { if (server != "") print server, authority == "" ? "-" : authority }
        else for (number = 1; number <= count; number++) {
            if (number == at && authority != "" && index(" " old " ", " " server " ") && index(" " ours " ", " " authority " "))
                sub(/server:[^\r]*/, "server: " new, held[number])
            print held[number]
        }
        count = at = 0
        server = authority = ""
    }
    {
        text = $0
        gsub(/\r/, "", text)
        if (text ~ /^[^ #-]/) { cluster_ended(); inside = text ~ /^clusters: *$/ }
        else if (inside && text ~ /^ *- /) cluster_ended()
        if (!inside) { if (old != "") print; next }
        held[++count] = $0
        sub(/^ *(- +)?/, "", text)
        key = text
        sub(/:.*/, "", key)
        sub(/^[^:]*: */, "", text)
        gsub(/^["\047]|["\047]? *$/, "", text)
        if (key == "server") { server = text; at = count }
        if (key == "certificate-authority-data") authority = text
    }
    END { cluster_ended() }
'
clusters() { awk "$of_clusters"; }
moved() { awk -v old="$1" -v new="$2" -v ours="$3" "$of_clusters"; }
# Of k, /etc/kubernetes: prints `names PATH SERVER AUTHORITY` for each cluster of the kubeconfigs that may name the endpoint.
named_clusters() {
    for kubeconfig in $k/admin.conf $k/super-admin.conf $k/kubelet.conf $k/controller-manager.conf $k/scheduler.conf /root/.kube/config; do
        [ ! -e "$kubeconfig" ] || tr -d '\0' <"$kubeconfig" | clusters | sed "s|^|names $kubeconfig |"
    done
}
