# HOST, LOG_FILE, OPTIONS, SPECS, WANTED: installs packages and says what was wrong; needs unfinished-packages.sh.
#
# WANTED has a line "NAME PATTERN" for each. rpm has the last word, since yum 3 exits 0 when one of several packages is
# missing.
# What a mirror said hours ago may no longer hold: a package replaced since would fail its checksum.
yum -q clean expire-cache >/dev/null
begun $(echo "$WANTED" | cut -d ' ' -f 1) || exit 1
yum -y $OPTIONS install $SPECS
status=$?
# Most failures come before the transaction: no such package, no mirror, a bad signature. Those leave nothing half done.
if [ $status = 0 ] || { changed=$(touched) && [ -z "$changed" ]; }; then ended; fi
lacking=$(
    echo "$WANTED" | while read -r name pattern; do
        if ! version=$(rpm -q --qf '%{VERSION}-%{RELEASE}\n' "$name"); then
            echo ", $name $pattern"
            continue
        fi
        version=$(echo "$version" | tail -n 1) # of several the one installed last
        case $version in
            $pattern | $pattern-*) ;;
            *) echo ", $name $pattern (it has $version)" ;;
        esac
    done | tr -d '\n'
)
[ -z "$lacking" ] && exit 0

# repository PACKAGE: where it is from. yum names a package whose key it does not have; its table above that has a line NAME
# ARCH VERSION REPOSITORY, of which a long name stands on a line of its own.
repository() {
    alone=
    while read -r name arch version from _; do
        [ "$name-${version#*:}.$arch" != "$1" ] || echo "$from"
        [ "$alone-${arch#*:}.$name" != "$1" ] || echo "$version"
        alone=$name
        [ -z "$arch" ] || alone=
    done <"$LOG_FILE" | head -n 1
}
unsigned=$(sed -n 's/.*Failing package is: *//p; s/^Package \(.*\) is not signed$/\1/p' "$LOG_FILE" | sort -u)
for package in $unsigned; do
    from=$(repository "${package%.rpm}")
    case $from in
        k8s-ha-*) remedy="choose another mirror" ;;
        *) remedy="correct the gpgkey of the host's own repository${from:+ $from}, or disable it" ;;
    esac
    echo "$HOST: the signature of $package is not by a key of its repository${from:+ $from}; such packages are not installed; $remedy."
done
echo "$HOST: not installed: ${lacking#, }; yum's own words are above."
exit 1
