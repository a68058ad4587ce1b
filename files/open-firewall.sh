# OPENINGS: lines "LAYER ZONE KIND VALUE" of what firewalld is to let in: now ("runtime") or after a reboot ("permanent"),
# a port or a source.
#
# What it opens is kept beforehand, so that a reset closes that and nothing else. Each firewall-cmd is a Python of its own
# that takes half a second, so there is one for each layer, zone and kind. Of many additions it fails only where all of
# them do: what stands is looked at afterwards.
opened=/var/lib/k8s-ha/before/opened
(umask 022 && mkdir -p "${opened%/before/*}") && (umask 077 && mkdir -p "${opened%/*}") || exit 1
{ cat "$opened" 2>/dev/null; echo "$OPENINGS"; } | sort -u >"$opened.new" && mv -f "$opened.new" "$opened" || exit 1
echo "$OPENINGS" | cut -d ' ' -f 1-3 | sort -u | {
    failed=0
    while read -r layer zone kind; do
        option=
        [ "$layer" = runtime ] || option=--permanent
        values=$(echo "$OPENINGS" | sed -n "s|^$layer $zone $kind ||p")
        # Each value is a word.
        # shellcheck disable=SC2046,SC2086
        firewall-cmd -q $option --zone="$zone" $(printf -- "--add-$kind=%s\n" $values) </dev/null
        stands=" $(firewall-cmd $option --zone="$zone" --list-"${kind}s" </dev/null | tr '\n' ' ') "
        for value in $values; do
            case $stands in
                *" $value "*) ;;
                *)
                    echo "firewalld has not taken the $kind $value into its zone $zone ($layer)" >&2
                    failed=1
                    ;;
            esac
        done
    done
    exit $failed
}
