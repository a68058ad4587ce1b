# CONFIG, COPY, DROP_IN, ERROR_LOG, FILES, FOLDER, HOST, PORT, RECORD, SECONDS_TO_END, SECONDS_TO_LISTEN: gives nginx its files,
# all of them or none; needs nginx-listens.sh and keep-unit-state.sh. FILES is how many it may have open at least, or empty;
# DROP_IN is the unit's that says so. SECONDS_TO_END is how long the workers of before are waited for, or empty.
#
# COPY and FOLDER are for what is tested before anything is changed. Standard input has a line for each file, texts in
# base64: "copy PATH COPY TEXT", "edit PATH SHA256 TEXT" of the owner's, "own PATH - TEXT", "drop PATH - -"; then "end".
umask 077
stage=begun
fail() {
    echo "$HOST: $1" >&2
    exit 1
}
cleaned() { rm -rf "$FOLDER" "$COPY"; }
ended() {
    status=$?
    trap '' HUP INT PIPE TERM
    [ $stage != changed ] || put_back
    cleaned
    exit $status
}
tested() {
    words=$(nginx -t -c "$1" 2>&1) && return
    # The words name the copies; the files that they are of have the same lines.
    echo "$words" | sed -f "$FOLDER/names" >&2
    return 1
}

# A name beside the file takes its place in one step. Others of its names, or a mount, would be parted from it by that.
replaced() {
    real=$(readlink -f "$2")
    beside=${real%/*}/.${real##*/}.k8s-ha-new
    if [ -f "$real" ] && { [ "$(stat -c %h "$real")" -gt 1 ] || grep -qF " $real " /proc/self/mountinfo; }; then
        dd if="$1" of="$real" conv=fsync status=none
        return
    fi
    rm -f "$beside"
    "$3" "$1" "$real" "$beside" && mv -f "$beside" "$real"
}
edited() { cp -a "$2" "$3" && dd if="$1" of="$3" conv=fsync status=none; }
written() { dd if="$1" of="$3" conv=fsync status=none && chmod 644 "$3" && chown root:root "$3"; }
restored() { cp -a "$1" "$3" && dd of="$3" conv=notrunc,fsync status=none </dev/null; }

units_read() { ! grep -qF " $DROP_IN" "$FOLDER/list" || systemctl daemon-reload; }

put_back() {
    while read -r kind number path _; do
        if [ -e "$FOLDER/$number.before" ]; then
            replaced "$FOLDER/$number.before" "$path" restored
        elif [ "$kind" = own ]; then
            rm -f "$path"
            [ ! -e "$FOLDER/$number.made" ] || rmdir "${path%/*}"
        fi
    done <"$FOLDER/list"
    units_read
    if [ -z "$active" ]; then
        systemctl stop nginx.service
    elif systemctl -q is-active nginx.service; then
        systemctl reload nginx.service
    else
        systemctl start nginx.service
    fi 2>/dev/null
}

trap ended EXIT
trap 'exit 1' HUP INT PIPE TERM
cleaned
mkdir -m 700 "$FOLDER" && : >"$FOLDER/list" && : >"$FOLDER/names" || fail "no files can be made in ${FOLDER%/*}; see the error above."
number=0
while read -r kind path other text && [ "$kind" != end ]; do
    number=$((number + 1))
    case $kind in
        copy)
            echo "$text" | base64 -d >"$other" || fail "$other cannot be written; see the error above."
            echo "s|$other|$path|g" >>"$FOLDER/names"
            continue
            ;;
        edit)
            [ "$(sha256sum <"$path")" = "$other  -" ] || fail "$path was changed while this ran; nothing was changed; run this again."
            ;;
    esac
    [ "$kind" = drop ] || echo "$text" | base64 -d >"$FOLDER/$number.text" || fail "$FOLDER cannot be written; see the error above."
    echo "$kind $number $path" >>"$FOLDER/list"
done
[ "$kind" = end ] || fail "the new configuration came only in part; nothing was changed; run this again."

[ -e "$COPY" ] && new=$COPY || new=$CONFIG
if ! tested "$new" 2>"$FOLDER/words"; then
    if [ "$new" != "$CONFIG" ] && tested "$CONFIG" 2>/dev/null; then
        cat "$FOLDER/words" >&2
        fail "nginx refuses its configuration with the endpoint's proxy in it; nothing was changed; fix what nginx names above."
    fi
    tested "$CONFIG"
    fail "nginx refuses its configuration as it stands; nothing was changed; fix what nginx names above."
fi

systemctl -q is-active nginx.service && active=yes || active=
main=$(systemctl show -p MainPID nginx.service | sed -n 's/^MainPID=//p')
workers() { pgrep -P "$main" 2>/dev/null; }
[ -n "$active" ] && former=$(workers) || former=
since=$(date '+%Y-%m-%d %H:%M:%S')
logged=$(stat -c %s "$ERROR_LOG" 2>/dev/null || echo 0)

keep_unit_state "$RECORD" nginx || fail "$state cannot be written; nothing was changed; see the error above."
rm -f "$RECORD"
[ -s "$FOLDER/list" ] && stage=changed
while read -r kind number path; do
    [ ! -f "$path" ] || cp -a "$(readlink -f "$path")" "$FOLDER/$number.before" || exit 1
    case $kind in
        edit) replaced "$FOLDER/$number.text" "$path" edited ;;
        own)
            [ -d "${path%/*}" ] || : >"$FOLDER/$number.made"
            (umask 022 && mkdir -p "${path%/*}") && replaced "$FOLDER/$number.text" "$path" written
            ;;
        drop) rm -f "$path" ;;
    esac || fail "$path cannot be written; nginx's files are as they were; see the error above."
done <"$FOLDER/list"
units_read

# Workers have their limit from the process that is reloaded, and that one is spared a restart: its connections are others' too.
open_files=$(sed -n 's/^Max open files *\([0-9]*\).*/\1/p' "/proc/${main:-0}/limits" 2>/dev/null)
if [ -n "$active" ] && [ "${open_files:-0}" -lt "${FILES:-0}" ]; then
    prlimit --pid "$main" --nofile="$FILES:$FILES" || fail "nginx cannot be allowed $FILES open files; see the error above."
fi

# A reload succeeds whatever becomes of it. One that was done has new workers, and they listen.
renewed() {
    [ -n "$former" ] || return 0
    for worker in $(workers); do
        case " $(echo $former) " in *" $worker "*) ;; *) return 0 ;; esac
    done
    return 1
}
up() { systemctl -q is-active nginx.service && nginx_listens "$PORT" && renewed; }
[ -n "$active" ] && action=reload || action=start
deadline=$(($(date +%s) + SECONDS_TO_LISTEN))
if systemctl $action nginx.service 2>"$FOLDER/words"; then
    until up || [ "$(date +%s)" -ge $deadline ]; do sleep 0.2; done
fi
if ! up; then
    {
        cat "$FOLDER/words"
        tail -c "+$((logged + 1))" "$ERROR_LOG" 2>/dev/null | grep -E '\[(emerg|alert|crit)\]' | tail -n 5
        journalctl -q -u nginx.service --since "$since" -n 10 --no-pager -o cat
    } >&2
    [ $stage = changed ] && kept="; its files are as they were" || kept=
    fail "after systemctl $action nginx does not run with its configuration on port $PORT$kept; fix what its own words above name."
fi
systemctl -q enable nginx.service || fail "nginx.service cannot be enabled; nginx's files are as they were; see the error above."
stage=done
mkdir -p -m 755 "${RECORD%/*}"
digest=$(nginx -T 2>/dev/null | sha256sum)
(umask 022 && echo "config=${digest%% *}" >"$RECORD.new") && mv -f "$RECORD.new" "$RECORD"
if [ -n "$SECONDS_TO_END" ]; then
    deadline=$(($(date +%s) + SECONDS_TO_END))
    for worker in $former; do
        while [ -d "/proc/$worker" ] && [ "$(date +%s)" -lt $deadline ]; do sleep 0.2; done
    done
fi
