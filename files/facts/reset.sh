# Prints how far a reset has come here, and what the files hold that it edits, in base64: "content PATH TEXT". Before take-back.sh.
[ ! -e /var/lib/k8s-ha/reset ] || echo "reset $(cat /var/lib/k8s-ha/reset)"
for file in /etc/hosts /etc/fstab /etc/selinux/config /var/lib/k8s-ha/before/fstab /var/lib/k8s-ha/before/selinux-config; do
    [ -f "$file" ] && [ "$(stat -L -c %s "$file")" -lt 1000000 ] || continue
    echo "content $file $(base64 -w 0 <"$file")"
done
if grep -qs '^# BEGIN k8s_ha$' /etc/hosts; then echo "due /etc/hosts"; fi
