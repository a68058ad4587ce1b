#!/bin/bash
# dress-el10.sh ROOT TREE...: as dress-el8.sh; then iptables goes, which a minimal Enterprise Linux 10 does not have.
set -euo pipefail
"${0%/*}/dress-el8.sh" "$@"
cd "$1"
rm -f usr/sbin/ip{,6}tables*
