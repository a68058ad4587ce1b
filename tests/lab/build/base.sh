#!/bin/bash
# base.sh ROOT: the Debian rootfs under every flavour, with no more programs than a minimal Enterprise Linux has.
#
# What Enterprise Linux users install themselves (conntrack, socat, nginx …) must come by RPM, so it is not here.
set -euo pipefail
root=$1
suite=bookworm
programs=(
    systemd systemd-sysv dbus udev kmod                     # the machine
    libpam-systemd libnss-myhostname
    bash coreutils findutils grep sed gawk tar gzip         # the shell's world
    procps less vim-tiny hostname passwd
    openssh-server sudo curl gpg gpg-agent chrony
    iproute2 iputils-ping iputils-arping iptables nftables  # network
    firewalld
    rpm rpm-i18n dnf dnf-plugins-core                       # package management
    policycoreutils selinux-utils
    tcsh                                                    # a login shell of somebody's
)
mmdebstrap --quiet --mode=root --variant=minbase --components=main \
    --aptopt='Apt::Install-Recommends "false"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' \
    --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-include=/usr/share/locale/zh_CN/*' \
    --include="$(IFS=,; echo "${programs[*]}")" "$suite" "$root" \
    "deb http://deb.debian.org/debian $suite main" \
    "deb http://deb.debian.org/debian $suite-updates main" \
    "deb http://deb.debian.org/debian-security $suite-security main"
