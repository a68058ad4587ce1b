# SINCE: words that are names of packages. Prints `key value` lines: when the host's first process began, and when each of the
# packages that are installed came; seconds since 1970.
#
# The first process and not the kernel: it is the host's own boot where hosts share a kernel, too.
began=$(sed -n 's/^btime //p' /proc/stat)
# Of the line only what follows its name, which may hold blanks: the 20th then is when it began, in ticks.
ticks=$(sed 's/.*) //' /proc/1/stat | cut -d ' ' -f 20)
echo "booted $((began + ticks / $(getconf CLK_TCK)))"
# shellcheck disable=SC2086 # each of SINCE is a word; rpm fails where one of them is not installed, and tells of the others
rpm -q --qf 'installed %{INSTALLTIME} %{NAME}\n' $SINCE | grep '^installed [0-9]'
exit 0
