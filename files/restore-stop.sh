# STAGE, COMPONENTS, LIMIT: takes static pods out of use until nothing of them runs. Stands behind static-pod.sh and
# restore-mark.sh.
#
# Their manifests are kept, and come back by a later stage.
! reached "$STAGE" || exit 0
umask 077
mkdir -p -m 700 "$kept/manifests" || refuse "$kept/manifests cannot be made" "see the error above"
for component in $COMPONENTS; do
    [ -e "$manifests/$component.yaml" ] || continue
    copied "$manifests/$component.yaml" "$kept/manifests/$component.yaml" && timeout 60 sync &&
        rm -f "$manifests/$component.yaml" || refuse "$manifests/$component.yaml cannot be moved" "see the error above"
done
is_gone() {
    ids=$(running_ids "$1") || return 1
    [ -n "$ids" ] || return 0
    stop "$ids"
    return 1
}
for component in $COMPONENTS; do
    [ -e "$kept/manifests/$component.yaml" ] || refuse "$manifests/$component.yaml is missing" "write it again"
    wait_until is_gone "$component" || refuse "$component does not end within $LIMIT seconds" "see \`$tool ps\` there"
done
note "$STAGE"
