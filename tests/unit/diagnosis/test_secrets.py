"""No secret of any kind is left in what a host told, and what helps a reader is."""

from __future__ import annotations

import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from k8s_ha.diagnosis.secrets import hidden

WORD = "hunter2SECRET"
TOKEN = "abcdef.0123456789abcdef"
KEY_LINES = "MIIEowIBAAKCAQEAuKxq5Zk1y8vbXqO2bF0Gd7rX1oUe2qg3Y3dQ1mYpC0yFq9Zr\nQ2hpbGQ0Nw=="
PEM = f"-----BEGIN RSA PRIVATE KEY-----\n{KEY_LINES}\n-----END RSA PRIVATE KEY-----"
JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6IiJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJl"
HEX_KEY = "d0c7c6e1" * 8
BASE64 = "LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQpNSUlFb3dJQkFBS0NBUUVB"

PLANTED = [
    # what stands in a file or a journal, and what of it must not be seen
    (f"kubeadm join 10.0.1.157:6443 --token {TOKEN} --discovery-token-ca-cert-hash sha256:{HEX_KEY[:8]}", TOKEN),
    (f"  --control-plane --certificate-key {HEX_KEY}", HEX_KEY),
    (f"[upload-certs] Using certificate key:\n{HEX_KEY}", HEX_KEY),
    (f"certificateKey: {HEX_KEY}", HEX_KEY),
    (f'I1127 08:00:00 join.go:1] "token {TOKEN}."', TOKEN),
    (f'{{"message":"joined with\\n{TOKEN}"}}', TOKEN),
    (f"Nov 27 08:00:01 m1 kubelet[7]: {JWT}", "c2lnbmF0dXJl"),
    (f'"token":"{JWT[:40]}', JWT[8:40]),
    (f"> Authorization: Bearer {WORD}", WORD),
    (f'header = {{ authorization = ["Basic {WORD}"] }}', WORD),
    (f'proxy_set_header Authorization "Basic {WORD}=";', WORD),
    (f"got 401 for bearer {WORD}", WORD),
    (f"Environment=HTTPS_PROXY=http://user:{WORD}@proxy:3128", WORD),
    (f"proxy=https://user:pa/{WORD}@proxy:3128/", WORD),
    (f"HTTP_PROXY=user:{WORD}@proxy:3128", WORD),
    (f"baseurl=https://mirror/el8?token={WORD}&arch=x", WORD),
    (f'"auths": {{"registry.example": {{"auth": "{WORD}"}}}}', WORD),
    (f'  auth = "{WORD}"', WORD),
    (f"  password = '{WORD}'", WORD),
    (f'identitytoken = "{WORD}"', WORD),
    (f"    client-key-data: {BASE64}", BASE64[20:]),
    (f"blob {BASE64}", BASE64[20:]),
    (f"blob {BASE64[:50]}", BASE64[20:50]),
    (f'> Authorization: Digest username="u", response="{WORD}"', WORD),
    (f'proxy_set_header Authorization "Digest {WORD}";', WORD),
    ("it sent Basic dXNlcjpodW50ZXIy to us", "dXNlcjpodW50ZXIy"),
    (f"    token: {WORD}", WORD),
    (f"    token: a b {WORD}", WORD),
    (f"--etcd-password={WORD} --v=2", WORD),
    (f'{{\\"password\\":\\"{WORD}\\",\\"a\\":1}}', WORD),
    (f"- name: DB_PASSWORD\n  value: {WORD}", WORD),
    (f'{{"name":"DB_PASSWORD","value":"{WORD}"}}', WORD),
    (f'"Env": ["PASSWORD={WORD}"]', WORD),
    (f"password: |\n  {WORD}\n  more{WORD}\nnext: 1", WORD),
    (f"  auth_type PASS\n    auth_pass {WORD}", WORD),
    (f"curl -u admin:{WORD} https://x", WORD),
    (f"- secret: {WORD}", WORD),
    (f'"tokens": ["a", "{WORD}"]', WORD),
    (f"//nas/share /mnt cifs username=u,password={WORD} 0 0", WORD),
    (PEM, KEY_LINES.split("\n", maxsplit=1)[0]),
    (PEM, "Q2hpbGQ0Nw"),
    (PEM.replace("\n", "\\n"), "Q2hpbGQ0Nw"),
    (PEM[: -len("-----END RSA PRIVATE KEY-----")] + "rest", "Q2hpbGQ0Nw"),
    (PEM[len("-----BEGIN RSA PRIVATE KEY-----") :], "Q2hpbGQ0Nw"),
    (KEY_LINES, KEY_LINES.split("\n", maxsplit=1)[0]),
]


@pytest.mark.parametrize(("text", "secret"), PLANTED)
def test_a_secret_is_hidden_and_counted(text: str, secret: str) -> None:
    clean, found = hidden(text)
    assert secret in text
    assert secret not in clean
    assert "***" in clean
    assert found.total() >= 1


USEFUL = [
    "server: https://10.0.1.157:6443",
    "    - --service-account-signing-key-file=/etc/kubernetes/pki/sa.key",
    "    - --tls-private-key-file=/etc/kubernetes/pki/apiserver.key",
    "    - --authorization-mode=Node,RBAC",
    "authorization:",
    "  - --bind-address=0.0.0.0",
    "    image: registry.k8s.io/etcd@sha256:" + "0a" * 32,
    "docker-pullable://registry:5000/pause@sha256:" + "0a" * 32,
    "rotateCertificates: true",
    "tokenGetter: null",
    "  enableBootstrapTokenAuth: true",
    "bootstrapTokens:",
    '  "credentials": {},',
    '  "tokens": [',
    'MountVolume.SetUp failed for volume "x" : secret "web-tls" not found',
    "E1127 08:00:00.123456 1 authentication.go:73] Unable to authenticate the request: x509: certificate has expired",
    "the server has asked for the client to provide credentials",
    "-rw------- 1 0 0 1679 2026-11-27 08:00 /etc/kubernetes/pki/sa.key",
    "-----BEGIN CERTIFICATE-----",
    'tcp LISTEN 0 4096 *:6443 *:* users:(("kube-apiserver",pid=812,fd=3))',
    "basic authentication is off",
    "2001:db8::1 via fe80::1 dev eth0 proto static metric 100",
    "ssl_certificate_key /etc/nginx/site.key;",
    'level=error msg="failed to pull" error="429 Too Many Requests"',
]


@pytest.mark.parametrize("line", USEFUL)
def test_what_helps_a_reader_is_left(line: str) -> None:
    clean, found = hidden(line)
    assert (clean, found.total()) == (line, 0)


ALPHABETS = {
    "password": string.ascii_letters + string.digits + "!#%*+.-_~",
    "base64": string.ascii_letters + string.digits + "+/",
    "hex": "0123456789abcdef",
    "token": string.ascii_lowercase + string.digits,
}
PLACES = {
    "password": [
        "password: {}",
        "export DB_PASSWORD={}",
        '{{"passwd": "{}", "x": 1}}',
        "http://u:{}@proxy:3128/",
        "auth_pass {}",
        "Authorization: Basic {}",
        "apiVersion: v1\ntoken: {}\nkind: x",
        "--client-secret {} --v=2",
        'auth = "{}"',
    ],
    "base64": ["-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----", "client-key-data: {}"],
    "hex": ["--certificate-key {}", "certificate-key={} x=1"],
}


@given(data=st.data(), before=st.text(max_size=20), after=st.text(max_size=20))
def test_whatever_the_secret_is_it_is_not_seen(data: st.DataObject, before: str, after: str) -> None:
    kind = data.draw(st.sampled_from(sorted(PLACES)))
    secret = data.draw(st.text(ALPHABETS[kind], min_size=12, max_size=60).filter(lambda text: text[0] not in "-/~"))
    place = data.draw(st.sampled_from(PLACES[kind])).format(secret)
    assume(secret not in before + after)
    assert secret not in hidden(f"{before}\n{place}\n{after}")[0]


@given(
    identity=st.text(ALPHABETS["token"], min_size=6, max_size=6),
    secret=st.text(ALPHABETS["token"], min_size=16, max_size=16),
    before=st.sampled_from(["", " ", '"', "=", "\\n", "(", "token:", "/"]),
    after=st.sampled_from(["", " ", '"', ".", ",", "\\n", ")", "-x"]),
)
def test_a_bootstrap_token_is_known_by_its_form(identity: str, secret: str, before: str, after: str) -> None:
    assert secret not in hidden(f"{before}{identity}.{secret}{after}")[0]


@given(secret=st.text(min_size=8, max_size=30).filter(lambda text: "*" not in text and "\n" not in text))
def test_what_is_known_word_for_word_is_hidden_anywhere(secret: str) -> None:
    clean, found = hidden(f"a{secret}b {secret}", [secret])
    assert secret not in clean
    assert found["known secret"] == 2


HOSTILE = [
    "?key" * 60_000,
    "://a:" * 60_000,
    "token" * 50_000,
    "--token-" * 40_000,
    '"name":"' * 40_000,
    "-----BEGIN PRIVATE KEY-----" * 9_000,
    "aA0/" * 60_000,
    "a:b" * 80_000,
    ("a\n" * 120_000) + "-----END PRIVATE KEY-----",
    "password: |\n" * 20_000,
    "-----END RSA PRIVATE KEY-----\n" * 8_000,
    "\\" * 250_000,
    ("token=" + " a=" * 1200 + "\n") * 60,
    ('authorization" ' * 200 + "\n") * 80,
    ("eyJ" * 1300 + "\n") * 60,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:20])
def test_no_text_of_a_host_keeps_the_operator_busy(text: str) -> None:
    """A pattern without a bound would not come back for minutes."""
    assert len(hidden(text)[0]) <= 2 * len(text) + 20


def test_a_long_line_is_cut_between_words() -> None:
    clean, _ = hidden("word " * 2000 + WORD)
    assert len(clean) < 4100
    assert clean.endswith("word … 10013 characters")
    assert hidden("x" * 5000)[0] == " … 5000 characters"
