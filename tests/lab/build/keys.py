"""Keys made once per cache: the lab's certificate authority, the repositories' signing keys, root's SSH key."""

from pathlib import Path

from .cache import Cache, Step

# Every name that hosts reach over HTTPS and the lab answers for.
SERVER_NAMES = (
    "DNS:registry.k8s.io",
    "DNS:k8s.gcr.io",
    "DNS:ghcr.io",
    "DNS:quay.io",
    "DNS:docker.io",
    "DNS:registry-1.docker.io",
    "DNS:auth.docker.io",
    "DNS:index.docker.io",
    "DNS:registry.aliyuncs.com",
    "DNS:registry.cn-hangzhou.aliyuncs.com",
    "DNS:*.mirror.aliyuncs.com",
    "DNS:*.m.daocloud.io",
    "DNS:pkgs.k8s.io",
    "DNS:pkgs.lab",
    "DNS:download.docker.com",
    "DNS:mirrors.aliyun.com",
    "DNS:dl.rockylinux.org",
    "DNS:vault.centos.org",
    "DNS:archives.fedoraproject.org",
    "DNS:dl.fedoraproject.org",
    "DNS:cdn.redhat.com",
    "IP:10.0.0.1",
    "IP:10.0.0.2",
)
DAYS = "3650"
SIGNERS = ("rocky", "redhat", "centos", "epel", "docker", "kubernetes")


def secrets(cache: Cache) -> Path:
    """Return the folder with ca.key, ca.crt, gnupg/ with a key per signer, SIGNER.asc, id_lab and id_lab.pub."""

    def make(step: Step) -> None:
        folder = step.folder
        folder.chmod(0o700)
        subject = ("-subj", "/O=k8s_ha lab/CN=k8s_ha lab authority")
        key = ("-newkey", "rsa:2048", "-nodes", "-keyout", folder / "ca.key")
        usage = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")
        step.run("openssl", "req", "-x509", *key, "-out", folder / "ca.crt", "-days", DAYS, *subject, *usage)
        step.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "k8s_ha lab", "-f", folder / "id_lab")
        gnupg = folder / "gnupg"
        gnupg.mkdir(mode=0o700)
        gpg = ("gpg", "--homedir", gnupg, "--batch", "--quiet")
        for signer in SIGNERS:
            name = signer_name(signer)
            step.run(*gpg, "--passphrase", "", "--quick-gen-key", name, "rsa3072", "sign", "never")
            step.run(*gpg, "--armor", "--output", folder / f"{signer}.asc", "--export", name)
        stop_agent(step, gnupg)

    return cache.folder("keys", SIGNERS, make)


def signer_name(signer: str) -> str:
    """Return the user id of a signing key."""
    return f"k8s_ha lab {signer} <{signer}@lab.example>"


def stop_agent(step: Step, gnupg: Path) -> None:
    """End the agent that gpg leaves running for its home folder."""
    step.run("gpgconf", "--homedir", gnupg, "--kill", "gpg-agent")


def ca_certificate(cache: Cache, keys: Path) -> Path:
    """Return the folder with ca.crt, and server.crt and server.key for all SERVER_NAMES."""

    def make(step: Step) -> None:
        folder = step.folder
        extensions = folder / "server.ext"
        extensions.write_text(f"subjectAltName={','.join(SERVER_NAMES)}\nextendedKeyUsage=serverAuth\n")
        request = folder / "server.csr"
        key = ("-newkey", "rsa:2048", "-nodes", "-keyout", folder / "server.key")
        step.run("openssl", "req", *key, "-out", request, "-subj", "/O=k8s_ha lab/CN=k8s_ha lab server")
        signer = ("-CA", keys / "ca.crt", "-CAkey", keys / "ca.key", "-CAserial", folder / "ca.srl", "-CAcreateserial")
        output = ("-out", folder / "server.crt", "-days", DAYS, "-extfile", extensions)
        step.run("openssl", "x509", "-req", "-in", request, *signer, *output)
        (folder / "ca.crt").write_bytes((keys / "ca.crt").read_bytes())
        for scrap in (extensions, request, folder / "ca.srl"):
            scrap.unlink()

    return cache.folder("authority", [keys, *SERVER_NAMES], make)
