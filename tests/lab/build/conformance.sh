#!/bin/bash
# conformance.sh FOLDER: debian.tar and busybox.tar, the bases of the conformance tests' images.
#
# Upstream's are Alpine's or Debian's; the tests ask for the programs, not for their maker.
set -euo pipefail
folder=$1
suite=bookworm
root=$folder/debian
programs=(
    bash bash-static bind9-dnsutils busybox-static curl iperf iproute2 iputils-ping netcat-openbsd netbase nginx-light
    procps socat util-linux wget
)
mmdebstrap --quiet --mode=root --variant=minbase --components=main \
    --aptopt='Apt::Install-Recommends "false"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --include="$(IFS=,; echo "${programs[*]}")" "$suite" "$root" \
    "deb http://deb.debian.org/debian $suite main"

# What agnhost's own Dockerfile adds: the tests ask who a container runs as.
chroot "$root" useradd --uid 1000 --create-home user-defined-in-image
chroot "$root" groupadd --gid 50000 group-defined-in-image
chroot "$root" usermod --append --groups group-defined-in-image user-defined-in-image
mkdir "$root/uploads"
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*.bin

busybox=$folder/busybox
mkdir -p "$busybox"/{bin,etc,home,root,tmp,var/tmp}
chmod 1777 "$busybox/tmp" "$busybox/var/tmp"
cp "$root/bin/busybox" "$busybox/bin/"
# Debian's busybox has a shell that hands down no variable such as data-1, which tests ask for.
cp "$root/bin/bash-static" "$busybox/bin/sh"
"$busybox/bin/busybox" --list | grep -vx -e busybox -e sh | while read -r applet; do
    ln -s busybox "$busybox/bin/$applet"
done
printf '%s\n' root:x:0:0:root:/root:/bin/sh nobody:x:65534:65534:nobody:/home:/bin/false >"$busybox/etc/passwd"
printf '%s\n' root:x:0: nobody:x:65534: >"$busybox/etc/group"

for base in debian busybox; do
    tar --create --file "$folder/$base.tar" --directory "$folder/$base" --numeric-owner --sort=name --exclude='./dev/*' .
    rm -r "${folder:?}/$base"
done
