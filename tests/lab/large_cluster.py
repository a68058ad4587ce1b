"""The load balancer as a cluster of some 300 nodes needs it: the lab's five nodes count sixty times."""

from k8s_ha import load_balancer
from k8s_ha.desired import nginx_capacity

nginx_capacity.CONNECTIONS_PER_NODE = 500

load_balancer()
