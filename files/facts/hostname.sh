# The host's name now, and the one that it gets at boot.
echo "current $(uname -n)"
[ -r /etc/hostname ] && sed -n '/^[[:space:]]*[^#[:space:]]/{s/^[[:space:]]*/static /p;q;}' /etc/hostname
exit 0
