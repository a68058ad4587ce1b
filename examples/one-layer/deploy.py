"""A team's own machines get containerd as this package sets it up; Kubernetes is somebody else's matter."""

from pyinfra.operations import files

from k8s_ha import container_runtime, prepare_host, repositories

SETTINGS = {"kubernetes_version": "1.34.11", "pod_network": "none"}
GROUPS = {"control_plane": "masters", "worker": "builders"}

files.directory(name="Make the team's folder", path="/srv/builds", mode="750")
prepare_host(settings=SETTINGS, groups=GROUPS)
repositories(settings=SETTINGS, groups=GROUPS)
container_runtime(settings=SETTINGS, groups=GROUPS)
