# HOST, ARCHIVE, SHA256, LOGIN: puts the archive's cri-dockerd where its unit expects it, and remembers which archive it was. It is
# fetched as yum fetches packages: by the same proxy. Needs yum-options.sh. LOGIN: a file with who logs in there, or nothing;
# it is removed.
work=/var/lib/k8s-ha/cri-dockerd.new
rm -rf "$work" # of one that was cut off
mkdir "$work" || exit 1
trap 'rm -rf "$work"; [ -z "$LOGIN" ] || rm -f "$LOGIN"' EXIT
sources() {
    echo "archive $ARCHIVE"
    [ -z "$LOGIN" ] || cat "$LOGIN"
}
reason=$(fetch "$(sources | yum_questions '')" "$work/archive.tgz" 900) || {
    echo "$HOST cannot fetch $ARCHIVE (${reason:-no answer}); fix the way to it, or set mirror.cri_dockerd_url and its cri_dockerd_sha256."
    exit 1
}
found=$(sha256sum "$work/archive.tgz" | cut -d ' ' -f 1)
[ "$found" = "$SHA256" ] || {
    echo "$HOST: $ARCHIVE has the SHA-256 $found where $SHA256 is wanted; it was not installed; correct mirror.cri_dockerd_sha256 if that archive is meant."
    exit 1
}
tar -xzf "$work/archive.tgz" -C "$work" cri-dockerd/cri-dockerd &&
    install -m 755 "$work/cri-dockerd/cri-dockerd" /usr/bin/cri-dockerd.k8s-ha-new &&
    rm -f /var/lib/k8s-ha/cri-dockerd.sha256 &&
    mv -f /usr/bin/cri-dockerd.k8s-ha-new /usr/bin/cri-dockerd &&
    sync && # the record outlives a power cut only where the program does
    echo "$SHA256" >/var/lib/k8s-ha/cri-dockerd.sha256
