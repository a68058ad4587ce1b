#!/bin/bash
# overlay.sh BASE LAYER SCRATCH RPMS DRESS TREE...: fill LAYER, an overlay over BASE, by DRESS and the rpm database of RPMS.
#
# The mount lives in a mount namespace of its own, so that an interrupted build leaves none behind.
set -euo pipefail
if [ -z "${IN_NAMESPACE:-}" ]; then
    IN_NAMESPACE=1 exec unshare --mount --propagation private "$0" "$@"
fi
base=$1 layer=$2 scratch=$3 rpms=$4 dress=$5
shift 5
root=$scratch/root
mkdir "$scratch/work" "$root"
mount -t overlay overlay -o "lowerdir=$base,upperdir=$layer,workdir=$scratch/work" "$root"
"$dress" "$root" "$@"
rpm --root "$root" --dbpath /var/lib/rpm -i --justdb --nodeps --nosignature --noscripts "$rpms"/*.rpm
umount "$root"
