"""The load balancer's nginx."""

from __future__ import annotations

from k8s_ha.findings import Severity
from tests.lab.odd.rows import Odd

_ACCOUNTS = "cd /etc && tar cpf /run/accounts passwd passwd- group group- shadow shadow- gshadow gshadow- && "
_NGINX = _ACCOUNTS + "yum -y -q --nogpgcheck install nginx nginx-mod-stream && "
_NO_NGINX = (
    "systemctl stop nginx; yum -y -q remove nginx nginx-mod-stream; rm -rf /etc/nginx /var/log/nginx /var/lib/nginx "
    "/usr/share/nginx /usr/lib64/nginx /run/nginx.pid /etc/dnf/modules.d/nginx.module /var/lib/dnf/modulefailsafe; "
    "tar xpf /run/accounts -C /etc && rm /run/accounts; systemctl reset-failed"
)
_OURS = "include /etc/nginx/conf.d/tcp.d/*.conf;"
_STREAM = "stream { server { listen 15432; proxy_pass 127.0.0.1:5432; } }"
_OTHER_NGINX = "events {} http { server { listen 6443; } }"


def _balancer(state: str, check: str, severity: Severity | None, words: str, make: str, undo: str = "true") -> Odd:
    """A state of the load balancer's nginx; one stands at a time, since there is one nginx."""
    return Odd(state, "master-lb", check, severity, words, _NGINX + make, f"{undo}; {_NO_NGINX}")


BALANCERS: list[Odd] = [
    _balancer("a stream block of the owner's", "nginx", None, "", f"echo '{_STREAM}' >>/etc/nginx/nginx.conf"),
    _balancer(
        "a stream block beside ours, as earlier releases left it, and nginx down",
        "nginx",
        None,
        "",
        "mkdir /etc/nginx/conf.d/tcp.d && printf '# Written by k8s_ha; changes are overwritten.\\nstream { }\\n' "
        ">/etc/nginx/conf.d/tcp.d/kube-api-server.conf && "
        f"echo '{_OURS} {_STREAM}' >>/etc/nginx/nginx.conf && ! systemctl start nginx",
    ),
    _balancer(
        "a stream block outside of /etc/nginx",
        "nginx",
        "error",
        "its stream block is in /srv/tcp.conf",
        f"echo '{_STREAM}' >/srv/tcp.conf && echo 'include /srv/tcp.conf;' >>/etc/nginx/nginx.conf",
        "rm -f /srv/tcp.conf",
    ),
    _balancer(
        "the endpoint's port in a server of the owner's",
        "ports",
        "error",
        "/etc/nginx/conf.d/web.conf:1 has nginx listen on port 6443",
        "echo 'server { listen 6443; }' >/etc/nginx/conf.d/web.conf",
    ),
    _balancer(
        "a mistake in a file of the owner's",
        "nginx",
        "error",
        'unknown directive "lisen" in /etc/nginx/conf.d/web.conf:1',
        "systemctl start nginx && echo 'server { lisen 80; }' >/etc/nginx/conf.d/web.conf",
    ),
    _balancer(
        "an nginx made by hand in the unit",
        "nginx",
        "error",
        "nginx.service starts /usr/local/nginx/sbin/nginx",
        "mkdir /etc/systemd/system/nginx.service.d && printf '[Service]\\nExecStart=\\nExecStart="
        "/usr/local/nginx/sbin/nginx\\n' >/etc/systemd/system/nginx.service.d/own.conf && systemctl daemon-reload",
        "rm -r /etc/systemd/system/nginx.service.d; systemctl daemon-reload",
    ),
    _balancer(
        "another nginx on the endpoint's port",
        "ports",
        "error",
        "listens on port 6443, and no file of nginx.service tells it to",
        f"echo '{_OTHER_NGINX}' >/root/other.conf && systemd-run -q --unit=other nginx -c /root/other.conf -g "
        "'daemon off; pid /run/other.pid;' && sleep 1",
        "systemctl stop other; rm -f /root/other.conf /run/other.pid",
    ),
]
