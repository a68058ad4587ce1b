"""What Kubernetes' conformance tests need: their programs, and the images that they ask for.

Asked for are those of test/utils/image/manifest.go that a test of test/conformance/testdata/conformance.yaml starts.
Of agnhost and nginx the tests want two releases, to roll a deployment from one to the other: here the two differ in
their tag alone.
"""

from dataclasses import replace

from .images import Image
from .lines import LINES
from .modules import Module, kubernetes

LINE = LINES[-1]
MODULE = f"k8s.io/kubernetes@v{LINE.version}"
PART = "registry-conformance"
_MODFILE = "conformance"
_TEST = "k8s.io/kubernetes/test"
_STAMP = kubernetes(LINE).stamp

PROGRAMS = Module(
    "conformance-programs",
    ("k8s.io/sample-apiserver", f"{_TEST}/images/agnhost", f"{_TEST}/images/nonewprivs"),
    _STAMP,
    modfile=_MODFILE,
)
DATA = {"kitten": "kitten/html", "nautilus": "nautilus/html", "porter": "agnhost/porter"}
"""What the images serve: a folder's name in conformance-data, and where it is below the module's test/images."""
GINKGO = Module("ginkgo", ("github.com/onsi/ginkgo/v2/ginkgo",), modfile=_MODFILE)
TESTS = Module("conformance-tests", (f"{_TEST}/e2e",), _STAMP, modfile=_MODFILE, test=True)

_DEBIAN = "conformance-base/debian.tar"
_BUSYBOX = "conformance-base/busybox.tar"
_COREDNS = "coredns/coredns"
_AGNHOST = Image(
    "e2e-test-images/agnhost",
    "2.66.1",
    {
        "agnhost": f"{PROGRAMS.name}/agnhost",
        **{name: f"conformance-data/porter/{name}" for name in ("localhost.crt", "localhost.key")},
        "coredns": _COREDNS,
    },
    links={"agnhost-2": "agnhost"},
    entrypoint=("/agnhost",),
    command=("pause",),
    base=_DEBIAN,
)
_NGINX = Image(
    "e2e-test-images/nginx", "1.27.0-2", {}, entrypoint=("nginx",), command=("-g", "daemon off;"), base=_DEBIAN
)


def _of_agnhost(name: str, tag: str) -> Image:
    """An image that serves a file of its own by agnhost."""
    files = {inside: f"conformance-data/{name}/{inside}" for inside in (f"{name}.jpg", "data.json")}
    image = replace(_AGNHOST, name=f"e2e-test-images/{name}", tag=tag, command=("test-webserver",))
    return replace(image, files={**_AGNHOST.files, **files})


IMAGES = (
    _AGNHOST,
    replace(_AGNHOST, tag="2.55"),
    _of_agnhost("kitten", "1.8"),
    _of_agnhost("nautilus", "1.8"),
    _NGINX,
    replace(_NGINX, tag="1.28.0-2"),
    Image("e2e-test-images/busybox", "1.37.0-2", {}, command=("sh",), base=_BUSYBOX),
    Image("e2e-test-images/glibc-dns-testing", "2.1.1", {"coredns": _COREDNS}, command=("bash",), base=_DEBIAN),
    Image("e2e-test-images/nonroot", "1.5", {}, command=("sh",), base=_DEBIAN, user="1234"),
    Image(
        "e2e-test-images/nonewprivs",
        "1.4",
        {"usr/local/bin/nnp": f"{PROGRAMS.name}/nonewprivs"},
        command=("nnp",),
        base=_BUSYBOX,
        setuid=("usr/local/bin/nnp",),
    ),
    Image(
        "e2e-test-images/sample-apiserver",
        "1.29.2",
        {"sample-apiserver": f"{PROGRAMS.name}/sample-apiserver"},
        entrypoint=("/sample-apiserver",),
    ),
)
"""Besides these the tests ask for etcd and pause, as kubeadm does."""
