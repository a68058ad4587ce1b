# NODE, HOST, KUBECTL: lifts the cordon that this package set on a node, and no other. Stands behind cordon.sh.
#
# HOST: the node's name in the inventory. What was evicted is waited for by await-node.sh, which the node tells until then.
take_back && exit 0
echo "$HOST: its node $NODE could not be uncordoned; see the lines above, then run this again." >&2
exit 1
