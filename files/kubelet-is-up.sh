# Defines kubelet_is_up: the same process for 15 seconds, since one that cannot read its files ends at once, and is started again
# after ten.
kubelet_is_up() {
    process= since=0
    for second in $(seq 60); do
        now=$(systemctl show -p MainPID kubelet.service 2>/dev/null)
        if systemctl -q is-active kubelet.service && [ "$now" = "$process" ]; then
            [ $((second - since)) -lt 15 ] || return 0
        else
            process=$now since=$second
        fi
        sleep 1
    done
    return 1
}
