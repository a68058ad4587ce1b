# UNITS, CONFIGS, LARGEST: services of container runtimes, and files that they read, separated by spaces; how many bytes of a file
# are read at most. Prints lines "runtime UNIT KIND VALUE"; what a file holds stands in base64 behind a "=", then its path.
runtime_file() {
    [ -e "$3" ] || return 0
    if [ "$(wc -c <"$3")" -le "$LARGEST" ] && content=$(base64 -w 0 <"$3"); then
        echo "runtime $1 $2 =$content $3"
    else
        echo "runtime $1 unread $3"
    fi
}
# A file that says how the service is started, and a daemon.json elsewhere that it names.
runtime_source() {
    runtime_file "$1" "$2" "$3"
    [ ! -e "$3" ] || grep -o -e "--config-file[= ][^ \"']*" "$3" | cut -c 15- |
        while read -r named; do runtime_file files config "$named"; done
}
runtime_unit() {
    folders="/etc/systemd/system /run/systemd/system /usr/local/lib/systemd/system /usr/lib/systemd/system"
    for folder in $folders; do
        if [ -e "$folder/$1" ]; then
            echo "$folder/$1"
            break
        fi
    done
    # Of drop-ins of one name the first folder's counts; all of them are applied in the order of their names.
    for folder in $folders; do
        for file in "$folder/$1.d/"*.conf; do [ -e "$file" ] && echo "${file##*/}/$file"; done
    done | sort -s -u -t / -k 1,1 | cut -d / -f 2-
}
for unit in $UNITS; do
    properties=$(systemctl show -p LoadState -p ActiveState -p UnitFileState -p NeedDaemonReload -p MainPID "$unit" 2>/dev/null)
    echo "$properties" | sed "s/^/runtime $unit property /"
    runtime_unit "$unit" | while read -r file; do
        runtime_source "$unit" unit "$file"
        sed -n 's/^[[:space:]]*EnvironmentFile[[:space:]]*=[[:space:]]*-\{0,1\}"\{0,1\}\([^"]*\)"\{0,1\}[[:space:]]*$/\1/p' "$file" |
            while read -r source; do for each in $source; do runtime_source "$unit" environment "$each"; done; done
    done
    pid=$(echo "$properties" | sed -n 's/^MainPID=//p')
    if [ "${pid:-0}" -gt 0 ] && [ -r "/proc/$pid/cmdline" ]; then
        echo "runtime $unit running =$(base64 -w 0 "/proc/$pid/cmdline") $pid"
    fi
done
# A dockerd that was started by hand.
if pid=$(cat /run/docker.pid 2>/dev/null) && [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = dockerd ]; then
    echo "runtime docker.service pid $pid"
fi
for file in $CONFIGS; do runtime_file files config "$file"; done
# Each container of containerd's is a folder below that of its namespace.
for folder in /run/containerd/io.containerd.runtime.v*/*/*; do
    if [ -d "$folder" ]; then
        folder=${folder%/*}
        echo "runtime containers in ${folder##*/}"
    fi
done | sort -u
