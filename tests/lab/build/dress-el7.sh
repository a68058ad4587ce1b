#!/bin/bash
# dress-el7.sh ROOT TREE...: as dress.sh; then what Enterprise Linux 7 does not have yet is removed.
set -euo pipefail
"${0%/*}/dress.sh" "$@"
cd "$1"
# dnf stays where nobody finds it, behind yum 3's manners.
mv usr/bin/dnf-3 usr/libexec/lab/dnf
rm -rf usr/bin/dnf* etc/dnf usr/libexec/dnf* usr/lib/python3/dist-packages/dnf-plugins usr/sbin/arptables*
ln -sf ../libexec/lab/yum usr/bin/yum
