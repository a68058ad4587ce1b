"""Three machines that are everything. They are in one network, since an address moves between them."""

control_plane = [
    ("master1", {"ssh_hostname": "10.0.11.18"}),
    ("master2", {"ssh_hostname": "10.0.11.19"}),
    ("master3", {"ssh_hostname": "10.0.11.20"}),
]
load_balancers = ["master1", "master2", "master3"]
