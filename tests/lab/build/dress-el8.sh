#!/bin/bash
# dress-el8.sh ROOT TREE...: as dress.sh; then what a minimal Enterprise Linux 8 does not have is removed.
set -euo pipefail
"${0%/*}/dress.sh" "$@"
cd "$1"
rm -rf usr/sbin/{tc,ebtables*,arptables*} usr/lib/x86_64-linux-gnu/tc
plugins=usr/lib/python3/dist-packages/dnf-plugins
rm -f $plugins/{leaves,local,modulesync,post-transaction-actions,show_leaves,versionlock}.py
rm -rf etc/dnf/plugins/{local,versionlock,post-transaction-actions}* etc/dnf/dnf-strict.conf etc/dnf/automatic.conf
