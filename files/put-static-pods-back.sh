# HOST, LIMIT: has the manifests run again that a change which was cut off has kept. Stands behind static-pod.sh.
COMPONENTS=$(for file in "$kept_pods"/*.yaml; do file=${file##*/} && echo "${file%.yaml}"; done)
restore || refuse "its old manifests could not be put back from $kept_pods" "put them back"
if ! wait_until all_serve; then
    last_words "$each" ""
    refuse "$each does not serve with its old manifest, which is back" "see \`$tool ps -a\` there"
fi
rm -rf "$kept_pods"
