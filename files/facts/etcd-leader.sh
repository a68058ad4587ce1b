# Prints who leads etcd as the host's own member tells it, whom that counts, how each of them is, and what is free beside its
# data. Stands behind etcd.sh.
[ -e /etc/kubernetes/manifests/etcd.yaml ] || exit 0
echo "status $(etcd 127.0.0.1:2379/v3/maintenance/status -d '{}')"
told=$(members)
echo "members $told"
for address in $(echo "$told" | grep -o 'https://[^"/]*:2379' | sed 's,^https://,,' | sort -u); do
    # Whose quota is used up leads and is defragmented all the same.
    { ! well "$address" || echo "health ${address%:*} {\"health\":\"true\"}"; } &
done
data=$(sed -n 's/^ *- --data-dir=//p' /etc/kubernetes/manifests/etcd.yaml)
echo "free $(df -Pk "${data:-/var/lib/etcd}" 2>/dev/null | { read -r _ && read -r _ _ _ free _ && echo "$free"; })"
wait
exit 0
