"""Programs of newer Debian releases that run on bookworm: single packages by their place in the pool and checksum."""

POOL = "http://deb.debian.org/debian/pool/main"

# Source's name -> (path in the pool, SHA256).
DEBS: dict[str, tuple[tuple[str, str], ...]] = {
    # forky
    "etcd-3.5": (
        ("e/etcd/etcd-server_3.5.30-2_amd64.deb", "11a4f7e350c5020b83edff5160a6063d4e56ac9cd014d21ce8916378bf96de79"),
        ("e/etcd/etcd-client_3.5.30-2_amd64.deb", "1e66ad2aba4cba6842a1ac35d5c525e750102b8fb42748225bcb2e34d6595931"),
    ),
    # trixie
    "containerd-1.7": (
        (
            "c/containerd/containerd_1.7.24~ds1-6+deb13u1_amd64.deb",
            "ed708deb96fe476a3bce4efa5c0538dfbcf717ab9a7c7944ba7260342c25899c",
        ),
    ),
}
