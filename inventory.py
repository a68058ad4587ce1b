"""The document's six hosts; SSH users, keys and sudo are pyinfra's own host data (docs.pyinfra.com)."""

control_plane = [
    ("master1", {"ssh_hostname": "10.0.11.18"}),
    ("master2", {"ssh_hostname": "10.0.12.55"}),
    ("master3", {"ssh_hostname": "10.0.13.22"}),
]
workers = [
    ("worker1", {"ssh_hostname": "10.0.12.16"}),
    ("worker2", {"ssh_hostname": "10.0.13.37"}),
]
load_balancers = [
    ("master-lb", {"ssh_hostname": "10.0.1.157"}),
]
# kubectl for people: on hosts of other groups, or on hosts of their own.
admins = ["master-lb"]
