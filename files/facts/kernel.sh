# MODULES, KEYS: kernel modules and sysctl keys, separated by spaces. Needs modules.sh.
for module in $MODULES; do
    module_present "$module" || echo "unloaded $module"
done
for key in $KEYS; do
    { read -r value <"/proc/sys/$(echo "$key" | tr . /)"; } 2>/dev/null && echo "sysctl $key $value"
done
exit 0
