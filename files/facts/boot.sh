# MODULES, UNITS: kernel modules that pods need, and systemd units, separated by spaces. What the next boot will do.
# Needs modules.sh.
for kind in sysctl.d modprobe.d; do
    for file in "/etc/$kind/"*.conf "/run/$kind/"*.conf "/usr/local/lib/$kind/"*.conf "/usr/lib/$kind/"*.conf; do
        [ -e "$file" ] && echo "boot_file $file"
    done
done
[ -e /etc/sysctl.conf ] && echo "boot_file /etc/sysctl.conf"
boot_lines() { grep -sHnE "$@" | tr -d '\r'; }
boot_lines '^[[:space:]]*[^#;[:space:]]' /etc/sysctl.d/*.conf /run/sysctl.d/*.conf /usr/local/lib/sysctl.d/*.conf \
    /usr/lib/sysctl.d/*.conf /etc/sysctl.conf | sed 's/^/boot_sysctl /'
echo "boot_command_line $(cat /proc/cmdline)"

if [ -n "$MODULES" ]; then
    names=$(echo "$MODULES" | sed 's/_/[-_]/g; s/ /|/g')
    boot_lines "^[[:space:]]*(install|blacklist|alias)[[:space:]]+($names)([[:space:]]|\$)" /etc/modprobe.d/*.conf \
        /run/modprobe.d/*.conf /usr/local/lib/modprobe.d/*.conf /usr/lib/modprobe.d/*.conf | sed 's/^/boot_modprobe /'
    for module in $MODULES; do
        module_present "$module" && echo "boot_module $module"
    done
    [ "$(cat /proc/sys/kernel/modules_disabled 2>/dev/null)" = 1 ] && echo "boot_modules_locked yes"
    for folder in /lib/modules/*; do
        version=${folder##*/}
        [ -r "$folder/modules.dep" ] || continue
        if [ ! -e "$folder/vmlinuz" ] && [ ! -e "/boot/vmlinuz-$version" ]; then continue; fi
        found=$(grep -shoE "^[^:]*/($names)\.ko" "$folder/modules.dep" "$folder/modules.builtin" | sed 's/^.*\///; s/\.ko$//')
        echo "boot_kernel $version $(echo "$found" | tr '\n' ' ')"
    done
    grep -s '^saved_entry=' /boot/grub2/grubenv | sed 's/^saved_entry=/boot_entry /'
fi

# grep ends a last line that has no line break, and sed does not.
grep -s '^SELINUX=' /etc/selinux/config | sed 's/^/boot_selinux /'
grep -s swap /etc/fstab | sed 's/^/boot_fstab /'
for link in /etc/systemd/system/*.wants/*.swap /etc/systemd/system/*.requires/*.swap; do
    case $link in
        */swap.target.*) ;;
        *) [ -L "$link" ] && echo "boot_swap_unit $link" ;;
    esac
done

# --- commands that run at boot: rc.local, cron, units of the host's own, rules of udev, Azure's agent
done_at_boot='swapon|setenforce|sysctl|/proc/sys/net|modprobe'
[ -x /etc/rc.d/rc.local ] && boot_lines "^[^#]*($done_at_boot)" /etc/rc.d/rc.local | sed 's/^/boot_runs /'
boot_lines '^@reboot' /etc/crontab /etc/cron.d/* /var/spool/cron/root | sed 's/^/boot_runs /'
boot_lines "^Exec[A-Za-z]*=.*($done_at_boot)" /etc/systemd/system/*.service | while IFS= read -r line; do
    unit=${line%%:*} unit=${unit##*/}
    for link in /etc/systemd/system/*.wants/"$unit" /etc/systemd/system/*.requires/"$unit"; do
        [ -L "$link" ] && echo "boot_runs $line" && break
    done
done
boot_lines 'br_netfilter.*sysctl' /etc/udev/rules.d/*.rules | sed 's/^/boot_udev /'
boot_lines '^ResourceDisk\.EnableSwap=[yY]' /etc/waagent.conf | sed 's/^/boot_swap_agent /'

# --- tuned's profile, those that it includes first
tuned_profile() (
    [ "$2" -lt 9 ] || exit 0
    for profile in $1; do
        for file in "/etc/tuned/profiles/$profile/tuned.conf" "/etc/tuned/$profile/tuned.conf" \
            "/usr/lib/tuned/profiles/$profile/tuned.conf" "/usr/lib/tuned/$profile/tuned.conf"; do
            [ -r "$file" ] || continue
            tuned_profile "$(sed -n 's/^include[[:space:]]*=//p' "$file" | tr ',;' '  ')" $(($2 + 1))
            boot_lines '[^[:space:]]' "$file" | sed 's/^/boot_tuned /'
            break
        done
    done
)
[ -r /etc/tuned/active_profile ] && tuned_profile "$(cat /etc/tuned/active_profile)" 0
grep -s '^[[:space:]]*reapply_sysctl' /etc/tuned/tuned-main.conf | sed 's/^.*=[[:space:]]*/boot_tuned_reapply /'
systemctl show -p Id -p LoadState -p ActiveState -p UnitFileState -p WantedBy -p RequiredBy $UNITS 2>/dev/null |
    sed 's/^/boot_unit /'
