# REPOSITORIES, LOGINS: words "MINOR=URL" of Kubernetes' repositories, "runtime=URL" of Docker's, read as yum reads them. Stands behind yum-options.sh.
# LOGINS: "yes" where who logs in there stands on stdin, since it is secret.
# Prints a line `version MINOR VERSION` for each version that a repository has of all three packages, or `unread MINOR REASON`;
# of the container runtime's repository a line `runtime NAME VERSION` for each package, MINOR being "runtime".
# Nothing is written: yum itself would keep caches.
logins=
[ -z "$LOGINS" ] || logins=$(cat)
# URL, SECONDS: what stands there.
got() { fetch "$(printf '%s\n' "repository $1" "$logins" | yum_questions '')" - "$2"; }
unread() { echo "unread $minor $(echo "$1" | sed -n 's#//[^/@[:blank:]]*@#//#g; s/^curl: //p; /^it /p' | head -n 1)"; }
unpacked() {
    case $1 in
        *.gz) gzip -dc ;;
        *.xz) xz -dc ;;
        *.bz2) bzip2 -dc ;;
        *.zst) zstd -dc ;;
        *) cat ;;
    esac 2>/dev/null
}
for repository in $REPOSITORIES; do
    minor=${repository%%=*} url=${repository#*=}
    url=${url%/}
    index=$(got "$url/repodata/repomd.xml" 30) || { unread "$index"; continue; }
    packages=$(
        echo "$index" | tr -d '\n' | sed 's/<data /\n&/g' |
            sed -n '/^<data type="primary"/s/.*<location[^>]* href="\([^"]*\)".*/\1/p'
    )
    [ -n "$packages" ] || { unread "it has no index of packages"; continue; }
    got "$url/$packages" 120 | unpacked "$packages" | sed 's/></>\n</g' | awk -v minor="$minor" '
        /<\/metadata>/ { whole = 1 }
        /<name>/ { name = $0; gsub(/.*<name>|<\/name>.*/, "", name) }
        BEGIN { names = minor == "runtime" ? "^(containerd[.]io|docker-ce|docker-ce-cli)$" : "^(kubeadm|kubelet|kubectl)$" }
        /<version / && name ~ names && match($0, / ver="[^"]*"/) {
            version = substr($0, RSTART + 6, RLENGTH - 7)
            if (minor == "runtime") found[name " " version] = 1
            else if (!((version, name) in seen)) { seen[version, name] = 1; count[version]++ }
            name = ""
        }
        END {
            if (!whole) {
                print "unread", minor, "its index of packages did not come whole"
                exit
            }
            for (version in count) if (count[version] == 3) print "version", minor, version
            for (package in found) print "runtime", package
            print "read", minor
        }'
done
exit 0
