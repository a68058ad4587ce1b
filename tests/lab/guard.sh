#!/bin/sh
# guard.sh OFF COMMAND... - runs one host, and again after each of its reboots (systemd-nspawn --keep-unit then exits
# 133). A host that shut itself down leaves the file OFF, which tells it from one that was killed.
off=$1
shift
while :; do
  "$@"
  status=$?
  [ "$status" = 133 ] || break
done
[ "$status" != 0 ] || : >"$off"
