# packages KEY NAME…: prints `KEY NAME VERSION-RELEASE` for each version that is installed.
#
# Where rpm cannot open its database, as after a kill in the middle of its work, it calls every package not installed. But it
# is in that database itself: where it does not find itself either, `rpm_error WHY` is told. On EL7 it may also wait for a
# dead process' lock for ever.
packages() {
    key=$1
    shift
    # In one call, for it costs 10 ms; what is installed is told by a word of ours, all else on stdout is rpm's talk.
    told=$(timeout -k 5 20 rpm -q --qf "$key %{NAME} %{VERSION}-%{RELEASE}\n" rpm "$@" 2>/dev/null)
    case $? in
        124 | 137) echo "rpm_error it does not answer within 20 seconds" ;;
        *)
            if ! echo "$told" | grep -q "^$key rpm [^ ]*$"; then
                why=$(timeout -k 5 20 rpm -q rpm 2>&1 | head -n 1)
                echo "rpm_error ${why#error: }"
            fi
            ;;
    esac
    case " $* " in *" rpm "*) ;; *) told=$(echo "$told" | grep -v "^$key rpm ") ;; esac
    echo "$told" | grep "^$key [^ ]* [^ ]*$"
}
