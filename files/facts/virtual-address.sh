# VIRTUAL, BALANCER_ADDRESS, ROUTER, LISTENER, INTERPRETERS: an address that is to move between balancers, or nothing; this one's
# own; its virtual router's number; a Python program, and where a host's package manager may have its Python.
#
# Defines virtual_place, which prints the interface of its own and the network's prefix, virtual_is_here, which tells whether the
# other is here, and virtual_address, which prints all of that, whether somebody else answers at it, who else speaks for that
# router, and whether keepalived is somebody's own.
virtual_router_heard() {
    for interpreter in $INTERPRETERS; do
        command -v "$interpreter" >/dev/null 2>&1 && "$interpreter" -c "$LISTENER" "$1" "$BALANCER_ADDRESS" "$ROUTER" 2>/dev/null && return
    done
}
virtual_place() {
    ip -4 -o addr show | while read -r _ name _ held _; do
        [ "${held%/*}" != "$BALANCER_ADDRESS" ] || echo "virtual_place ${name%%@*} ${held#*/}"
    done | head -n 1
}
virtual_is_here() { ip -4 -o addr show 2>/dev/null | grep -qF " $VIRTUAL/"; }
virtual_address() {
    [ -n "$VIRTUAL" ] && command -v ip >/dev/null 2>&1 || return 0
    place=$(virtual_place)
    echo "$place"
    place=$(echo "$place" | cut -d ' ' -f 2)
    echo "virtual asked"
    conf=/etc/keepalived/keepalived.conf
    state=$(systemctl is-active keepalived.service 2>/dev/null)
    ours=$(grep '^# Written by k8s_ha;' $conf 2>/dev/null)
    kept=
    [ -z "$ours" ] || [ "$state" != active ] || kept=yes
    [ -z "$kept" ] || echo "virtual kept"
    if virtual_is_here; then
        echo "virtual here"
    elif [ -n "$place" ] && [ -z "$kept" ]; then
        virtual_router_heard "$place" &
        # As a host does that is about to take it: nobody else's cache changes.
        arping -D -q -c 2 -w 3 -I "$place" "$VIRTUAL" >/dev/null 2>&1
        case $? in 0) echo "virtual free" ;; 1) echo "virtual taken" ;; esac
        wait
    fi
    # What its package brings is nobody's, unless it runs.
    if [ -e $conf ] && [ -z "$ours" ]; then
        packaged=$(rpm -q keepalived >/dev/null 2>&1 && ! rpm -V keepalived 2>/dev/null | grep -q " $conf" && echo yes)
        [ -n "$packaged" ] && [ "$state" != active ] || echo "virtual owned"
    fi
    return 0
}
