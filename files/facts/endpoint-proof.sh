# HOST, PORT, QUESTIONS, ITSELF: asks the endpoint's HOST at its PORT several times, and the API server at ITSELF, HOST:PORT, where that is
# not empty. Stands behind require-root.sh.
#
# Prints a line for each answer of an API server whose certificate the cluster's CA has signed: `met END` or `own END`, with the
# second in which that certificate ends, which tells control planes apart; else `failed WHY`. The certificate may not name the
# endpoint yet: it is asked for the name that every API server has.
ca=/etc/kubernetes/pki/ca.crt
address=$(getent ahostsv4 "$HOST" | sed -n '1s/[[:blank:]].*//p')
[ -n "$address" ] || { echo "failed its name is not known"; exit 0; }
ask() { # KEY, ADDRESS, PORT
    said=$(curl -vsS -o /dev/null -w '\nstatus %{http_code}\n' --noproxy '*' --connect-timeout 3 --max-time 6 --cacert $ca --resolve "kubernetes:$3:$2" "https://kubernetes:$3/readyz" 2>&1 | tr -d '\r')
    status=$(echo "$said" | sed -n 's/^status //p')
    case $status in
        # Where anonymous requests are refused, an API server has answered all the same.
        200 | 401 | 403) echo "$1 $(echo "$said" | sed -n 's/^\*[[:blank:]]*expire date: *//p' | head -n 1)" ;;
        *) [ "$1" = met ] || return 0 ;;
    esac
    case $status in
        200 | 401 | 403) ;;
        000) echo "failed $(echo "$said" | sed -n '/^curl: /p' | head -n 1)" ;;
        *) echo "failed HTTP $status" ;;
    esac
}
[ -z "$ITSELF" ] || ask own "${ITSELF%:*}" "${ITSELF##*:}"
for question in $(seq "$QUESTIONS"); do ask met "$address" "$PORT" & done
wait
