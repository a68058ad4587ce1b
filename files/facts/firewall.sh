# ADDRESS: the host's node address. What firewalld lets in, now ("runtime") and after a reboot ("permanent").
#
# firewalld is asked on D-Bus: each firewall-cmd is a Python of its own that takes half a second, more than all else of a run
# that changes nothing. Where that says nothing, firewall-cmd is asked.
systemctl -q is-active firewalld.service 2>/dev/null || exit 0
interface=$(ip -4 -o addr show | while read -r _ name _ address _; do [ "${address%/*}" = "$ADDRESS" ] && echo "$name"; done)
interface=${interface%%@*}

name=org.fedoraproject.FirewallD1 path=/org/fedoraproject/FirewallD1
# OBJECT, INTERFACE, METHOD, its arguments: the strings of the answer, one a line.
asked() {
    answer=$(busctl call "$name" "$@" 2>/dev/null) || return 1
    echo "$answer" | grep -o '"[^"]*"' | tr -d '"'
    return 0
}
# LAYER, OBJECT, INTERFACE, then how a zone is named to it: its ports, which travel in two parts, or its sources.
ports() { answers=$(asked "$2" "$3" getPorts $4) && echo "$answers" | sed '/./!d' | paste -d / - - | sed "s,^,$1 port ,"; }
sources() { answers=$(asked "$2" "$3" getSources $4) && echo "$answers" | sed "/./!d; s,^,$1 source ,"; }
by_bus() {
    command -v busctl >/dev/null || return 1
    zone=$(asked $path $name.zone getZoneOfInterface s "$interface") || return 1
    [ -n "$zone" ] || zone=$(asked $path $name getDefaultZone) && [ -n "$zone" ] || return 1
    own=$(asked $path/config $name.config getZoneByName s "$zone") && [ -n "$own" ] || return 1
    trusted=$(asked $path/config $name.config getZoneByName s trusted) && [ -n "$trusted" ] || return 1
    echo "zone $zone"
    ports runtime $path $name.zone "s $zone" && sources runtime $path $name.zone "s trusted" &&
        ports permanent "$own" $name.config.zone && sources permanent "$trusted" $name.config.zone
}
told=$(by_bus) && echo "$told" && exit 0

runtime=$(firewall-cmd --list-all-zones) && permanent=$(firewall-cmd --permanent --list-all-zones) || exit 1
# Zone, kind and one value a line.
entries() { awk '/^[^ \t]/ { zone = $1 } /^ +(interfaces|ports|sources): / { for (i = 2; i <= NF; i++) print zone, $1, $i }'; }
zone=$(echo "$runtime" | entries | awk -v name="$interface" '$2 == "interfaces:" && $3 == name { print $1; exit }')
[ -n "$zone" ] || zone=$(firewall-cmd --get-default-zone) || exit 1
echo "zone $zone"
opened() {
    entries | awk -v layer="$1" -v zone="$zone" '
        $2 == "ports:" && $1 == zone { print layer " port " $3 }
        $2 == "sources:" && $1 == "trusted" { print layer " source " $3 }'
}
echo "$runtime" | opened runtime
echo "$permanent" | opened permanent
