# ADDRESS: the host's node address. What firewalld lets in, now ("runtime") and after a reboot ("permanent").
#
# Each firewall-cmd is a Python of its own that takes half a second: one tells all zones of a layer.
systemctl -q is-active firewalld.service 2>/dev/null || exit 0
interface=$(ip -4 -o addr show | while read -r _ name _ address _; do [ "${address%/*}" = "$ADDRESS" ] && echo "$name"; done)
runtime=$(firewall-cmd --list-all-zones) && permanent=$(firewall-cmd --permanent --list-all-zones) || exit 1
# Zone, kind and one value a line.
entries() { awk '/^[^ \t]/ { zone = $1 } /^ +(interfaces|ports|sources): / { for (i = 2; i <= NF; i++) print zone, $1, $i }'; }
zone=$(echo "$runtime" | entries | awk -v name="${interface%%@*}" '$2 == "interfaces:" && $3 == name { print $1; exit }')
[ -n "$zone" ] || zone=$(firewall-cmd --get-default-zone) || exit 1
echo "zone $zone"
opened() {
    entries | awk -v layer="$1" -v zone="$zone" '
        $2 == "ports:" && $1 == zone { print layer " port " $3 }
        $2 == "sources:" && $1 == "trusted" { print layer " source " $3 }'
}
echo "$runtime" | opened runtime
echo "$permanent" | opened permanent
