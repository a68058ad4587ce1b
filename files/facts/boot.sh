# MODULES, PATTERN, UNITS: kernel modules that pods need, a regular expression of their names, and systemd units. What the
# next boot will do. Needs modules.sh. Whatever can be read at once is: each process costs more than what it reads.
for file in /etc/sysctl.d/*.conf /run/sysctl.d/*.conf /usr/local/lib/sysctl.d/*.conf /usr/lib/sysctl.d/*.conf \
    /etc/modprobe.d/*.conf /run/modprobe.d/*.conf /usr/local/lib/modprobe.d/*.conf /usr/lib/modprobe.d/*.conf /etc/sysctl.conf; do
    [ -e "$file" ] && echo "boot_file $file"
done
rc_local=/etc/rc.d/rc.local
[ -x $rc_local ] || rc_local=
grep -sHnE "ip_forward|forwarding|bridge-nf|may_detach|[*?[]|[sS]wap|setenforce|sysctl|modprobe|insmod|@reboot|br_netfilter|^SELINUX=|^saved_entry=|^[[:space:]]*(install|blacklist|alias)[[:space:]]+($PATTERN)" \
    /etc/sysctl.d/*.conf /run/sysctl.d/*.conf /usr/local/lib/sysctl.d/*.conf /usr/lib/sysctl.d/*.conf /etc/sysctl.conf \
    /etc/modprobe.d/*.conf /run/modprobe.d/*.conf /usr/local/lib/modprobe.d/*.conf /usr/lib/modprobe.d/*.conf \
    /etc/selinux/config /etc/fstab /boot/grub2/grubenv /etc/tuned/tuned-main.conf /etc/waagent.conf $rc_local \
    /etc/crontab /etc/cron.d/* /var/spool/cron/root /etc/systemd/system/*.service /etc/udev/rules.d/*.rules |
    tr -d '\r' | sed 's/^/boot_line /'
read -r line </proc/cmdline && echo "boot_command_line $line"
for link in /etc/systemd/system/*.wants/* /etc/systemd/system/*.requires/*; do
    [ -L "$link" ] && echo "boot_link $link"
done

if [ -n "$MODULES" ]; then
    for module in $MODULES; do
        module_present "$module" && echo "boot_module $module"
    done
    { read -r line </proc/sys/kernel/modules_disabled; } 2>/dev/null && echo "boot_modules_disabled $line"
    for folder in /lib/modules/*; do
        [ -r "$folder/modules.dep" ] || continue
        if [ -e "$folder/vmlinuz" ] || [ -e "/boot/vmlinuz-${folder##*/}" ]; then echo "boot_kernel ${folder##*/}"; fi
    done
    grep -sHoE "^[^:]*/($PATTERN)\.ko" /lib/modules/*/modules.dep /lib/modules/*/modules.builtin | sed 's/^/boot_has /'
fi

# --- tuned's profile, those that it includes first
tuned_profile() (
    [ "$2" -lt 9 ] || exit 0
    for profile in $1; do
        for file in "/etc/tuned/profiles/$profile/tuned.conf" "/etc/tuned/$profile/tuned.conf" \
            "/usr/lib/tuned/profiles/$profile/tuned.conf" "/usr/lib/tuned/$profile/tuned.conf"; do
            [ -r "$file" ] || continue
            while IFS= read -r line || [ -n "$line" ]; do
                case $line in include*=*) IFS=' ,;' tuned_profile "${line#*=}" $(($2 + 1)) ;; esac
            done <"$file"
            number=0
            while IFS= read -r line || [ -n "$line" ]; do
                number=$((number + 1))
                echo "boot_tuned $file:$number:$line"
            done <"$file"
            break
        done
    done
)
line=
{ read -r line </etc/tuned/active_profile; } 2>/dev/null
[ -n "$line" ] && tuned_profile "$line" 0
systemctl show -p Id -p LoadState -p ActiveState -p UnitFileState -p WantedBy -p RequiredBy $UNITS 2>/dev/null |
    sed 's/^/boot_unit /'
