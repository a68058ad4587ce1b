# MODULES, KEYS: kernel modules and sysctl keys, separated by spaces.
for module in $MODULES; do
    # With --first-time it fails for a module that is loaded or built in; without, only for one that does not exist.
    if modprobe -n -q --first-time "$module" || ! modprobe -n -q "$module"; then echo "unloaded $module"; fi
done
for key in $KEYS; do
    value=$(sysctl -n "$key" 2>/dev/null) && echo "sysctl $key $value"
done
tail -n +2 /proc/swaps | while read -r device _; do echo "swap $device"; done
grep -Eq '^[^#[:space:]]+[[:space:]]+[^[:space:]]+[[:space:]]+swap[[:space:]]' /etc/fstab 2>/dev/null && echo "fstab_swap yes"
[ "$(systemctl is-enabled swap.target 2>/dev/null)" = masked ] && echo "swap_masked yes"
command -v getenforce >/dev/null && echo "selinux $(getenforce)"
[ -r /etc/selinux/config ] && sed -n 's/^SELINUX=/selinux_configured /p' /etc/selinux/config
exit 0
