# IDENTITY, SECONDS_TO_ASK: says which run holds this host, as soon as it is this one, or after so many seconds.
#
# One that was killed may have left its name: a holder is one whose lock is held. The askers' own locks are shared ones, so
# that none takes another for a holder.
is_held() { [ -e /run/k8s-ha/run.lock ] && ! flock -s -n /run/k8s-ha/run.lock true; }
read -r now _ </proc/uptime
end=$((${now%.*} + SECONDS_TO_ASK))
while ! { grep -q "^$IDENTITY " /run/k8s-ha/run.holder 2>/dev/null && is_held; } && [ "${now%.*}" -lt $end ]; do
    sleep 0.05
    read -r now _ </proc/uptime
done
if is_held; then cat /run/k8s-ha/run.holder 2>/dev/null; fi
exit 0
