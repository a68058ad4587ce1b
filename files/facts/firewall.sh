# ADDRESS: the host's node address. What firewalld lets in, now ("runtime") and after a reboot ("permanent").
systemctl -q is-active firewalld.service 2>/dev/null || exit 0
interface=$(ip -4 -o addr show | while read -r _ name _ address _; do [ "${address%/*}" = "$ADDRESS" ] && echo "$name"; done)
zone=$(firewall-cmd --get-zone-of-interface="${interface%%@*}" 2>/dev/null) || zone=$(firewall-cmd --get-default-zone) || exit 1
echo "zone $zone"
for layer in runtime permanent; do
    option=
    [ $layer = permanent ] && option=--permanent
    for port in $(firewall-cmd $option --zone="$zone" --list-ports); do echo "$layer port $port"; done
    for source in $(firewall-cmd $option --zone=trusted --list-sources); do echo "$layer source $source"; done
done
