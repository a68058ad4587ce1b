# packages KEY NAME…: prints `KEY NAME VERSION-RELEASE` for each version that is installed.
#
# Where rpm cannot open its database, as after a kill in the middle of its work, it calls every package "not installed":
# that is told as `rpm_error WHY`. On EL7 it may also wait for a dead process' lock for ever.
packages() {
    key=$1
    shift
    told=$(timeout -k 5 20 rpm -q --qf "$key %{NAME} %{VERSION}-%{RELEASE}\n" "$@" 2>&1)
    case $? in 124 | 137) told="error: it does not answer within 20 seconds; cannot open Packages" ;; esac
    echo "$told" | grep "^$key [^ ]* [^ ]*$"
    case $told in *"cannot open Packages"*) echo "$told" | sed -n 's/^error: /rpm_error /p' | head -n 1 ;; esac
}
