"""One control plane, which is the endpoint itself, and one worker."""

control_plane = [("master1", {"ssh_hostname": "10.0.11.18"})]
workers = [("worker1", {"ssh_hostname": "10.0.12.16"})]
