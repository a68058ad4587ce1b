"""One phase alone: the load balancers, beside what this project does on them."""

from pyinfra import host
from pyinfra.operations import files
from where import ROLES, SETTINGS

from k8s_ha import load_balancer

if "balancers" in host.groups:
    files.directory(name="Make the team's folder", path="/opt/team", mode="755")
    load_balancer(settings=SETTINGS, groups=ROLES)
