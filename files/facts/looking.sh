# What a look at a host begins with.
[ "$(id -u)" = 0 ] || exit 1
trap 'echo "end"' EXIT # a virgin host must not look like one that could not be read
