# HOST, LOG_FILE, OPTIONS, SPECS, WANTED, URLS, HINT: installs packages and says what was wrong; needs
# unfinished-packages.sh and yum-options.sh.
#
# WANTED has a line "NAME PATTERN" for each; URLS are the repositories that they come from. rpm has the last word, since
# yum 3 exits 0 when one of several packages is missing.
# What a mirror said hours ago may no longer hold: a package replaced since would fail its checksum.
yum -q clean expire-cache >/dev/null
begun $(echo "$WANTED" | cut -d ' ' -f 1) || exit 1
yum -y $OPTIONS install $SPECS
status=$?
# Most failures come before the transaction: no such package, no mirror, a bad signature. Those leave nothing half done.
if [ $status = 0 ] || { changed=$(touched) && [ -z "$changed" ]; }; then ended; fi
lacking=$(
    echo "$WANTED" | while read -r name pattern; do
        version=$(rpm -q --qf '%{VERSION}-%{RELEASE}\n' "$name" | tail -n 1)
        case $version in
            "package $name is not installed") echo ", $name $pattern" ;;
            $pattern | $pattern-*) ;;
            *) echo ", $name $pattern (it has $version)" ;;
        esac
    done | tr -d '\n'
)
[ -z "$lacking" ] && exit 0

# Asked as yum asked: with its proxy, its certificates and its passwords.
for url in $URLS; do echo "repository ${url%/}/repodata/repomd.xml"; done | yum_questions '' |
    while IFS= read -r question; do ask "$question" 20; done |
    while read -r _ number answer; do
        case $answer in status=200*) continue ;; esac
        url=$(echo "$URLS" | cut -d ' ' -f $((number + 1)) | sed 's#//[^/@]*@#//#')
        case $answer in *\ *) reason=${answer#* } ;; *) reason="HTTP status ${answer#status=}" ;; esac
        echo "$HOST cannot reach ${url%/}/repodata/repomd.xml ($reason); packages come from there; mend the way to that mirror or choose another one, then run this again."
    done
unsigned=$(sed -n 's/.*Failing package is: *//p; s/^Package \(.*\) is not signed$/\1/p' "$LOG_FILE" | sort -u | tr '\n' ' ')
[ -z "$unsigned" ] ||
    echo "$HOST: the signature of ${unsigned}is not by its repository's key; such packages are not installed; ask who runs the mirror or choose another one."
if [ -n "$HINT" ] && grep -q -e 'mirrorlist.centos.org' -e 'valid baseurl' -e 'mirror.centos.org' "$LOG_FILE"; then echo "$HOST: $HINT"; fi
echo "$HOST: not installed: ${lacking#, }; yum's own words are above."
exit 1
