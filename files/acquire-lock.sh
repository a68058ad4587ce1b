# IDENTITY, HOLDER, SECONDS_OF_LEASE, SECONDS_TO_WAIT: keeps the host to one run, as long as its operator is there.
#
# The operator's end, however it comes, closes the connection, and the next line of output ends this: nothing is left that
# somebody would have to take away. Where the network goes instead, no end is heard of: then its heartbeats fail to
# come. The lock of one that died just now is waited for. Who holds it is told as long as it is held.
mkdir -p -m 700 /run/k8s-ha || exit 1
export IDENTITY HOLDER SECONDS_OF_LEASE
exec flock -w "$SECONDS_TO_WAIT" /run/k8s-ha/run.lock sh -c '
    trap "" PIPE
    echo "$IDENTITY $HOLDER" >/run/k8s-ha/run.holder
    silent=0
    while echo && [ $silent -lt "$SECONDS_OF_LEASE" ]; do
        sleep 1
        silent=$((silent + 1))
        rm "/run/k8s-ha/run.beat-$IDENTITY" && silent=0
    done 2>/dev/null
    rm -f /run/k8s-ha/run.holder'
