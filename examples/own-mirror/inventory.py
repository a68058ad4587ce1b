"""One control plane and one worker, which reach no source but a mirror of their own."""

control_plane = [("master1", {"ssh_hostname": "10.0.11.18"})]
workers = [("worker1", {"ssh_hostname": "10.0.12.16"})]
