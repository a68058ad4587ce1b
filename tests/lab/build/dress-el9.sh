#!/bin/bash
# dress-el9.sh ROOT TREE...: as dress-el8.sh, but ebtables stays: it comes with iptables-nft, which EL9 has from the start.
set -euo pipefail
here=${0%/*} kept=$(mktemp -d)
cp -a "$1"/usr/sbin/ebtables* "$kept"
"$here/dress-el8.sh" "$@"
cp -a "$kept"/. "$1/usr/sbin/"
rm -rf "$kept"
