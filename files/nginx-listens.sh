# Whether nginx listens on a TCP port. Without ss, or where that names no process, whoever listens is taken for nginx.
nginx_listens() {
    if command -v ss >/dev/null 2>&1; then
        set -- "$(ss -ltnp | grep "^LISTEN .*:$1  *[^ ]*:\*")"
        case $1 in
            *'("nginx",'*) return 0 ;;
            *users:*) return 1 ;;
        esac
        [ -n "$1" ]
    else
        cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | grep -q "^ *[0-9]*: [0-9A-F]*:$(printf %04X "$1") [0-9A-F:]* 0A "
    fi
}
