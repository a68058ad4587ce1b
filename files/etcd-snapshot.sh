# HOST, RUNTIME, FOLDER, NAME, VERSION, KEEP, KEEPS, ENDPOINT: saves etcd and a control plane's files, proved by a trial restore.
#
# RUNTIME: containerd or docker. FOLDER: where backups lie. NAME: the new one's, KIND-…-TIME, TIME as 20261127T081500Z.
# VERSION: the cluster's, of Kubernetes. KEEPS: "newest" of this name without its time, of which KEEP stay; or "purposes", of
# which as many of this kind keep some. ENDPOINT: the cluster's. Stands behind ca-hash.sh, json-field.sh and backup-parts.sh.
#
# A backup is NAME.db, NAME.tar.gz and NAME.json, the first two sealed where there is a recipient; without the last, which is
# written last, it is none.
umask 077
manifest=/etc/kubernetes/manifests/etcd.yaml
pki=/etc/kubernetes/pki
client="--endpoints=https://127.0.0.1:2379 --cacert=$pki/etcd/ca.crt"
client="$client --cert=$pki/etcd/healthcheck-client.crt --key=$pki/etcd/healthcheck-client.key"
kind=${NAME%%-*}
time="[0-9]{8}T[0-9]{6}Z"
form="$kind-[A-Za-z0-9.-]*-$time"
if [ "$KEEPS" = newest ]; then
    # The folder may be one that other control planes write to: nothing of theirs is looked at.
    form="$(echo "${NAME%-*}" | sed 's/[.]/[.]/g')-$time"
    ionice -c 3 -p $$ 2>/dev/null
fi
tool=crictl
[ "$RUNTIME" != docker ] || tool=docker
refuse() {
    echo "$HOST: no etcd snapshot was taken: $1; $2, then run this again." >&2
    exit 1
}
failed() { # what, of which the container's words say why
    tail -n 3 "$WORK/words" | cut -c 1-400 >&2
    refuse "\`$1\` failed" "see the lines above"
}
in_etcd() { $tool exec "$container" "$@" </dev/null 2>"$WORK/words"; }
at_idle() { # as in_etcd, with the idle time of the disk: what a container runs is no child of this
    [ "$KEEPS" = newest ] || { in_etcd "$@"; return; }
    in_etcd "$@" &
    child=$!
    while kill -0 "$child" 2>/dev/null; do
        # A thread has a class of its own, and hands it on only to those that it starts.
        for pid in $(pgrep -f "$1 $2 $3 $WORK/"); do
            for thread in /proc/"$pid"/task/*; do ionice -c 3 -p "${thread##*/}"; done
        done 2>/dev/null
        sleep 0.2
    done
    wait "$child"
}
etcd_containers() {
    name=io.kubernetes.container.name=etcd namespace=io.kubernetes.pod.namespace=kube-system
    if [ $tool = docker ]; then
        docker ps -q --filter "label=$name" --filter "label=$namespace"
    else
        crictl ps -q --state running --label "$name" --label "$namespace"
    fi
}
are_numbers() { for number; do case $number in '' | *[!0-9]*) return 1 ;; esac done; }
status_of() { in_etcd "$snapshots" snapshot status "$1" --write-out=json; }
digest() { sha256sum <"$1" | cut -d ' ' -f 1; }
json_text() { printf '"%s"' "$(printf %s "$1" | tr -d '\n' | sed 's/["\\]/\\&/g')"; }
remove() { rm -f "$FOLDER/$1.json" && for end in "" .age .gpg; do rm -f "$FOLDER/$1.db$end" "$FOLDER/$1.tar.gz$end"; done; }
forget_unfinished() {
    ls "$FOLDER" 2>/dev/null | grep -E "^$form\.((db|tar\.gz)(\.(age|gpg))?|json)(\.new)?\$" | while read -r file; do
        base=${file%.new} base=${base%.age} base=${base%.gpg} base=${base%.db} base=${base%.tar.gz} base=${base%.json}
        case $file in *.new) rm -f "$FOLDER/$file" ;; esac
        [ -e "$FOLDER/$base.json" ] || remove "$base"
    done
}
clean_up() {
    rm -rf "$WORK"
    forget_unfinished
}
require_space() { # FOLDER, KiB
    free=$(df -Pk "$1" | { read -r _ && read -r _ _ _ free _ && echo "$free"; })
    are_numbers "$free" || refuse "the free space of $1 could not be read" "see \`df $1\` there"
    [ "$free" -ge "$2" ] ||
        refuse "$1 has $((free / 1024)) MiB free, and a snapshot needs $(($2 / 1024))" "free some there"
}

[ -e $manifest ] || refuse "$manifest is missing" "take it on a control plane that has one"
[ -n "$VERSION" ] || refuse "kube-apiserver.yaml tells no version of Kubernetes" "see that file there"
command -v tar >/dev/null || refuse "tar is not installed there" "run \`yum install tar\` there"
data=$(sed -n 's/^ *- --data-dir=//p' $manifest)
data=${data:-/var/lib/etcd}
WORK=$data/.k8s-ha-trial # the container sees it, too
trap 'exit 1' HUP INT TERM
trap clean_up EXIT
clean_up
if [ -e "$FOLDER/$NAME.json" ]; then
    echo "snapshot $NAME is there already"
    exit 0
fi
case $(readlink -m "$FOLDER")/ in "$(readlink -m "$data")"/*)
    refuse "$FOLDER is in etcd's own folder" "set backup.directory to another one" ;;
esac
mkdir -p -m 755 /var/lib/k8s-ha
{ [ -d "$FOLDER" ] || mkdir -p -m 700 "$FOLDER"; } && mkdir -m 700 "$WORK" ||
    refuse "$FOLDER and $WORK cannot be made" "see the error above"
# In a folder of theirs they would lay a link where a secret is written.
[ -O "$FOLDER" ] && [ -z "$(find -H "$FOLDER" -maxdepth 0 -perm /022)" ] ||
    refuse "others may write to $FOLDER, which will hold secrets" "run \`chown root $FOLDER && chmod 700 $FOLDER\` there"
prepare_seal

container=$(etcd_containers 2>"$WORK/words") || failed "$tool ps"
# shellcheck disable=SC2086 # each of them is a word
set -- $container
[ $# -eq 1 ] || refuse "$# containers of etcd run there, one must" "see \`$tool ps -a\`"
# shellcheck disable=SC2086
status=$(in_etcd etcdctl $client endpoint status --write-out=json) || failed "etcdctl endpoint status"
etcd_version=$(echo "$status" | field version)
size=$(echo "$status" | field dbSize)
are_numbers "$size" || refuse "etcd does not tell its size" "see \`$tool logs $container\` there"
# Where it has none, 3.4 leaves it out, and would hand over what may be long outdated.
case $(echo "$status" | field leader) in
    '' | 0) refuse "etcd has no leader, a majority of its members must run" "bring them back" ;;
esac
# shellcheck disable=SC2086
members=$(in_etcd etcdctl $client member list --write-out=json) || failed "etcdctl member list"
members=$(echo "$members" | sed -n 's/.*"members":\(\[.*\]\).*/\1/p')
[ -n "$members" ] || refuse "etcd does not tell its members" "see \`$tool logs $container\` there"
# A restore makes files of 64 MB for the write-ahead log, however small etcd is.
require_space "$data" $((size / 1024 * 3 + 65536 + 1024))
require_space "$FOLDER" $((size / 1024 + 1024))

# etcdctl: deprecated for files in 3.5; from 3.6 on it prints its help for them and succeeds.
snapshots=etcdutl
case $etcd_version in
    3.[0-4].*) snapshots=etcdctl ;;
    3.5.*) in_etcd etcdutl version >/dev/null || snapshots=etcdctl ;;
    *) in_etcd etcdutl version >/dev/null || failed "etcdutl version" ;;
esac
taken=$(date -u +%Y-%m-%dT%H:%M:%SZ)
saved=$WORK/snapshot.db restored=$WORK/restored/member/snap/db
# Without a bound it would wait for ever where etcd has gone away.
# shellcheck disable=SC2086
in_etcd etcdctl $client --command-timeout=600s snapshot save "$saved" >/dev/null || failed "etcdctl snapshot save"
status=$(status_of "$saved") || failed "$snapshots snapshot status"
revision=$(echo "$status" | field revision)
hash=$(echo "$status" | field hash)
keys=$(echo "$status" | field totalKey)
are_numbers "$revision" "$hash" "$keys" ||
    refuse "\`$snapshots snapshot status\` tells no revision" "see \`$tool logs $container\` there"
# Only a restore compares the snapshot with the checksum at its end; what it proved is what is kept.
proved=$(digest "$saved")
at_idle "$snapshots" snapshot restore "$saved" --data-dir="$WORK/restored" --name=trial \
    --initial-cluster=trial=https://127.0.0.1:2380 --initial-advertise-peer-urls=https://127.0.0.1:2380 \
    --initial-cluster-token=k8s-ha-trial >/dev/null || failed "$snapshots snapshot restore"
status=$(status_of "$restored") || failed "$snapshots snapshot status"
found=$(echo "$status" | field revision)
[ "$found" = "$revision" ] ||
    refuse "the trial restore came to revision ${found:-none}, the snapshot has $revision" "check etcd's disk"
# Before 3.6 the number of keys counts the members, those of old, and what else a restore replaces beside what users wrote;
# hashkv panics where keys have leases.
found=$(echo "$status" | field totalKey)
replaced=$(($(echo "$members" | grep -o '"ID"' | wc -l) + 100))
are_numbers "$found" && [ "$found" -ge $((keys - replaced)) ] && [ "$found" -le $((keys + 8)) ] ||
    refuse "the trial restore came to ${found:-no} keys, the snapshot has $keys" "check etcd's disk"
rm -rf "$WORK/restored"

ca=$(ca_hash $pki/ca.crt) || refuse "$pki/ca.crt holds no certificate" "write the cluster's CA there again"
store() { # END: what was written beside takes its name
    dd if=/dev/null of="$FOLDER/$NAME.$1.new" conv=notrunc,fsync status=none && mv -f "$FOLDER/$NAME.$1.new" "$FOLDER/$NAME.$1" ||
        refuse "$FOLDER/$NAME.$1 could not be written" "see the error above"
}
put() { # FILE, END: sealed where there is a recipient, else compared
    if [ -n "$sealed" ]; then
        seal <"$1" >"$FOLDER/$NAME.$2$sealed.new" 2>"$WORK/words" || failed "${sealed#.}"
    else
        dd if="$1" of="$FOLDER/$NAME.$2.new" bs=1M conv=fsync status=none &&
            [ "$(digest "$FOLDER/$NAME.$2.new")" = "$(digest "$1")" ] ||
            refuse "its copy in $FOLDER did not arrive whole" "check that disk"
    fi
    store "$2$sealed"
}
[ "$(digest "$saved")" = "$proved" ] || refuse "the snapshot changed after its trial" "check etcd's disk"
put "$saved" db
needed_files() { # without which the cluster is not made anew; a CA that is kept elsewhere has no key here
    echo $pki/sa.key
    for file in ca.crt ca.key sa.pub front-proxy-ca.crt front-proxy-ca.key etcd/ca.crt etcd/ca.key; do
        if [ -e "$pki/$file" ] || [ -L "$pki/$file" ]; then echo "$pki/$file"; fi
    done
    api_server_files
}
needed_files >"$WORK/needed"
while read -r file; do
    [ -f "$file" ] || refuse "$file is missing, or a link to nothing" "write that file there again"
done <"$WORK/needed"
set --
for path in /etc/kubernetes $pki $pki/etcd /etc/kubernetes/manifests /etc/nginx \
    /var/lib/kubelet/config.yaml /var/lib/kubelet/kubeadm-flags.env /var/lib/kubelet/instance-config.yaml; do
    [ ! -e "$path" ] || set -- "$@" "$path"
done
# A link is held as the file that it leads to, where a restore would read one of that size: it knows no other host's paths. Below
# tmp kubeadm keeps whole copies of etcd.
find -H "$@" -path /etc/kubernetes/tmp -prune -o -type d -print0 -o -type f -print0 -o \
    -type l -exec find -L {} -maxdepth 0 -type f -size -8193 -print0 \; >"$WORK/found" 2>"$WORK/words" || failed "find /etc/kubernetes"
{ cat "$WORK/found" && { cat "$WORK/needed" && files_beside; } | tr '\n' '\0'; } | sort -zu >"$WORK/listed"
archive=$WORK/archive.tar.gz
tar -czhf "$archive" --hard-dereference --no-recursion --null -T "$WORK/listed" 2>"$WORK/words" || failed "tar of /etc/kubernetes"
tar -tvzf "$archive" --numeric-owner --quoting-style=literal 2>"$WORK/words" |
    sed -n 's/^-[^ ]* *[^ ]* *[^ ]* *[^ ]* *[^ ]* /\//p' >"$WORK/held"
while read -r file; do
    grep -Fx -- "$file" "$WORK/held" >/dev/null || refuse "its archive does not hold $file" "see \`ls -l $file\` there"
done <"$WORK/needed"
archived=$(digest "$archive")
put "$archive" tar.gz
part() { # END
    printf '{"file": "%s", "size": %s, "sha256": "%s"}' "$NAME.$1" "$(wc -c <"$FOLDER/$NAME.$1")" "$(digest "$FOLDER/$NAME.$1")"
}
cat >"$FOLDER/$NAME.json.new" <<END || refuse "$FOLDER/$NAME.json could not be written" "see the error above"
{
  "name": $(json_text "$NAME"),
  "host": $(json_text "$HOST"),
  "taken": "$taken",
  "endpoint": $(json_text "$ENDPOINT"),
  "kubernetesVersion": $(json_text "$VERSION"),
  "etcdVersion": $(json_text "$etcd_version"),
  "revision": $revision,
  "hash": $hash,
  "keys": $keys,
  "restoredKeys": $found,
  "size": $(wc -c <"$saved"),
  "members": $members,
  "caHash": "$ca",
  "snapshotSha256": "$proved",
  "archiveSha256": "$archived",
  "encryption": "${sealed#.}",
  "parts": [$(part "db$sealed"), $(part "tar.gz$sealed")]
}
END
store json
timeout 60 sync || true # the names, too, are on the disk before anything is changed
if [ "$KEEPS" = newest ]; then
    # With the CA's file: a cluster that is made anew here has none yet.
    echo "$FOLDER/$NAME $(digest $pki/ca.crt)" >/var/lib/k8s-ha/last-backup.new && mv -f /var/lib/k8s-ha/last-backup.new /var/lib/k8s-ha/last-backup &&
        rm -f /var/lib/k8s-ha/backup-failed || refuse "/var/lib/k8s-ha/last-backup could not be written" "see the error above"
fi
echo "snapshot $NAME: $(wc -c <"$saved") bytes, revision $revision, hash $hash, keys $keys; restored on trial"
# TIME is the last word of a name. Of what was saved for one purpose the last stays, and the first of the last days, which is
# from before this change began; this one is the last, whatever the clock said before.
lately=$(date -u -d '14 days ago' +%Y%m%dT%H%M%SZ)
ls "$FOLDER" | grep -E "^$form\.json\$" | grep -vFx "$NAME.json" | sed 's/\.json$//; s/\(.*\)-\([^-]*\)$/\2 \1/' | sort |
    { cat && echo "${NAME##*-} ${NAME%-*}"; } | awk -v keep="$KEEP" -v lately="$lately" -v newest="$KEEPS" '
        { time[NR] = $1; purpose[NR] = $2; if (!($2 in first) && $1 >= lately) first[$2] = NR; last[$2] = NR }
        END {
            if (newest == "newest") {
                for (number = 1; number <= NR - keep; number++) print purpose[number] "-" time[number]
                exit
            }
            for (number = NR; number; number--)
                if (last[purpose[number]] == number && ++kept <= keep) stays[purpose[number]] = 1
            for (number = 1; number <= NR; number++) {
                name = purpose[number]
                if (!(name in stays) || (first[name] != number && last[name] != number)) print name "-" time[number]
            }
        }' | while read -r old; do remove "$old"; done
