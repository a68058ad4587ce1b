# CONFIG, OURS, PORT, RECORD, UNSTARTED: nginx.conf; this package's files; the endpoint's port, or nothing; the record of what
# nginx last read; "yes" has nginx asked also where its service was never started.
#
# Prints `key value` lines about nginx. Files travel as base64: they may hold anything.
unit=$(systemctl show -p LoadState -p ActiveState -p UnitFileState -p ExecStart -p LimitNOFILE -p LimitNOFILESoft -p MainPID nginx.service 2>/dev/null)
echo "$unit" | sed 's/^/unit /'
pid=$(echo "$unit" | sed -n 's/^MainPID=//p')
sed -n 's/^Max open files *\([0-9]*\).*/open_files \1/p' "/proc/${pid:-0}/limits" 2>/dev/null
[ -r "$RECORD" ] && echo "record $(cat "$RECORD")"
for file in $OURS; do
    [ -f "$file" ] || continue
    sum=$(sha256sum <"$file")
    echo "own ${sum%% *} $(stat -c '%a %U:%G' "$file") $file"
done
if [ -n "$PORT" ]; then
    nginx_listens "$PORT" && echo "listens yes" || echo "listens no"
fi
program=$(command -v nginx) || exit 0
echo "program $(readlink -f "$program")"
nginx -V 2>&1 | sed 's/^/build /'

# A file, and what its includes lead to: nginx prints nothing of a configuration that it does not take.
folder=${CONFIG%/*} seen=' '
walk() {
    case $1 in /*) ;; *) set -- "$folder/$1" ;; esac
    case $seen in *" $1 "*) return ;; esac
    [ -f "$1" ] && [ "$(stat -L -c %s "$1")" -lt 1000000 ] || return
    seen="$seen$1 "
    echo "walked $1 $(base64 -w 0 <"$1")"
    for included in $(sed 's/#.*//' "$1" | tr ';{}' '\n\n\n' | sed -n "s/^[[:space:]]*include[[:space:]]//p" | tr -d "\"'"); do
        walk "$included"
    done
}

# The question itself makes logs and temporary folders where nginx never ran, and a pid file where it does not run.
case $UNSTARTED$unit in
    yes* | *ActiveState=active* | *ActiveState=reloading* | *ActiveState=failed*)
        [ -e /run/nginx.pid ] && running=yes || running=
        answer=$(nginx -T 2>&1 | base64 -w 0)
        [ -n "$running" ] || [ -s /run/nginx.pid ] || rm -f /run/nginx.pid
        echo "answer $answer"
        ;;
    *) answer= ;;
esac
case $(echo "$answer" | base64 -d | grep -a -m 1 '^# configuration file /') in
    ?*) ;;
    *) cd "$folder" 2>/dev/null && walk "$CONFIG" ;;
esac
exit 0
