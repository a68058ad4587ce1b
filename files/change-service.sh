# UNIT, CHANGE, ANSWERS, RECORD: a service; what systemctl does to it, nothing where that is empty; a test that succeeds where the
# service is as wanted; what is recorded of the configuration that it then runs with.
#
# Where it does not come up, the files that were replaced hold again what they held, and it is started with that.
trap '' HUP PIPE # an operator that goes away must not leave a runtime down
folder=/var/lib/k8s-ha
undo=$folder/undo/$UNIT
was_active=$(systemctl is-active "$UNIT")
put_back() {
    [ -e "$undo/files" ] || return 1
    while read -r number sum path; do
        held=$(sha256sum <"$path" 2>/dev/null)
        [ "${held%% *}" = "$sum" ] || continue # somebody has changed it since
        if [ ! -e "$undo/$number" ]; then
            rm -f "$path"
        elif [ "$(stat -c %h "$path")" -gt 1 ] || [ "$(stat -c %m "$path")" = "$path" ]; then
            cat "$undo/$number" >"$path"
        else
            cp -a "$undo/$number" "$path.k8s-ha-new" && mv -f "$path.k8s-ha-new" "$path"
        fi || return 1
        restored="$restored $path"
    done <"$undo/files"
    rm -rf "$undo"
    [ -n "$restored" ]
}
is_up() {
    tries=0
    until systemctl -q is-active "$UNIT" && timeout 10 sh -c "$ANSWERS" >/dev/null 2>&1; do
        if [ $((tries += 1)) -ge 30 ]; then
            echo "$UNIT is $(systemctl is-active "$UNIT"), but not as wanted: $ANSWERS"
            return 1
        fi
        sleep 1
    done
}
changed() {
    systemctl daemon-reload || return 1
    [ -n "$CHANGE" ] || return 0
    timeout 300 systemctl "$CHANGE" "$UNIT" && is_up
}
begin=$(date '+%Y-%m-%d %H:%M:%S')
if ! said=$(changed 2>&1); then
    # systemctl says only that the unit failed; its journal says why.
    {
        echo "$said"
        sleep 1 # its last words are on their way to the journal
        journalctl -q -u "$UNIT" --since "$begin" --no-pager -o cat | tail -n 10
        if put_back; then
            systemctl daemon-reload
            systemctl reset-failed "$UNIT" 2>/dev/null
            if [ "$was_active" = inactive ] || [ "$was_active" = failed ]; then
                systemctl stop "$UNIT" 2>/dev/null
                echo "$UNIT did not come up with what was written; what stood there before stands there again:$restored."
            elif timeout 300 systemctl restart "$UNIT"; then
                echo "$UNIT did not come up with what was written; it runs again with what stood there before:$restored."
            else
                echo "$UNIT comes up neither with what was written nor with what stood there before:$restored."
            fi
        fi
    } >&2
    exit 1
fi
mkdir -p -m 755 "$folder"
systemctl -q enable "$UNIT" && echo "$RECORD" >"$folder/$UNIT.digest.new" && mv -f "$folder/$UNIT.digest.new" "$folder/$UNIT.digest" &&
    rm -rf "$undo"
