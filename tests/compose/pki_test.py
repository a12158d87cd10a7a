"""Certificates, as openssl sees them."""

import datetime
import ssl
import stat
import unittest

from compose.pki import ADDRESSES, Authority
from tests.compose import scratch


class CertificateTest(scratch.WithAuthority):
    def openssl(self, *words):
        return self.state.account.run(["openssl", *words])

    def test_a_client_proves_itself_as_client_only(self):
        certificate, _ = self.authority.issue("rae-1")
        self.assertEqual(self.verify(certificate, "sslclient"), 0)
        self.assertNotEqual(self.verify(certificate, "sslserver"), 0)

    def test_a_server_proves_itself_as_server_only_at_the_addresses_it_has(self):
        certificate, _ = self.authority.issue("mosquitto")
        self.assertEqual(self.verify(certificate, "sslserver"), 0)
        self.assertNotEqual(self.verify(certificate, "sslclient"), 0)
        for address in ("127.0.0.1", "10.99.0.1"):
            self.assertIn(f"IP:{address}", ADDRESSES)
            checked = self.openssl("x509", "-in", certificate, "-noout", "-checkip", address)
            self.assertIn("does match", checked.stdout)
        checked = self.openssl("x509", "-in", certificate, "-noout", "-checkip", "127.0.0.2")
        self.assertIn("does NOT match", checked.stdout)

    def test_it_is_an_elliptic_curve_key_named_after_its_owner(self):
        certificate, _ = self.authority.issue("rae-2")
        text = self.openssl("x509", "-in", certificate, "-noout", "-text").stdout
        self.assertIn("NIST CURVE: P-256", text)
        self.assertIn("Subject: CN = rae-2\n", text)

    def test_it_is_valid_for_a_device_whose_clock_is_six_days_behind(self):
        certificate, _ = self.authority.issue("rae-3")
        past = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=6)
        moment = ("-attime", str(int(past.timestamp())))
        self.assertEqual(self.verify(certificate, "sslclient", *moment), 0)
        past -= datetime.timedelta(days=2)
        moment = ("-attime", str(int(past.timestamp())))
        self.assertNotEqual(self.verify(certificate, "sslclient", *moment), 0)

    def test_it_is_issued_once(self):
        first = self.authority.issue("rae-4")[0].read_bytes()
        self.authority.make()
        self.assertEqual(self.authority.issue("rae-4")[0].read_bytes(), first)

    def test_one_that_does_not_verify_is_issued_anew(self):
        certificate, _ = self.authority.issue("rae-5")
        with self.subTest("signed by somebody else"):
            self.state.write(certificate, self.authority.issue("rae-6")[0].read_bytes()[:-60])
            self.authority.issue("rae-5")
            self.assertEqual(self.verify(certificate, "sslclient"), 0)

    def test_keys_are_readable_by_the_owner_only_and_fit_their_certificates(self):
        certificate, key = self.authority.issue("rae-7")
        for path in (key, self.state.secrets / "authority" / "ca.key"):
            found = path.stat()
            self.assertEqual(stat.S_IMODE(found.st_mode), 0o600)
            self.assertEqual(found.st_uid, self.state.account.uid)
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(certificate, key)

    def test_the_authoritys_key_is_not_beside_the_certificates(self):
        self.assertEqual(list(self.state.pki.glob("ca.*")), [self.authority.certificate])

    def verify(self, certificate, purpose, *more):
        authority = ("-CAfile", self.authority.certificate)
        done = self.openssl("verify", "-purpose", purpose, *more, *authority, certificate)
        return done.returncode


if __name__ == "__main__":
    unittest.main()
