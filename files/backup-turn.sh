# FIRST, PERIOD, SECONDS_TO_WAIT, BACKUP: what a timer runs on each control plane: BACKUP, a script, where it is this one's turn.
#
# FIRST: a moment of the schedule, in seconds since 1970. PERIOD: seconds from one to the next. SECONDS_TO_WAIT: for an etcd that
# has just been started. Stands behind facts/etcd.sh.
#
# The turn goes round by the number of the moment and the members of etcd, so that each control plane comes to the same without
# asking: the first that is well, from that member on. None is left out for long, and one that is away is not waited for.
[ -e /etc/kubernetes/manifests/etcd.yaml ] || {
    echo "this host is no control plane with an etcd of kubeadm's"
    exit 0
}
field() { sed -n "s/.*\"$1\":\"\{0,1\}\([^\",}]*\).*/\1/p"; }
deadline=$(($(date +%s) + SECONDS_TO_WAIT))
while :; do
    own=$(etcd 127.0.0.1:2379/v3/maintenance/status -d '{}' | field member_id)
    voters=$(members | tr '{' '\n' | grep '"clientURLs"' | grep -v '"isLearner": *true' |
        sed -n 's/.*"ID": *"\([0-9]*\)".*"clientURLs": *\["\([^"]*\)".*/\1 \2/p' | sort -n)
    [ -z "$own" ] || [ -z "$voters" ] || break
    if [ "$(date +%s)" -ge "$deadline" ]; then
        echo "etcd does not tell its members there, and whose turn it is stays open; see \`crictl ps -a\`" >&2
        exit 1
    fi
    sleep 5
done
# Half a period before a moment its number begins, so that clocks and starts that differ a little come to the same one.
number=$((($(date +%s) - FIRST + PERIOD / 2) / PERIOD))
from=$((number % $(echo "$voters" | wc -l)))
while read -r identity url; do
    [ "$identity" != "$own" ] || break
    if etcd "${url#https://}/health?exclude=NOSPACE" | grep -q '"health": *"true"'; then
        echo "it is the turn of $url"
        exit 0
    fi
done <<END
$(echo "$voters" | awk -v from="$from" '{ line[NR - 1] = $0 } END { for (n = 0; n < NR; n++) print line[(from + n) % NR] }')
END
mkdir -p -m 755 /var/lib/k8s-ha
words=/var/lib/k8s-ha/backup-failed.new
if sh -c "$BACKUP" 2>$words; then
    rm -f $words
    exit 0
fi
cat $words >&2
sentence=$(grep 'no etcd snapshot was taken: ' $words | tail -n 1)
echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) ${sentence:-$(tail -n 1 $words)}" >$words.line
mv -f $words.line /var/lib/k8s-ha/backup-failed && rm -f $words
exit 1
