#!/bin/bash
# dress-el7.sh ROOT TREE...: as dress.sh; then what Enterprise Linux 7 does not have yet is removed.
set -euo pipefail
"${0%/*}/dress.sh" "$@"
cd "$1"
rm -rf usr/bin/dnf* etc/dnf usr/libexec/dnf* usr/lib/python3/dist-packages/dnf-plugins usr/sbin/arptables*
