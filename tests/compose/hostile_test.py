"""Hostile shapes before the whole API: the real HAProxy, the registry and a real PostgreSQL.

Whatever is sent, the registry's process stays the same one and good callers get good answers. Sent
through the edge, and straight to the loopback port where the library behind it is meant to cope:
malformed chunks and bodies without a length are not, and end at the edge.
"""

import contextlib
import json
import os
import re
import socket
import ssl
import unittest
import urllib.parse
from pathlib import Path

from compose import account, probe, rest_stack
from compose.private_stack import private_stack
from compose.report import quiet

CHECKOUT = Path(__file__).resolve().parents[2]
BUILT = Path(os.environ.get("DMP_BIN") or CHECKOUT / "build/dev/bin")
ANSWER_S = 20.0
DEVICE = f"/v1/devices/{rest_stack.DEVICE}"


class HostileTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with contextlib.ExitStack() as running:
            nobody = running.enter_context(quiet())
            owner = account.choose(None, os.environ)
            cls.stack = running.enter_context(private_stack(nobody, owner, "test"))
            rest_stack.start(cls.stack, BUILT)
            cls.addClassCleanup(running.pop_all().close)
        cls.token = cls.stack.registry.token()
        cls.pid = cls.stack.registry.process().pid

    def tearDown(self):
        running = self.stack.registry.process()
        self.assertEqual(running and running.pid, self.pid, "the registry did not survive")
        self.serves_good_callers()

    def serves_good_callers(self):
        probe.wait("registry", self.why_not_served, self.stack.registry.process(), ANSWER_S, "")

    def why_not_served(self):
        found = [statuses(self.exchange(way, self.request())) for way in (self.edge, self.loopback)]
        return "" if found == [[200], [200]] else f"a good caller was answered {found}"

    def edge(self):
        context = ssl.create_default_context(cafile=self.stack.authority.certificate)
        raw = socket.create_connection(("127.0.0.1", self.stack.haproxy.port), timeout=ANSWER_S)
        return context.wrap_socket(raw, server_hostname="127.0.0.1")

    def loopback(self):
        port = self.stack.ports["registry-api"]
        return socket.create_connection(("127.0.0.1", port), timeout=ANSWER_S)

    def request(self, path="/v1/devices?limit=2", method="GET", headers="", body=b"", close=True):
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.token}\r\n"
        last = "Connection: close\r\n" if close else ""
        return f"{head}{headers}{last}\r\n".encode("latin-1") + body

    def exchange(self, connect, request):
        """All that comes back until the other side closes; what is refused early may be cut."""
        with connect() as connection:
            with contextlib.suppress(OSError):
                connection.sendall(request)
            return received(connection)

    def patch(self, body, headers=""):
        length = f"Content-Length: {len(body)}\r\nIf-Match: *\r\n"
        return self.request(
            DEVICE, "PATCH", f"{length}Content-Type: application/json\r\n{headers}", body
        )

    def test_malformed_chunks_and_bodies_without_a_length_end_at_the_edge(self):
        chunked = "Transfer-Encoding: chunked\r\n"
        for piece in (b"-2\r\n", b"ffffffffffffffff\r\nx", b"zz\r\n", b"5\r\nabc", b"1;" + b"x" * 9999):
            for method in ("GET", "PATCH"):
                with self.subTest(piece=piece[:20], method=method):
                    request = self.request(DEVICE, method, chunked, piece)
                    self.assertEqual(statuses(self.exchange(self.edge, request)), [400])

    def test_huge_heads_are_refused_and_not_kept(self):
        before = resident_kib(self.pid)
        many = "".join(f"H{i}: {'x' * 1000}\r\n" for i in range(2000))
        for request in (
            self.request(headers=many),
            self.request(headers=f"X: {'x' * 2_000_000}\r\n"),
            self.request(path="/v1/devices?model=" + "x" * 2_000_000),
        ):
            self.assertIn(statuses(self.exchange(self.edge, request)), ([400], []))
        self.assertLess(resident_kib(self.pid) - before, 16 * 1024)

    def test_slow_senders_are_ended_by_the_edge(self):
        slow = []
        for start in [b"GET /v1/devices HTTP/1.1\r\nHost: x\r\nX: ", self.patch(b"{}")[:-1]] * 10:
            slow.append(self.edge())
            slow[-1].sendall(start)
        self.serves_good_callers()
        for connection in slow:
            with connection:
                self.assertEqual(statuses(received(connection)), [408])

    def test_callers_who_leave_early_harm_nobody(self):
        for connect in (self.edge, self.loopback):
            for request in (self.request("/v1/devices?limit=500"), self.request()[:-7], self.patch(b"{")):
                for _ in range(20):
                    with connect() as connection:
                        connection.sendall(request)
            with connect() as connection:  # by a reset
                connection.sendall(self.request("/v1/devices?limit=500"))
                linger = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)

    def test_pipelined_requests_are_all_answered_through_the_edge(self):
        pipeline = self.request(close=False) * 20 + self.request()
        self.assertEqual(statuses(self.exchange(self.edge, pipeline)), [200] * 21)
        # The library would answer the first alone; that is why the edge sends it one at a time.
        with self.loopback() as connection:
            connection.sendall(pipeline)

    def test_bodies_beyond_the_bound_are_refused(self):
        for connect in (self.edge, self.loopback):
            self.assertIn(statuses(self.exchange(connect, self.patch(b" " * 65537))), ([413], []))
            answer = self.exchange(connect, self.patch(b" " * 60000))
            self.assertEqual(statuses(answer), [400])
            self.assertEqual(problem(answer)["type"], "/problems/bad-body")

    def test_bytes_that_are_no_text_are_refused(self):
        for connect in (self.edge, self.loopback):
            for path in (
                "/v1/devices/%00", "/v1/devices?model=%00", "/v1/devices?model=%ff%fe",
                "/v1/devices?filter=%C0%AF", "/v1/attributes/%ED%A0%80", "/v1/devices/%2e%2e",
            ):  # fmt: skip
                with self.subTest(path=path):
                    self.assertEqual(statuses(self.exchange(connect, self.request(path))), [400])
            for body in (b"\x00", b'{"note":"\xff\xfe"}', b'{"note":"\\u0000"}', b'{"note":"\\ud800"}'):
                with self.subTest(body=body):
                    self.assertEqual(statuses(self.exchange(connect, self.patch(body))), [400])
        for raw in (b"\x00" * 4096, b"GET /v1/devices\x00 HTTP/1.1\r\n\r\n", b"\x16\x03\x01\r\n"):
            self.assertIn(statuses(self.exchange(self.edge, raw)), ([400], []))

    def test_deep_and_wide_questions_are_refused_by_name(self):
        wide = "||".join(f"model==m{i}" for i in range(33))
        for connect in (self.edge, self.loopback):
            for filter_ in ("(" * 900, "!(" * 450, wide, "a" * 2049, "x==" + '"' * 99):
                path = "/v1/devices?filter=" + urllib.parse.quote(filter_, safe="(!")
                with self.subTest(filter=filter_[:20]):
                    answer = self.exchange(connect, self.request(path))
                    self.assertEqual(statuses(answer), [400])
                    self.assertEqual(problem(answer)["type"], "/problems/bad-filter")
            for body in (b"[" * 16000, b'{"a":' * 3000, b'{"labels":' + b'{"a":' * 2000):
                answer = self.exchange(connect, self.patch(body))
                self.assertEqual(problem(answer)["type"], "/problems/bad-body")


def received(connection):
    answer = b""
    with contextlib.suppress(OSError):
        while piece := connection.recv(65536):
            answer += piece
    return answer


def statuses(answer):
    """Of every response in these bytes; no body of ours holds a status line."""
    return [int(status) for status in re.findall(rb"HTTP/1\.[01] (\d{3}) ", answer)]


def problem(answer):
    return json.loads(answer.partition(b"\r\n\r\n")[2])


def resident_kib(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError(f"no VmRSS of {pid}")


if __name__ == "__main__":
    unittest.main()
