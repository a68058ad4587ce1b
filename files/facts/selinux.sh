# PORT: a TCP port. Whether SELinux enforces, what type the port has, whether nginx may connect, all as far as can be told.
command -v getenforce >/dev/null && echo "mode $(getenforce)"
command -v getsebool >/dev/null && getsebool httpd_can_network_connect 2>/dev/null | sed -n 's/^.*--> /connect /p'
command -v semanage >/dev/null || exit 0
# A label of the host's own overrides the policy's; a list of all shows both, so the host's own come first.
# Lines read "TYPE tcp 80, 81, 8000-8009"; the port itself counts, not a range that it lies in.
{ semanage port -l -C; semanage port -l; } | sed -n "s/^\([a-z0-9_]*\) *tcp  *\(.*, *\)\{0,1\}$PORT\(,.*\)\{0,1\}$/type \1/p"
