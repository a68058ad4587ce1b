# ENDPOINT, FIRST, PERIOD, SECONDS_TO_WAIT, BACKUP: what a timer runs on each control plane: BACKUP, a script, where it is this
# one's turn.
#
# ENDPOINT: of the cluster that the timer is of. FIRST: a moment of the schedule, in seconds since 1970. PERIOD: seconds from one
# to the next. SECONDS_TO_WAIT: for an etcd that has just been started. Stands behind facts/etcd.sh and json-field.sh.
#
# The turn goes round by the number of the moment and the members of etcd, so that each control plane comes to the same without
# asking: the first that is well, from that member on. None is left out for long, and one that is away is not waited for.
kept=/var/lib/k8s-ha/backup-failed
failed() { # SENTENCE: is kept until a backup counts; where the disk is full, what was kept before
    echo "$1" >&2
    mkdir -p -m 755 /var/lib/k8s-ha
    echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) $1" >$kept.new && mv -f $kept.new $kept || rm -f $kept.new
    exit 1
}
[ -e /etc/kubernetes/manifests/etcd.yaml ] || {
    echo "this host is no control plane with an etcd of kubeadm's"
    exit 0
}
# Somebody may have reset the host and joined it elsewhere.
[ "$(sed -n 's/^ *server: *//p' /etc/kubernetes/admin.conf 2>/dev/null | sort -u)" = "https://$ENDPOINT" ] ||
    failed "/etc/kubernetes/admin.conf does not name the cluster at $ENDPOINT, which is to be backed up; run the deploy"
deadline=$(($(date +%s) + SECONDS_TO_WAIT))
while :; do
    own=$(etcd 127.0.0.1:2379/v3/maintenance/status -d '{}' | field member_id)
    voters=$(members | tr '{' '\n' | grep '"clientURLs"' | grep -v '"isLearner": *true' |
        sed -n 's/.*"ID": *"\([0-9]*\)".*"clientURLs": *\["\([^"]*\)".*/\1 \2/p' | sort -n)
    [ -z "$own" ] || [ -z "$voters" ] || break
    [ "$(date +%s)" -lt "$deadline" ] ||
        failed "etcd does not tell its members there, and whose turn it is stays open; see \`crictl ps -a\`"
    sleep 5
done
# Half a period before a moment its number begins, so that clocks and starts that differ a little come to the same one.
number=$((($(date +%s) - FIRST + PERIOD / 2) / PERIOD))
from=$((number % $(echo "$voters" | wc -l)))
while read -r identity url; do
    if well "${url#https://}"; then
        [ "$identity" != "$own" ] || break
        echo "it is the turn of $url"
        exit 0
    fi
done <<END
$(echo "$voters" | awk -v from="$from" '{ line[NR - 1] = $0 } END { for (n = 0; n < NR; n++) print line[(from + n) % NR] }')
END
# Where none is well each tries.
exec 3>&1
words=$(sh -c "$BACKUP" 2>&1 >&3) && exit 0
echo "$words" >&2
sentence=$(echo "$words" | grep 'no etcd snapshot was taken: ' | tail -n 1)
failed "${sentence:-$(echo "$words" | tail -n 1)}"
