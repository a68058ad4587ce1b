# What a look at a host begins with.
[ "$(id -u)" = 0 ] || exit 1
