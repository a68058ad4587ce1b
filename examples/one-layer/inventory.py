"""A team's own groups."""

masters = [("build1", {"ssh_hostname": "10.0.21.11"})]
builders = [
    ("build2", {"ssh_hostname": "10.0.21.12"}),
    ("build3", {"ssh_hostname": "10.0.21.13"}),
]
