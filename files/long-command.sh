# NAME, COMMAND, SECONDS_ALLOWED, UNLESS, LOCK, MATTERS: runs COMMAND to its end even if the operator goes away meanwhile.
#
# Its output goes to a log and not to the session, since the death of an operator kills a remote command at its next line
# of output. The lock makes a second run wait for the first; UNLESS, asked under the lock, then finds its work done.
# Where it fails, the lines of the log that match MATTERS are shown, and the last ones.
log=/var/log/k8s-ha/$NAME.log
mkdir -p -m 700 /var/log/k8s-ha /run/k8s-ha || exit 1
export COMMAND UNLESS
setsid flock -w "$SECONDS_ALLOWED" -E 75 "/run/k8s-ha/$LOCK.lock" timeout -k 30 "$SECONDS_ALLOWED" sh -c '
    if [ -n "$UNLESS" ] && sh -c "$UNLESS"; then exit 0; fi
    umask 077
    exec sh -c "$COMMAND"' >"$log" 2>&1 </dev/null
status=$?
[ $status = 0 ] && exit 0
{
    head -n -10 "$log" | grep -E "$MATTERS" | tail -n 15
    tail -n 10 "$log"
} >&2
case $status in
    75) reason="did not begin: another run held its lock for $SECONDS_ALLOWED seconds" ;;
    124 | 137) reason="was stopped after $SECONDS_ALLOWED seconds" ;;
    *) reason="failed with exit code $status" ;;
esac
echo "$NAME $reason; its whole output is in $log on this host." >&2
exit 1
