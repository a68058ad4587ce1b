# KIBIBYTES, PARTS, SECONDS_ALLOWED: bounds of the whole answer, and what it is made of.
#
# KIBIBYTES, SECONDS_ALLOWED: of all parts together. PARTS: words NAME:KIBIBYTES:END, where END is the end of a long text that is
# kept, head or tail, or files: then `paths_NAME` prints paths, and the tail of each is a part. Others print by a function.
#
# Prints lines. "k8s-ha part NAME" begins a part, each line of its text begins with a blank, "k8s-ha note WORDS" says what could
# not be read, and "k8s-ha ends" ends it. So no text can pass for another part. Nothing is written anywhere.
until=$(($(date +%s) + SECONDS_ALLOWED))

note() { printf '%s\n' "$*" >&3; }

# show COMMAND...: the command and what it prints; what fails is noted.
show() {
    echo "\$ $*"
    words=$(printf '%.60s' "$*")
    if ! command -v "$1" >/dev/null 2>&1; then
        note "there is no $1"
    elif [ "$(date +%s)" -ge "$until" ]; then
        note "$words: not asked, the time was over"
    else
        status=0
        timeout -k 2 15 "$@" || status=$?
        case $status in
            0) ;;
            124 | 137) note "$words: no answer within 15 s" ;;
            *) note "$words: exit code $status" ;;
        esac
    fi
    echo
}

# text FILE...: what each file holds; those that are not there are passed over.
text() {
    for file; do
        [ -f "$file" ] || continue
        echo "==> $file <=="
        timeout 5 cat "$file" || note "$file: not read"
        echo
    done
}

# part NAME KIBIBYTES END COMMAND...: what a command or function prints, as a part. What is not ASCII reads "?".
part() {
    echo "k8s-ha part $1"
    at_most=$2 kept=$3
    shift 3
    notes=$({
        "$@" 2>&1 </dev/null | "$kept" -c "${at_most}K" | { cat && echo; } | tr -c '\11\12\40-\176' '?' | sed 's/^/ /' >&4
    } 3>&1)
    [ -z "$notes" ] || printf '%s\n' "$notes" | head -n 50 | tr -c '\12\40-\176' '?' | sed 's/^/k8s-ha note /'
    echo "k8s-ha ends"
} 4>&1

parts() {
    for row in $PARTS; do
        name=${row%%:*} end=${row##*:} bound=${row%:*}
        bound=${bound#*:} kind=${name%%-*}
        if [ "$end" != files ]; then
            part "$name" "$bound" "$end" "part_$kind" "${name#*-}"
            continue
        fi
        part "$name" "$bound" head "paths_$kind"
        "paths_$kind" 3>/dev/null | head -n 60 | while IFS= read -r path; do
            called=$(printf '%s' "${path#/var/log/}" | tr '/' '_')
            part "$name/$called" "$bound" tail tail -n 500 "$path"
        done
    done
    echo "k8s-ha parts end"
}

# What hangs for ever, such as a dead file system, keeps what came before it: who reads the parts ends the shell that waits.
answered() {
    trap 'exit 0' TERM
    parts 2>/dev/null </dev/null | {
        timeout $((SECONDS_ALLOWED + 20)) cat | head -c "${KIBIBYTES}K" # head alone would hold back what it has read
        kill $$
    } &
    wait
    exit 0
}
