# Prints how far a reset has come here, what the files hold that it edits, in base64: "content PATH TEXT", and whose hosts those
# files of this package's name that are of one cluster: "names PATH ADDRESS...". Before take-back.sh.
[ ! -e /var/lib/k8s-ha/reset ] || echo "reset $(cat /var/lib/k8s-ha/reset)"
for file in /etc/hosts /etc/fstab /etc/selinux/config /var/lib/k8s-ha/before/fstab /var/lib/k8s-ha/before/selinux-config; do
    [ -f "$file" ] && [ "$(stat -L -c %s "$file")" -lt 1000000 ] || continue
    echo "content $file $(base64 -w 0 <"$file")"
done
if grep -qs '^# BEGIN k8s_ha$' /etc/hosts; then echo "due /etc/hosts"; fi

address='\([0-9]\{1,3\}\.[0-9]\{1,3\}\.[0-9]\{1,3\}\.[0-9]\{1,3\}\)'
blanks='[[:space:]]*'
names() { # PATH, LINES: of it, before an address
    echo "names $1 $(sed -n "$2$address\([^0-9.].*\)\{0,1\}\$/\1/p" "$1" | head -n 1000 | tr '\n' ' ')"
}
while read -r file lines; do
    if [ -f "$file" ] && head -n 2 "$file" | grep -q '^# Written by k8s_ha'; then names "$file" "$lines"; fi
done <<END
/etc/nginx/conf.d/tcp.d/kube-api-server.conf s/^${blanks}server$blanks
/etc/nginx/k8s-ha/kube-api-server.conf s/^${blanks}server$blanks
/etc/keepalived/keepalived.conf /virtual_ipaddress$blanks{/,/}/s/^$blanks
/usr/libexec/keepalived/k8s-ha-endpoint /127\.0\.0\.1/d; s/^${blanks}answers$blanks
END
if grep -qs '^# BEGIN k8s_ha$' /etc/hosts; then names /etc/hosts '/^# BEGIN k8s_ha$/,/^# END k8s_ha$/s/^'; fi
