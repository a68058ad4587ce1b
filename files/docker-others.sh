# Defines others, which prints the names of Docker's containers, running or not, that are none of a pod's; it fails where Docker
# does not answer. Whatever root's own client speaks to is somebody else's.
docker() { command docker -H unix:///var/run/docker.sock "$@"; }
others() {
    told=$(docker ps -a --format '{{.Label "io.kubernetes.pod.name"}} {{.Names}}') || return 1
    echo "$told" | sed -n 's/^ \{1,\}\(.\)/\1/p'
}
