"""Enterprise Linux 8: what a minimal install of it does not have, of BaseOS and AppStream in one."""

from ..rpms import Package

LIBRARIES = "usr/lib/x86_64-linux-gnu"
MODULAR = "1.module+el8.10.0+1+lab"

NETLINK = {
    f"{LIBRARIES}/{library}": f"debs/{package}/lib/x86_64-linux-gnu/{library}"
    for package, library in (("libnl-3-200", "libnl-3.so.200"), ("libnl-genl-3-200", "libnl-genl-3.so.200"))
}

APPSTREAM = (
    Package(
        "conntrack-tools",
        "1.4.4",
        "11.el8",
        provides=("conntrack = 1.4.4",),
        files={"usr/sbin/conntrack": "debs/conntrack/usr/sbin/conntrack"},
    ),
    Package("socat", "1.7.4.1", "2.el8", files={"usr/bin/socat": "debs/socat/usr/bin/socat"}),
    Package("ethtool", "5.13", "2.el8", epoch=2, files={"usr/sbin/ethtool": "debs/ethtool/sbin/ethtool"}),
    Package(
        "iptables-ebtables",
        "1.8.5",
        "11.el8",
        provides=("ebtables = 2.0.10",),
        obsoletes=("ebtables < 2.0.10",),
        links={f"usr/sbin/ebtables{part}": "xtables-nft-multi" for part in ("", "-save", "-restore")},
    ),
    Package(
        "iproute-tc",
        "6.2.0",
        "6.el8_10",
        provides=("/sbin/tc",),
        files={"usr/sbin/tc": "debs/iproute2/sbin/tc", f"{LIBRARIES}/tc": f"debs/iproute2/{LIBRARIES}/tc"},
    ),
    Package(
        "ipset",
        "7.1",
        "1.el8",
        files={
            "usr/sbin/ipset": "debs/ipset/usr/sbin/ipset",
            f"{LIBRARIES}/libipset.so.13": f"debs/libipset13/{LIBRARIES}/libipset.so.13",
        },
    ),
    Package("ipvsadm", "1.31", "1.el8", files={"usr/sbin/ipvsadm": "debs/ipvsadm/sbin/ipvsadm", **NETLINK}),
    Package(
        "keepalived",
        "2.1.5",
        "9.el8",
        tree="keepalived",
        files={
            "usr/sbin/keepalived": "debs/keepalived/usr/sbin/keepalived",
            **NETLINK,
            **{
                f"{LIBRARIES}/{library}": f"debs/{package}/{LIBRARIES}/{library}"
                for package, library in (
                    ("libsnmp40", "libnetsnmp.so.40"),
                    ("libsnmp40", "libnetsnmpagent.so.40"),
                    ("libsnmp40", "libnetsnmpmibs.so.40"),
                    ("libpci3", "libpci.so.3"),
                    ("libperl5.36", "libperl.so.5.36"),
                    ("libsensors5", "libsensors.so.5"),
                    ("libwrap0", "libwrap.so.0"),
                )
            },
        },
        directories=("usr/libexec/keepalived",),
        unit="keepalived.service",
    ),
    Package("yum-utils", "4.0.21", "25.el8", arch="noarch", tree="yum-utils"),
    Package(
        "python3-dnf-plugin-versionlock",
        "4.0.21",
        "25.el8",
        arch="noarch",
        provides=("yum-plugin-versionlock = 4.0.21", "dnf-command(versionlock)"),
        files={
            path: f"debs/dnf-plugins-core/{path}"
            for path in (
                "usr/lib/python3/dist-packages/dnf-plugins/versionlock.py",
                "etc/dnf/plugins/versionlock.conf",
                "etc/dnf/plugins/versionlock.list",
            )
        },
    ),
    Package(
        "nginx",
        "1.22.1",
        MODULAR,
        epoch=1,
        module="nginx:1.22",
        requires=("systemd",),
        tree="nginx",
        files={
            "usr/sbin/nginx": "debs/nginx/usr/sbin/nginx",
            "usr/share/nginx/html": "debs/nginx-common/usr/share/nginx/html",
            "etc/logrotate.d/nginx": "debs/nginx-common/etc/logrotate.d/nginx",
            "etc/nginx/mime.types": "debs/nginx-common/etc/nginx/mime.types",
            "etc/nginx/fastcgi_params": "debs/nginx-common/etc/nginx/fastcgi_params",
        },
        directories=(
            "etc/nginx/conf.d",
            "etc/nginx/default.d",
            "usr/lib64/nginx/modules",
            "usr/share/nginx/modules",
            "var/lib/nginx",
            "var/log/nginx",
        ),
        unit="nginx.service",
        pre="getent passwd nginx >/dev/null || useradd -r -d /var/lib/nginx -s /sbin/nologin nginx",
    ),
    Package(
        "nginx-mod-stream",
        "1.22.1",
        MODULAR,
        epoch=1,
        module="nginx:1.22",
        requires=(f"nginx = 1:1.22.1-{MODULAR}",),
        tree="nginx-mod-stream",
        files={
            "usr/lib64/nginx/modules/ngx_stream_module.so": (
                "debs/libnginx-mod-stream/usr/lib/nginx/modules/ngx_stream_module.so"
            )
        },
    ),
    Package("container-selinux", "2.167.0", MODULAR, epoch=2, arch="noarch", module="container-tools:rhel8"),
    Package(
        "runc",
        "1.1.12",
        MODULAR,
        epoch=1,
        module="container-tools:rhel8",
        files={"usr/bin/runc": "debs/runc/usr/sbin/runc"},
    ),
    Package("podman", "4.9.4", MODULAR, module="container-tools:rhel8", requires=("runc",)),
    Package(
        "policycoreutils-python-utils",
        "2.9",
        "26.el8",
        arch="noarch",
        requires=("policycoreutils",),
        tree="semanage",
    ),
)


def by_name(name: str) -> Package:
    """The package of that name."""
    return next(package for package in APPSTREAM if package.name == name)


NGINX = by_name("nginx")
