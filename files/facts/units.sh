# UNITS: systemd units, separated by spaces. One block of properties each; a unit that is not there has one, too.
systemctl show -p Id -p LoadState -p ActiveState -p UnitFileState -p WantedBy -p RequiredBy $UNITS | sed 's/^/unit /'
exit 0
