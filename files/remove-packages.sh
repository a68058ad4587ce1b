# HOST, NAMES: removes packages, with what needs them. rpm has the last word.
yum -y remove $NAMES
# All that is installed, since an rpm that cannot read its database would call these not installed.
every=$(rpm -qa --qf '%{NAME}\n') && [ -n "$every" ] || exit 1
held=$(for name in $NAMES; do echo "$every" | grep -Fx -e "$name"; done | sort -u | tr '\n' ' ')
[ -z "$held" ] && exit 0
echo "$HOST: still installed: ${held% }; yum's own words are above."
exit 1
