"""The stack's private certificate authority, by the openssl command line.

Names end up in topics, ACL lines and file names, so only `[A-Za-z0-9._-]{1,64}` is ever signed: a
`/`, `+` or `#` in a name would reach into somebody else's topics.
"""

import contextlib
import datetime
import re

from compose import turns
from compose.report import Failure

NAME = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
SERVERS = ("mosquitto", "haproxy")  # names that servers prove themselves by
RESERVED = (*SERVERS, "ca")
BRIDGE_PREFIX = "bridge-"
ADDRESSES = "IP:127.0.0.1,DNS:localhost,IP:10.99.0.1"  # the last is the broker as the lab sees it

# Valid from a week ago: devices and routers boot with clocks that are behind.
BACKDATED = datetime.timedelta(days=7)
AUTHORITY_VALID = datetime.timedelta(days=3650)
VALID = datetime.timedelta(days=365)
RENEW_S = 30 * 24 * 3600

CONFIG = """\
[ca]
default_ca = stack
[stack]
database = {folder}/index.txt
new_certs_dir = {folder}
certificate = {authority}
private_key = {key}
default_md = sha256
policy = policy
unique_subject = no
rand_serial = yes
[policy]
commonName = supplied
[authority]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = {addresses}
[client]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = clientAuth
"""


def check_name(name):
    """Fails, saying why, unless a certificate may carry `name`."""
    if not NAME.match(name):
        raise Failure(
            f"certificate name {name!r}: only letters, digits, '.', '_' and '-', 1 to 64 of them",
            "for a RAE, use its serial number as it is printed on it",
        )
    if name in RESERVED:
        raise Failure(
            f"certificate name {name!r} belongs to the stack itself", "choose another name"
        )


class Authority:
    """Keys and certificates below pki/; the authority's own key stays in secrets/."""

    def __init__(self, state):
        self._state = state
        self._folder = state.secrets / "authority"
        self._key = self._folder / "ca.key"
        self.certificate = state.pki / "ca.crt"

    def files(self, name):
        """(certificate, key) of `name`."""
        return self._state.pki / f"{name}.crt", self._state.pki / f"{name}.key"

    def bridges(self):
        """Names of the bridges that have a certificate: who the broker's ACL treats as bridges."""
        return sorted(path.stem for path in self._state.pki.glob(f"{BRIDGE_PREFIX}*.crt"))

    def make(self):
        """Makes the authority if there is none."""
        with self._one_at_a_time():
            if self.certificate.exists() and self._key.exists():
                return
            self._new_key(self._key)
            self._request(self._key, "dmp private authority")
            self._sign("authority", self.certificate, AUTHORITY_VALID, "-selfsign")

    def issue(self, name):
        """The (certificate, key) of `name`, made or renewed if needed."""
        certificate, key = self.files(name)
        with self._one_at_a_time():
            if not self._is_good(certificate, key):
                self._new_key(key)
                self._request(key, name)
                self._sign("server" if name in SERVERS else "client", certificate, VALID)
        return certificate, key

    def _is_good(self, certificate, key):
        """Signed by this authority, not about to expire, and its key is there."""
        if not (certificate.exists() and key.exists()):
            return False
        checks = (
            ["verify", "-CAfile", self.certificate, certificate],
            ["x509", "-in", certificate, "-noout", "-checkend", str(RENEW_S)],
        )
        return all(self._openssl(check, may_fail=True).returncode == 0 for check in checks)

    def _new_key(self, path):
        curve = "ec_paramgen_curve:P-256"
        self._state.write(
            path, self._openssl(["genpkey", "-algorithm", "EC", "-pkeyopt", curve]).stdout
        )

    def _request(self, key, name):
        self._openssl(
            [
                "req",
                "-new",
                "-key",
                key,
                "-subj",
                f"/CN={name}",
                "-out",
                self._folder / "request.pem",
            ]
        )

    def _sign(self, kind, certificate, valid, *more):
        now = datetime.datetime.now(datetime.UTC)
        config = CONFIG.format(
            folder=self._folder, authority=self.certificate, key=self._key, addresses=ADDRESSES
        )
        self._state.write(self._folder / "openssl.cnf", config)
        (self._folder / "index.txt").touch(mode=0o600)
        signed = self._folder / "signed.pem"
        self._openssl([
            "ca", "-batch", "-notext", *more, "-config", self._folder / "openssl.cnf",
            "-extensions", kind, "-in", self._folder / "request.pem", "-out", signed,
            "-startdate", _time(now - BACKDATED), "-enddate", _time(now + valid),
        ])  # fmt: skip
        # Readable by everybody: a certificate is public, and its file appears whole or not at all.
        self._state.write(certificate, signed.read_bytes(), mode=0o644)
        for path in (signed, self._folder / "request.pem"):
            path.unlink()

    @contextlib.contextmanager
    def _one_at_a_time(self):
        self._folder.mkdir(mode=0o700, exist_ok=True)
        with turns.alone(self._folder, "signing in"):
            yield

    def _openssl(self, arguments, may_fail=False):
        done = self._state.account.run(["openssl", *arguments])
        if done.returncode and not may_fail:
            raise Failure(f"openssl {arguments[0]} failed: {done.stderr.strip()}")
        return done


def _time(moment):
    return moment.strftime("%Y%m%d%H%M%SZ")
