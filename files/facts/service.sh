# UNIT: a systemd unit. `systemctl show` of EL7 knows no --value.
systemctl show -p LoadState -p ActiveState -p UnitFileState "$UNIT"
[ -r "/var/lib/k8s-ha/$UNIT.digest" ] && echo "digest $(cat "/var/lib/k8s-ha/$UNIT.digest")"
