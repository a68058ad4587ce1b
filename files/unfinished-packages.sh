# HOST, OPTIONS, UNFINISHED, BOUND: what a transaction of yum's that is cut off leaves, and how the next run learns of it.
#
# rpm writes a package into its database before its files are surely on the disk and before its last scriptlets run, so
# after a power cut or a kill `rpm -q` calls installed what is not whole. Hence the file UNFINISHED, which stands while yum
# works and names what it was asked for.

# A minute at most: another disk of the host's may be slow, or not answer.
to_disk() { timeout 60 sync || true; }

# begun NAME…: what comes next works on these packages.
begun() {
    mkdir -p -m 755 "${UNFINISHED%/*}" && printf '%s\n' "$@" >"$UNFINISHED.new" && chmod 644 "$UNFINISHED.new" &&
        mv -f "$UNFINISHED.new" "$UNFINISHED" && to_disk
}

# ended: all of that is whole, also on the disk: rpm itself leaves its files to the page cache.
ended() {
    to_disk
    rm -f "$UNFINISHED"
}

# touched: names of the packages that rpm has installed since; it gives each one the time when its transaction began.
touched() {
    every=$(rpm -qa --qf '%{INSTALLTID} %{NAME}\n') && [ -n "$every" ] || return 1
    since=$(stat -c %Y "$UNFINISHED") || return 1
    echo "$every" | grep '^[0-9]' | grep -v ' gpg-pubkey$' | while read -r time name; do
        # A transaction after the bound, within which yum is stopped, is somebody else's.
        if [ "$time" -ge "$since" ] && [ "$time" -le $((since + BOUND)) ]; then echo "$name"; fi
    done
}

# reinstalled COMING: has the packages of a transaction that was cut off installed again, with their scriptlets; but for those
# of COMING, which are about to be installed in another version.
reinstalled() {
    [ -s "$UNFINISHED" ] || return 0 # what was still at work has ended well meanwhile
    names=$(touched) || return 1
    asked=$(cat "$UNFINISHED") || return 1
    names=$(printf '%s\n' $names $asked | sort -u)
    held=$(rpm -qa --qf '%{INSTALLTID} %{NAME} %{ARCH} %{VERSION}-%{RELEASE}\n') && [ -n "$held" ] || return 1
    again= older=
    # The newest first: an upgrade that was cut off leaves the older one beside it.
    while read -r _ name arch version; do
        case " $(echo $names) " in *" $name "*) ;; *) continue ;; esac
        case $name in kernel | kernel-*) continue ;; esac # these do stand side by side
        case " $1 " in *" $name "*) continue ;; esac
        case " $again " in
            *" $name.$arch "*) older="$older $name-$version.$arch" ;;
            *) again="$again $name.$arch" ;;
        esac
    done <<END
$(echo "$held" | sort -rn)
END
    echo "cut off before:" $names
    begun $names || return 1
    [ -z "$older" ] || rpm -e $older
    lacking=
    if [ -n "$again" ]; then
        yum -q clean expire-cache >/dev/null # see install-packages.sh
        yum -y $OPTIONS reinstall $again || lacking=$again
    fi
    for package in $again; do
        # What is missing or has another digest, and is no configuration and no documentation. A missing file is told by a
        # word of the host's language in place of nine marks.
        told=$(LC_ALL=C rpm -V "$package") || rpm -q "$package" || lacking="$lacking $package"
        if echo "$told" | grep -E '^(missing|..5[^ ]*) +/'; then lacking="$lacking $package"; fi
    done
    if [ -n "$lacking" ]; then
        lacking=$(printf '%s\n' $lacking | sort -u | tr '\n' ' ')
        echo "$HOST: an installation that was cut off left ${lacking}unfinished, and yum could not install that again; fix the way to its repository, or run \`yum remove ${lacking% }\` there; then run this again."
        return 1
    fi
    ended
}
