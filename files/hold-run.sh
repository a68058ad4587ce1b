# IDENTITY, HOLDER, SECONDS_TO_LAPSE: keeps the host to one run, for as long as that run's operator reads what this prints.
#
# The operator's end, however it comes, closes the connection, and the next line of output ends this: nothing is left that
# somebody would have to take away. The lock of an operator that died this moment is waited for.
mkdir -p -m 700 /run/k8s-ha || exit 1
export IDENTITY HOLDER
exec flock -w "$SECONDS_TO_LAPSE" /run/k8s-ha/run.lock sh -c '
    echo "$IDENTITY $HOLDER" >/run/k8s-ha/run.holder
    while echo; do sleep 1; done 2>/dev/null'
