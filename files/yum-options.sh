# Asks mirrors as yum and dnf will, by all of their configuration: `yum_questions`, `ask` and `fetch`. Needs sh, awk and curl.
#
# A question is one line of fields: what to print before the answer, what it is asked as, URLs of which one must answer, and
# the lines of a curl configuration, which goes to curl by stdin, since it may hold passwords.
# yum 3 is Python's ConfigParser and urlgrabber, dnf is libdnf and librepo: what differs between them is told by `tool`.
field=$(printf '\037')
line_end='
'
yum_reader='
function trim(text) { gsub(/^[ \t\r]+|[ \t\r]+$/, "", text); return text }
function yes(text) { return tolower(text) ~ /^(1|yes|true|on)$/ }
function shown(url) { sub(/\/\/[^\/@]*@/, "//", url); sub(/\?.*/, "?...", url); return url }
function quoted(text) { gsub(/\n/, " ", text); gsub(/["\\]/, "\\\\&", text); return text }
function encoded(text,   out, i, letter) {
    out = ""
    for (i = 1; i <= length(text); i++) {
        letter = substr(text, i, 1)
        out = out (letter ~ /[A-Za-z0-9._~-]/ ? letter : code[letter])
    }
    return out
}
# What a variable stands for; what rpm knows is asked only where it is needed.
function variable(name,   line, query) {
    if (tool == "yum") name = tolower(name)
    if (name in variables) return variables[name]
    if (name == "basearch" || name == "arch") return machine
    if (name != "releasever") return ""
    query = "rpm -q --qf \"[%{PROVIDENAME} %{PROVIDEVERSION}\\n]\" --whatprovides \"system-release(releasever)\" 2>/dev/null"
    while ((query | getline line) > 0) if (line ~ /^system-release\(releasever\) /) { sub(/.* /, "", line); variables[name] = line }
    close(query)
    query = "rpm -q --qf \"%{VERSION}\\n\" --whatprovides redhat-release 2>/dev/null"
    if (!(name in variables) && (query | getline line) > 0 && line !~ / /) variables[name] = line
    return (name in variables) ? variables[name] : ""
}
function replaced(text,   out, name, value) {
    out = ""
    while (match(text, /[$][{]?[A-Za-z0-9_]+[}]?/)) {
        name = substr(text, RSTART + 1, RLENGTH - 1)
        gsub(/[{}]/, "", name)
        value = variable(name)
        out = out substr(text, 1, RSTART - 1) (value == "" ? substr(text, RSTART, RLENGTH) : value)
        text = substr(text, RSTART + RLENGTH)
    }
    return out text
}
function own(id, name) { return ((id, name) in values) ? replaced(values[id, name]) : "" }
function option(id, name) { return own(((id, name) in values) ? id : "main", name) }
function setting(name, text) { return sep name " = \"" quoted(text) "\"" }
function curl_options(id, kind,   out, proxy, user, method, seconds) {
    proxy = option(id, "proxy")
    user = option(id, "proxy_username")
    if (tolower(proxy) == "_none_") {
        # yum 3 then ignores the environment too, dnf takes it.
        if (tool == "yum") out = setting("proxy", "")
        proxy = ""
    } else if (proxy != "") out = setting("proxy", proxy)
    if (user != "" && (proxy != "" || tool == "dnf"))
        out = out setting("proxy-user", encoded(user) ":" encoded(option(id, "proxy_password")))
    method = tool == "dnf" ? tolower(option(id, "proxy_auth_method")) : ""
    if (method ~ /^(basic|digest|negotiate|ntlm)/) { sub(/_.*/, "", method); out = out sep "proxy-" method }
    else if (method != "none" && out != "") out = out sep "proxy-anyauth"
    if (option(id, "sslverify") != "" && !yes(option(id, "sslverify"))) out = out sep "insecure"
    if (option(id, "sslcacert") != "") out = out setting("cacert", option(id, "sslcacert"))
    if (tool == "dnf") {
        if (option(id, "proxy_sslverify") != "" && !yes(option(id, "proxy_sslverify"))) out = out sep "proxy-insecure"
        if (option(id, "proxy_sslcacert") != "") out = out setting("proxy-cacert", option(id, "proxy_sslcacert"))
        if (option(id, "proxy_sslclientcert") != "") out = out setting("proxy-cert", option(id, "proxy_sslclientcert"))
        if (option(id, "proxy_sslclientkey") != "") out = out setting("proxy-key", option(id, "proxy_sslclientkey"))
        if (option(id, "user_agent") != "") out = out setting("user-agent", option(id, "user_agent"))
    }
    if (tolower(option(id, "ip_resolve")) ~ /^(ipv)?4$/) out = out sep "ipv4"
    if (tolower(option(id, "ip_resolve")) ~ /^(ipv)?6$/) out = out sep "ipv6"
    seconds = option(id, "timeout")
    if (seconds ~ /^[1-4]([.]|$)/) out = out sep "connect-timeout = " int(seconds)
    # An archive is no repository: what opens those is none of its business.
    if (kind == "archive") return out
    if (option(id, "sslclientcert") != "") out = out setting("cert", option(id, "sslclientcert"))
    if (option(id, "sslclientkey") != "") out = out setting("key", option(id, "sslclientkey"))
    user = option(id, "username")
    if (user != "" && (option(id, "password") != "" || tool == "dnf")) {
        out = out setting("user", user ":" option(id, "password"))
        if (tool == "yum") out = out sep "anyauth"
    }
    return out
}
# Of several that fit the last one counts, which is the longest.
function login(url,   i, user) {
    user = ""
    for (i = 1; i <= last_login; i++) if (index(url "/", logins[i] "/") == 1) user = setting("user", users[i])
    return user
}
function unasked(key, why) { print key sep "unasked" sep why }
function question_about(id,   key, urls, flags, count, list, i, kind, url, more) {
    urls = own(id, "baseurl")
    gsub(/[ \t\n,]+/, " ", urls)
    urls = trim(urls)
    kind = "repository"
    url = own(id, "metalink")
    if (url != "") kind = "metalink"
    else if ((url = own(id, "mirrorlist")) != "") kind = index(url, "metalink") ? "metalink" : "mirrorlist"
    # yum 3 takes both, dnf a list where there is one.
    more = kind != "repository" && tool == "yum" && urls != ""
    if (more) kind = "repository"
    if (kind != "repository") urls = trim(url)
    count = split(urls, list, " ")
    flags = (yes(option(id, "skip_if_unavailable")) ? " skip" : "") ((id in vault) ? " vault" : "")
    if (file_of[id] ~ /\/redhat\.repo$/) flags = flags " managed"
    if (own(id, "mediaid") != "") flags = flags " media"
    if (tool == "yum" && kind == "repository" && cached(id)) flags = flags " cached"
    if (more || count > 3) flags = flags " more"
    key = "repository " id "\t" file_of[id] "\t" substr(flags, 2) "\t" shown(list[1]) "\t"
    if (count == 0) { unasked(key, "it has no URL"); return }
    if (match(urls, /[$][{]?[A-Za-z_0-9]+/)) { unasked(key, "its URL has " substr(urls, RSTART, RLENGTH) ", of unknown value"); return }
    if (++asked > 30) { unasked(key, "there are more than 30"); return }
    urls = ""
    for (i = 1; i <= count && i <= 3; i++) {
        if (kind == "repository") { sub(/\/+$/, "", list[i]); list[i] = list[i] "/repodata/repomd.xml" }
        urls = urls " " quoted(list[i])
    }
    print key sep kind sep substr(urls, 2) curl_options(id, kind)
}
# yum 3 goes on with what it has of a repository that does not answer.
function cached(id,   path, line, read) {
    path = own("main", "cachedir")
    path = replaced(path == "" ? "/var/cache/yum" : path) "/" id "/repomd.xml"
    read = (getline line < path)
    close(path)
    return read > 0
}
function patterns(key, id, name,   text) {
    text = own(id, name)
    gsub(/[ \t\n,]+/, " ", text)
    if (trim(text) != "") print key " " id "\t" file_of[id] "\t" trim(text) sep "told"
}
function set_value(name, text) {
    if (tool == "yum") {
        name = tolower(name)
        if (match(text, /;/) > 1 && substr(text, RSTART - 1, 1) ~ /[ \t]/) text = trim(substr(text, 1, RSTART - 1))
    }
    if (name == "exclude") name = "excludepkgs"
    last = name
    values[section, name] = text
}
BEGIN {
    sep = sprintf("%c", 31)
    for (i = 1; i < 256; i++) code[sprintf("%c", i)] = sprintf("%%%02X", i)
    file_of["main"] = main_file
}
FNR == 1 { section = last = "" }
mode == "variables" {
    if (FNR == 1) { name = FILENAME; sub(/.*\//, "", name); variables[name] = trim($0) }
    next
}
mode == "sources" && /^login / { url = $2; sub(/^login [^ ]* /, ""); logins[++last_login] = url; users[last_login] = $0; next }
mode == "sources" { if ($0 != "") sources[++last_source] = $0; next }
/^[#;]/ || /^[ \t\r]*$/ { if (section != "" && $0 ~ centos && FILENAME ~ /\/CentOS-[^\/]*$/) vault[section] = 1; next }
/^[ \t]*\[/ {
    section = $0
    sub(/^[ \t]*\[/, "", section)
    sub(/\].*/, "", section)
    last = ""
    if (section != "main" && !(section in file_of)) { file_of[section] = FILENAME; ids[++count_of_ids] = section }
    next
}
section == "" { next }
/^[ \t]/ { if (last != "") values[section, last] = values[section, last] "\n" trim($0); next }
{
    if ($0 ~ centos && FILENAME ~ /\/CentOS-[^\/]*$/) vault[section] = 1
    if (match($0, tool == "dnf" ? "=" : "[:=]") > 1) set_value(trim(substr($0, 1, RSTART - 1)), trim(substr($0, RSTART + 1)))
}
END {
    for (i = 1; i <= last_source; i++) {
        kind = url = sources[i]
        sub(/ .*/, "", kind)
        sub(/^[^ ]* /, "", url)
        if (url != "" && kind != "registry") print "answer " (i - 1) " " sep kind sep quoted(url) curl_options("main", kind) login(url)
    }
    if (!repositories) exit
    print "repositories read" sep "told"
    if (own("main", "disable_excludes") !~ /all|main/) patterns("excluded", "main", "excludepkgs")
    if (tool == "dnf") patterns("included", "main", "includepkgs")
    for (number = 1; number <= count_of_ids; number++) {
        id = ids[number]
        if (file_of[id] ~ /\/k8s-ha\.repo$/) continue
        if (((id, "enabled") in values) ? !yes(own(id, "enabled")) : (("main", "enabled") in values) && !yes(own("main", "enabled"))) continue
        patterns("excluded", id, "excludepkgs")
        question_about(id)
    }
}'
# Its argument: whether the host's own repositories are asked too, or empty. Reads lines "KIND URL" from stdin, and behind them
# "login URL NAME:PASSWORD", with what URLs begin.
yum_questions() (
    set +f
    own=$1
    LC_ALL=C tool=yum main_file=/etc/yum.conf folders="/etc/yum.repos.d /etc/yum/repos.d"
    export LC_ALL
    case $(readlink -f "$(command -v yum)" 2>/dev/null) in
        */dnf*) tool=dnf main_file=/etc/dnf/dnf.conf folders="/etc/yum.repos.d /etc/yum/repos.d /etc/distro.repos.d" ;;
    esac
    set -- mode=main
    if [ -r "$main_file" ]; then
        set -- "$@" "$main_file"
        other=$(sed -n 's/^reposdir[[:blank:]]*=//p' "$main_file" | tr ',' ' ')
        folders=${other:-$folders}
    fi
    set -- "$@" mode=variables
    for file in /etc/yum/vars/* /etc/dnf/vars/*; do [ ! -r "$file" ] || set -- "$@" "$file"; done
    set -- "$@" mode=repositories
    for folder in $folders; do
        for file in "$folder"/*.repo; do [ ! -r "$file" ] || set -- "$@" "$file"; done
    done
    awk -v tool="$tool" -v main_file="$main_file" -v machine="$(uname -m)" -v repositories="$own" \
        -v centos='^#?[ \t]*baseurl[ \t]*=[ \t]*https?://mirror[.]centos[.]org/(centos|[$]contentdir)/[$](releasever|stream)/' \
        "$yum_reader" "$@" mode=sources -
)
# QUESTION, SECONDS: asks it, and prints what stands before its answer, then "status=NUMBER" and curl's reason.
ask() (
    seconds=$2
    set -f
    IFS=$field
    set -- $1
    before=$1 kind=$2 urls=$3
    case $kind in
        told) echo "$before" && exit ;;
        unasked) echo "${before}unasked $urls" && exit ;;
    esac
    shift 3
    IFS=' '
    body=/dev/null more=
    case $kind in
        mirrorlist | metalink | key) body=- ;;
        archive) more=-I ;;
        registry) unset http_proxy https_proxy all_proxy HTTPS_PROXY ALL_PROXY no_proxy NO_PROXY ;;
    esac
    number=$(set -- $urls && echo $#)
    for url in $urls; do
        said=$(
            printf '%s\n' "$@" "url = \"$url\"" |
                curl -q -K - $more -sSLg -o $body -w '=status=%{http_code}' --connect-timeout 5 --max-time $((seconds / number)) 2>&1
        )
        failed=$?
        after=${said##*=status=} text=${said%=status=*}
        reason=${after#???} status=${after%"${after#???}"}
        case $url in http*) ;; *) [ $failed != 0 ] || status=200 ;; esac # ftp has other numbers, a file none
        [ $failed != 0 ] || [ "$status" != 200 ] || break
    done
    case $failed$kind in
        0metalink) case $text in *"<url "*) ;; *) reason="it names no mirror" ;; esac ;;
        0mirrorlist) case $text in http*://* | ftp://* | file://* | *"$line_end"http*://* | *"$line_end"ftp://*) ;; *) reason="it names no mirror" ;; esac ;;
        0*) ;;
        *) reason=$text$line_end$reason ;;
    esac
    # A key is told too, so that it is compared with the pinned one before anything is changed.
    case $failed$kind$status in 0key200) echo "key ${before#answer }$(printf %s "$text" | base64 -w 0)" ;; esac
    # Of curl's words the line with its reason, without what a URL in it may carry.
    reason=$(echo "$reason" | sed -n 's#//[^/@[:blank:]]*@#//#g; /^curl: ([0-9]*)/p; /^it names/p')
    echo "${before}status=$status${reason:+ $reason}"
)
# QUESTION, FILE, SECONDS: has in a file what it asks for; prints curl's reason where it fails.
fetch() (
    file=$2 seconds=$3
    set -f
    IFS=$field
    set -- $1
    url=$3
    shift 3
    printf '%s\n' "$@" "url = \"$url\"" | curl -q -K - -fsSLg -o "$file" --max-time "$seconds" 2>&1
)
