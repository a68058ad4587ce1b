# RUNTIME: the container runtime's unit. `unit_environment`: what systemd runs a unit with; `registry_questions`: how the
# runtime asks registries, for `ask` of yum-options.sh. Proxies may hold passwords: they travel by stdin alone.
unit_reader='
function unescaped(letters,   number) {
    # What stands behind a backslash: the text, and how many letters of it were used.
    used = 1
    if (letters ~ /^x[0-9a-fA-F][0-9a-fA-F]/) {
        used = 3
        number = (index("0123456789abcdef", tolower(substr(letters, 2, 1))) - 1) * 16 + index("0123456789abcdef", tolower(substr(letters, 3, 1))) - 1
        return sprintf("%c", number)
    }
    if (letters ~ /^n/) return "\n"
    if (letters ~ /^t/) return "\t"
    if (letters ~ /^s/) return " "
    return substr(letters, 1, 1)
}
# Prints the words of a line, with quotes anywhere, or at the beginning of a word only.
function words(text, anywhere,   i, letter, quote, word, within) {
    quote = word = ""
    within = 0
    for (i = 1; i <= length(text); i++) {
        letter = substr(text, i, 1)
        if (letter == "\\") { word = word unescaped(substr(text, i + 1)); i += used; within = 1 }
        else if (quote != "" && letter == quote) quote = ""
        else if (quote == "" && (letter == "\"" || letter == "\047") && (anywhere || !within)) { quote = letter; within = 1 }
        else if (quote == "" && letter ~ /[ \t]/) { if (within) say(word); word = ""; within = 0 }
        else { word = word letter; within = 1 }
    }
    if (within) say(word)
}
function say(word) { gsub(/\n/, " ", word); said[++count] = word }
function shell_value(text) {
    # systemctl show-environment writes what a shell would have to quote as a shell quotes it.
    if (text !~ /^[A-Za-z_0-9]+=[$]\047.*\047$/) return text
    words_before = count
    sub(/[$]\047/, "\"", text); sub(/\047$/, "\"", text)
    words(text, 1)
    text = said[count]
    count = words_before
    return text
}
function trimmed(text) { gsub(/^[ \t\r]+|[ \t\r]+$/, "", text); return text }
/^@@kind / { kind = $2; section = joined = ""; if (kind == "shown") first = count; next }
{ sub(/\r$/, "") }
joined != "" { $0 = joined $0; joined = "" }
kind != "manager" && /\\$/ { joined = substr($0, 1, length($0) - 1) (kind == "unit" ? " " : ""); next }
kind == "manager" { say(shell_value($0)); next }
kind == "shown" && sub(/^Environment=/, "") { words($0, 0); next }
kind == "shown" && sub(/^EnvironmentFiles=/, "") { sub(/ \(ignore_errors=(yes|no)\)$/, ""); if ($0 != "") files[++file_count] = $0; next }
/^[ \t]*([#;]|$)/ { next }
kind == "file" && index($0, "=") {
    name = trimmed($0)
    value = trimmed(substr(name, index(name, "=") + 1))
    sub(/[ \t]*=.*/, "", name)
    gsub(/[ \t]/, "\\s", value)
    words(name "=" value, 1)
    next
}
kind == "unit" && /^[ \t]*\[/ { section = trimmed($0); next }
kind == "unit" && section == "[Service]" {
    name = value = trimmed($0)
    sub(/[ \t]*=.*/, "", name)
    sub(/^[^=]*=[ \t]*/, "", value)
    gsub(/%%/, "%", value)
    if (name == "Environment") { if (value == "") count = first; else words(value, 1) }
    if (name == "EnvironmentFile") { if (value == "") file_count = 0; else { sub(/^-/, "", value); files[++file_count] = value } }
}
END {
    for (i = 1; i <= count; i++) print said[i]
    for (i = 1; i <= file_count; i++) print "\t" files[i]
}'
# UNIT: its own drop-ins, as systemd reads them: in the order of their names, and of one name the first tree's alone.
drop_ins() {
    for tree in /etc/systemd /run/systemd /usr/local/lib/systemd /usr/lib/systemd; do
        for file in "$tree/system/$1.service.d/"*.conf; do [ ! -e "$file" ] || echo "${file##*/} $file"; done
    done | sort -s -u -k 1,1 | while read -r _ file; do
        echo '@@kind unit'
        cat "$file"
        echo
    done
}
# UNIT, MANAGER: lines NAME=VALUE, of which the last of a name holds; MANAGER is what systemd gives to every unit, or nothing.
unit_environment() {
    known=$(systemctl show -p LoadState -p Environment -p EnvironmentFiles "$1.service" 2>/dev/null)
    found=$(
        {
            printf '@@kind manager\n%s\n@@kind shown\n' "$2"
            case $known in *LoadState=loaded*) echo "$known" ;; *) drop_ins "$1" ;; esac
        } | awk "$unit_reader"
    )
    echo "$found"
    # systemd lets a file win over all that stands in the unit.
    case $found in
        *"	"*)
            echo "$found" | sed -n 's/^\t//p' | while read -r pattern; do
                for file in $pattern; do
                    [ ! -r "$file" ] || { echo '@@kind file' && cat "$file" && echo; }
                done
            done | awk "$unit_reader"
            ;;
    esac
}
registry_reader='
function known(name) { return environment[toupper(name)] != "" ? environment[toupper(name)] : environment[name] }
function number(address,   part) {
    if (address !~ /^[0-9]+[.][0-9]+[.][0-9]+[.][0-9]+$/) return -1
    split(address, part, ".")
    return ((part[1] * 256 + part[2]) * 256 + part[3]) * 256 + part[4]
}
# Whether the HTTP client of Go goes there without its proxy.
function direct(host, port, list,   entries, i, count, entry, slash, size) {
    if (host == "localhost" || host ~ /^127[.]/) return 1
    count = split(list, entries, ",")
    for (i = 1; i <= count; i++) {
        entry = tolower(entries[i])
        gsub(/[ \t]/, "", entry)
        if (entry == "") continue
        if (entry == "*") return 1
        if (slash = index(entry, "/")) {
            size = 2 ^ (32 - substr(entry, slash + 1))
            entry = number(substr(entry, 1, slash - 1))
            if (entry >= 0 && number(host) >= 0 && int(entry / size) == int(number(host) / size)) return 1
            continue
        }
        if (match(entry, /:[0-9]+$/)) {
            if (substr(entry, RSTART + 1) != port) continue
            entry = substr(entry, 1, RSTART - 1)
        }
        sub(/^[*]/, "", entry)
        if (entry == host) return 1
        if (entry !~ /^[.]/) entry = "." entry
        if (length(host) > length(entry) && substr(host, length(host) - length(entry) + 1) == entry) return 1
    }
    return 0
}
# What Docker 23 and newer have in their own configuration comes before the environment.
function docker_own(name,   rest) {
    if (!match(json, "\"" name "\"[ \t]*:[ \t]*\"")) return
    rest = substr(json, RSTART + RLENGTH)
    match(rest, /^([^"\\]|\\.)*/)
    rest = substr(rest, 1, RLENGTH)
    gsub(/\\\//, "/", rest)
    gsub(/\\"/, "\"", rest)
    sub(/-/, "_", name)
    if (rest != "") environment[toupper(name)] = rest
}
BEGIN { sep = sprintf("%c", 31) }
/^@@kind / { kind = $2; next }
kind == "environment" && match($0, /=/) { environment[substr($0, 1, RSTART - 1)] = substr($0, RSTART + 1); next }
kind == "json" { json = json " " $0; next }
kind == "sources" && $1 == "login" { logins[++last_login] = $2; sub(/^login [^ ]* /, ""); users[last_login] = $0; next }
kind == "sources" { sources++ }
kind == "sources" && $1 == "registry" { urls[++asked] = $2; place[asked] = sources - 1 }
END {
    docker_own("http-proxy"); docker_own("https-proxy"); docker_own("no-proxy")
    for (i = 1; i <= asked; i++) {
        scheme = host = urls[i]
        sub(/:.*/, "", scheme)
        sub(/^[a-z]+:\/\//, "", host); sub(/\/.*/, "", host); sub(/^.*@/, "", host)
        port = scheme == "https" ? 443 : 80
        if (match(host, /:[0-9]+$/)) { port = substr(host, RSTART + 1); host = substr(host, 1, RSTART - 1) }
        proxy = known(scheme "_proxy")
        if (direct(tolower(host), port, known("no_proxy"))) proxy = ""
        gsub(/["\\]/, "\\\\&", proxy)
        user = ""
        for (j = 1; j <= last_login; j++) if (index(urls[i] "/", logins[j] "/") == 1) {
            user = users[j]
            gsub(/["\\]/, "\\\\&", user)
            user = sep "user = \"" user "\""
        }
        print "answer " place[i] " " sep "registry" sep urls[i] sep "proxy = \"" proxy "\"" user
    }
}'
# MANAGER: what systemd gives to every unit; reads lines "KIND URL" and "login URL NAME:PASSWORD" from stdin.
registry_questions() {
    {
        echo '@@kind environment'
        unit_environment "$RUNTIME" "$1"
        echo '@@kind json'
        [ "$RUNTIME" != docker ] || cat /etc/docker/daemon.json 2>/dev/null
        printf '\n@@kind sources\n'
        cat
    } | awk "$registry_reader"
}
