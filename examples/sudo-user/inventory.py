"""Hosts that root does not log into, with a network of their own for the cluster beside the one of SSH."""

LOGIN = {"ssh_user": "ops", "_sudo": True}

control_plane = [("master1", {"ssh_hostname": "192.0.2.11", **LOGIN, "k8s_ha_host": {"address": "10.0.11.18"}})]
workers = [
    ("worker1", {"ssh_hostname": "192.0.2.16", **LOGIN, "k8s_ha_host": {"address": "10.0.12.16"}}),
    (
        "worker2",
        {
            "ssh_hostname": "192.0.2.17",
            **LOGIN,
            "k8s_ha_host": {
                "address": "10.0.12.17",
                "labels": {"disk": "ssd"},
                "taints": ["dedicated=database:NoSchedule"],
            },
        },
    ),
]
