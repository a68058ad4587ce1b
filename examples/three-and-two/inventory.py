"""Three control planes, two workers, and two small machines with nginx and keepalived before them."""

control_plane = [
    ("master1", {"ssh_hostname": "10.0.11.18"}),
    ("master2", {"ssh_hostname": "10.0.11.19"}),
    ("master3", {"ssh_hostname": "10.0.11.20"}),
]
workers = [
    ("worker1", {"ssh_hostname": "10.0.12.16"}),
    ("worker2", {"ssh_hostname": "10.0.12.17"}),
]
load_balancers = [
    ("lb1", {"ssh_hostname": "10.0.1.157"}),
    ("lb2", {"ssh_hostname": "10.0.1.158"}),
]
admins = ["lb1"]
