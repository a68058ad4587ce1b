# HOST, FOLDER, OPTIONS, SPECS, IMAGES, PULL: fetches a version's packages and images, and installs nothing.
#
# SPECS is empty where all packages are installed. FOLDER/repos has the repositories of that version; those that yum itself
# reads stay as they are. What is fetched lies in yum's cache, where the installation finds it. PULL: shell that has the
# image "$1".
fail() {
    echo "$HOST: $1 of the next version cannot be had: $2; see the lines above, then run this again." >&2
    exit 1
}
config=/etc/dnf/dnf.conf
[ -e $config ] || config=/etc/yum.conf
# The host's own main section, with its proxy: only the repositories are others.
sed -e '/^reposdir[[:blank:]]*=/d' -e "s#^\[main\]#&\nreposdir=$FOLDER/repos#" $config >"$FOLDER/yum.conf" || exit 1
if [ -n "$SPECS" ]; then
    yum -q -c "$FOLDER/yum.conf" clean expire-cache >/dev/null
    # shellcheck disable=SC2086 # each of them is a word
    yum -y -c "$FOLDER/yum.conf" $OPTIONS install --downloadonly $SPECS || fail packages "yum failed"
fi
# shellcheck disable=SC2086
printf '%s\n' $IMAGES | xargs -r -n 1 -P 3 sh -c "$PULL" pull || fail images "a pull failed"
