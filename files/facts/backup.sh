# Prints what this host holds of its backups by schedule, and what takes them; nothing where there is none of it.
#
# The newest that counts: its descriptor, and the size of each of its files. What has failed since. Which tools could encrypt.
last='' authority=''
if [ -s /var/lib/k8s-ha/last-backup ]; then read -r last authority </var/lib/k8s-ha/last-backup; fi
# One of a cluster that stood here before is none of this one's.
if [ -n "$last" ] && sha256sum 2>/dev/null </etc/kubernetes/pki/ca.crt | grep -q "^$authority "; then
    echo "backup_newest $last"
    if [ -r "$last.json" ]; then echo "backup_descriptor $(base64 <"$last.json" | tr -d '\n')"; fi
    for file in "$last".*; do
        [ ! -f "$file" ] || echo "backup_part $(stat -c %s "$file") ${file##*/}"
    done
fi
[ ! -s /var/lib/k8s-ha/backup-failed ] || echo "backup_failed $(head -c 1000 /var/lib/k8s-ha/backup-failed | tr -s '\n' ' ')"
show_timer() {
    systemctl show -p ActiveState -p UnitFileState k8s-ha-backup.timer | sed 's/^/backup_timer /'
    # A run that was cut off may have left files that systemd has not read.
    systemctl show -p NeedDaemonReload k8s-ha-backup.timer k8s-ha-backup.service | sed -n 's/.*=yes/backup_timer unread/p'
    # What systemd stopped wrote no sentence down. Its moment is told in microseconds since the boot.
    result=$(systemctl show -p Result k8s-ha-backup.service | sed 's/^Result=//')
    case $result in '' | success) return ;; esac
    ended=$(systemctl show -p ExecMainExitTimestampMonotonic k8s-ha-backup.service | sed 's/.*=//')
    read -r up _ </proc/uptime
    echo "backup_result $(($(date +%s) - ${up%.*} + ${ended:-0} / 1000000)) $result"
}
for file in /etc/systemd/system/k8s-ha-backup.timer /etc/systemd/system/k8s-ha-backup.service /var/lib/k8s-ha/backup.sh \
    /var/lib/k8s-ha/backup-recipient.asc; do
    [ -f "$file" ] || continue
    sum=$(sha256sum <"$file")
    echo "backup_unit ${sum%% *} $(stat -c '%a %U:%G %Y' "$file") $file"
    case $file in *.timer) show_timer ;; esac
done
for tool in age gpg; do
    command -v $tool >/dev/null 2>&1 && echo "backup_tool $tool"
done
