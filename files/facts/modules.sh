# Whether a kernel module is at work: loaded, or part of the kernel, where one without parameters has no folder in /sys.
module_present() {
    [ -d "/sys/module/$1" ] && return 0
    case $1 in
        overlay) grep -qw overlay /proc/filesystems && return 0 ;;
        br_netfilter) [ -d /proc/sys/net/bridge ] && return 0 ;;
    esac
    grep -qs "/$1\.ko" "/lib/modules/$(uname -r)/modules.builtin"
}
