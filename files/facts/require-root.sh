# What a fact begins with that only root can tell.
[ "$(id -u)" = 0 ] || exit 1
