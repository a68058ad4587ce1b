# Defines keep_unit_state, for scripts that change what a service of its owner's runs with.
#
# RECORD, NAME: keeps, once, whether NAME.service runs and is enabled before this package's first change of it, for a reset to give
# back. RECORD: the file that is there once this package has brought the service up. It leaves the file of states in $state.
keep_unit_state() {
    state=${1%/*}/before/state
    if [ -e "$1" ] || grep -qs "^$2 " "$state"; then return 0; fi
    mkdir -p -m 755 "${1%/*}" && mkdir -p "${state%/*}" &&
        { [ ! -e "$state" ] || cat "$state"; } >"$state.new" &&
        echo "$2 $(systemctl is-active "$2.service") $(systemctl is-enabled "$2.service" 2>/dev/null)" >>"$state.new" &&
        mv -f "$state.new" "$state"
}
