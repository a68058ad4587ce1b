# MOMENT: gives etcd the restored data; what it held is moved aside, and never removed. Stands behind static-pod.sh and
# restore-mark.sh.
! reached replaced || exit 0
find_data
ids=$(running_ids etcd) || refuse "\`$tool ps\` failed" "see the error above"
[ -z "$ids" ] || refuse "its etcd runs" "stop it"
# Beside it where that is the same disk, else in it: a move is whole or not at all.
aside=$data.before-restore-$MOMENT
[ "$(stat -L -c %d "$data")" = "$(stat -L -c %d "${data%/*}")" ] && [ ! -L "$data" ] || aside=$data/before-restore-$MOMENT
if [ -d "$work/restored/member" ]; then
    if [ -e "$data/member" ]; then
        [ ! -e "$aside/member" ] || refuse "$aside/member is there already" "move it elsewhere"
        mkdir -p -m 700 "$aside" && mv "$data/member" "$aside/member" || refuse "$data cannot be moved" "see the error above"
    fi
    mv "$work/restored/member" "$data/member" || refuse "$work/restored cannot be moved" "see the error above"
fi
[ -d "$data/member" ] || refuse "neither $work/restored nor $data holds a member" "remove $kept/mark"
chmod 700 "$data"
rm -rf "$work"
note replaced
[ ! -e "$aside" ] || echo "what etcd held is in $aside"
