# SINCE: words that are names of packages. Prints `key value` lines: what tells this boot from all others, which machine it is,
# when the host's first process began, when each of the packages that are installed came, and what time it is; seconds since
# 1970.
#
# The first process and not the kernel: it is the host's own boot where hosts share a kernel, too.
began=$(sed -n 's/^btime //p' /proc/stat)
# Of the line only what follows its name, which may hold blanks: the 20th then is when it began, in ticks.
ticks=$(sed 's/.*) //' /proc/1/stat | cut -d ' ' -f 20)
echo "boot $(cat /proc/sys/kernel/random/boot_id)/$ticks"
echo "machine $(cat /etc/machine-id 2>/dev/null)"
echo "booted $((began + ticks / $(getconf CLK_TCK)))"
echo "now $(date +%s)"
# shellcheck disable=SC2086 # each of SINCE is a word; rpm fails where one of them is not installed, and tells of the others
rpm -q --qf 'installed %{INSTALLTIME} %{NAME}\n' $SINCE | grep '^installed [0-9]'
exit 0
