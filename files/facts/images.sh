# IMAGES, LOGINS, RUNTIME: words NUMBER=REPOSITORY=TAG, a repository's URL below /v2/ as the container runtime asks it; whether
# who logs in stands on stdin, since it is secret; and the runtime's unit. Needs yum-options.sh and runtime-environment.sh.
# Prints a line `image NUMBER STATUS` for each: of the registry's answer, or `image NUMBER REASON` where it gives none.
accepted='header = "Accept: application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"'
logins=
[ -z "$LOGINS" ] || logins=$(cat)
manager=$(systemctl show-environment 2>/dev/null)
unset http_proxy https_proxy all_proxy HTTPS_PROXY ALL_PROXY no_proxy NO_PROXY
# curl's further arguments; its configuration comes by stdin.
asked() { curl -q -K - -sSg --connect-timeout 5 --max-time 20 "$@" 2>&1; }
# CHALLENGE, NAME: what the registry's challenge says of it.
part() { echo "$1" | sed -n "s/.*[ ,]$2=\"\([^\"]*\)\".*/\1/p"; }
judged() { # REPOSITORY, TAG: prints the status of the answer, or why there is none
    question=$(printf 'registry %s/manifests/%s\n%s\n' "$1" "$2" "$logins" | registry_questions "$manager" | head -n 1)
    options=$(echo "$question" | cut -d "$field" -f 4- | tr "$field" '\n')
    url="url = \"$1/manifests/$2\""
    said=$(printf '%s\n' "$options" "$accepted" "$url" | asked -L -I -w '=status=%{http_code} %{url_effective}') || { reason; return; }
    status=${said##*=status=}
    # Where it has led to: a registry may pass on to another one, which has its own token.
    url="url = \"${status#* }\"" status=${status%% *}
    challenge=$(echo "$said" | tr -d '\r' | grep -i '^www-authenticate: *bearer ' | tail -n 1)
    if [ "$status" = 401 ] && [ -n "$challenge" ]; then
        scope=$(part "$challenge" scope)
        realm="url = \"$(part "$challenge" realm)?service=$(part "$challenge" service | sed 's/ /%20/g')&scope=${scope:-repository:${1#*/v2/}:pull}\""
        said=$(printf '%s\n' "$options" "$realm" | asked -L -f) || { reason; return; }
        token=$(echo "$said" | tr -d '\n' | sed -n 's/.*"\(access_\)\{0,1\}token" *: *"\([^"]*\)".*/\2/p')
        said=$(printf '%s\n' "$options" "$accepted" "header = \"Authorization: Bearer $token\"" "$url" | asked -L -I -w '=status=%{http_code}') ||
            { reason; return; }
        status=${said##*=status=}
    fi
    echo "$status"
}
reason() { echo "$said" | sed -n 's#//[^/@[:blank:]]*@#//#g; s/^curl: //p' | head -n 1; }
for image in $IMAGES; do
    rest=${image#*=}
    echo "image ${image%%=*} $(judged "${rest%=*}" "${rest##*=}")" &
done
wait
exit 0
