"""A project of its own, with a Kubernetes cluster in the middle of what else it does."""

from pyinfra import host
from pyinfra.operations import files, server
from where import ROLES, SETTINGS

from k8s_ha import cluster

files.directory(name="Make the team's folder", path="/opt/team", mode="755")

cluster(settings=SETTINGS, groups=ROLES)

if "masters" in host.groups:
    server.shell(name="Say that the cluster is there", commands=["echo there >/opt/team/cluster"])
