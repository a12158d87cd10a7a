"""What passes the edge and what it answers instead: the real HAProxy before a recording backend."""

import http.server
import json
import socket
import ssl
import threading
import unittest
import urllib.request

from compose import probe
from compose.haproxy import MAX_BODY_BYTES, Haproxy
from compose.ports import Ports
from tests.compose import scratch

OK = b'{"items":[]}'


class Backend(http.server.BaseHTTPRequestHandler):
    """Stands where the registry's REST and admin ports are; remembers what reached it."""

    protocol_version = "HTTP/1.1"
    reached = []
    ready = True

    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status = 503 if self.path == "/readyz/api" and not self.ready else 200
        if self.path != "/readyz/api":
            self.reached.append((self.command, self.path, self.headers))
        self.send_response(status)
        self.send_header("Content-Length", str(len(OK)))
        self.end_headers()
        self.wfile.write(OK)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = answer

    def log_message(self, *words):
        pass


class Server(http.server.ThreadingHTTPServer):
    """Silent about connections that health checks cut."""

    def handle_error(self, request, client_address):
        pass


class EdgeTest(scratch.WithAuthority):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        ports = Ports(cls.state)
        ports.reserve((*Haproxy.port_names, "registry-api", "registry-admin"))
        for name in ("registry-api", "registry-admin"):
            server = Server(("127.0.0.1", ports[name]), Backend)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            cls.addClassCleanup(server.server_close)
            cls.addClassCleanup(server.shutdown)
        cls.edge = Haproxy(cls.state, ports, cls.authority)
        cls.addClassCleanup(cls.edge.stop)
        cls.edge.start(probe.wait)

    def setUp(self):
        Backend.reached.clear()

    def ask(self, request):
        """(status, headers and body as one text) of the answer to these bytes."""
        context = ssl.create_default_context(cafile=self.authority.certificate)
        with (
            socket.create_connection(("127.0.0.1", self.edge.port), timeout=10) as raw,
            context.wrap_socket(raw, server_hostname="127.0.0.1") as connection,
        ):
            connection.sendall(request)
            answer = b""
            while b"\r\n\r\n" not in answer:
                piece = connection.recv(65536)
                if not piece:
                    break
                answer += piece
        head = answer.decode(errors="replace")
        return int(head.split(" ", 2)[1]), head

    def request(self, method="GET", path="/v1/devices", headers="", body=b""):
        return f"{method} {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode("latin-1") + body

    def test_the_api_passes_with_the_callers_address(self):
        watch = "/v1/devices?watch=1"
        for path in ("/v1/devices?limit=3", watch, "/v1/raes", "/openapi.json", "/docs"):
            forged = "X-Forwarded-For: 1.2.3.4\r\n"
            status, _ = self.ask(self.request(path=path, headers=forged))
            self.assertEqual(status, 200, path)
            method, reached, headers = Backend.reached.pop()
            self.assertEqual((method, reached), ("GET", path))
            self.assertEqual(headers.get_all("X-Forwarded-For"), ["127.0.0.1"])

    def test_a_body_of_known_and_bounded_length_passes(self):
        for size in (0, 1, MAX_BODY_BYTES):
            body = b"x" * size
            headers = f"Content-Length: {size}\r\n"
            status, _ = self.ask(self.request("PATCH", headers=headers, body=body))
            self.assertEqual(status, 200, size)

    def test_everything_else_is_refused_before_the_registry_sees_it(self):
        length = "Content-Length: {}\r\n".format
        cases = (
            (404, self.request(path="/")),
            (404, self.request(path="/metrics")),
            (404, self.request(path="/docs/x")),
            (404, self.request(path="/openapi.json.bak")),
            (404, self.request(path="/readyz")),
            (404, self.request(path="/v2/devices")),
            (405, self.request("HEAD")),
            (405, self.request("TRACE")),
            (405, self.request("FOO")),
            (411, self.request("POST")),
            (411, self.request("PATCH")),
            (413, self.request("POST", headers=length(MAX_BODY_BYTES + 1))),
            (413, self.request("GET", headers=length(10**12))),
            (413, self.request("POST", headers=length(2**32 + 1))),
            (414, self.request(path="/v1/devices?x=" + "a" * 4096)),
            (400, self.request(headers="X: \xe9\r\n")),
        )
        for expected, request in cases:
            with self.subTest(request=request[:60]):
                status, answer = self.ask(request)
                self.assertEqual(status, expected, answer)
                self.assertIn("application/problem+json", answer.lower())
        self.assertEqual(Backend.reached, [])

    def test_what_is_not_quite_http_ends_at_the_edge(self):
        length = "Content-Length: {}\r\n".format
        cases = (
            self.request(path="/v1/" + "a" * 17000),
            self.request(headers="".join(f"H{i}: x\r\n" for i in range(100))),
            self.request("POST", headers="Transfer-Encoding: chunked\r\n", body=b"-2\r\n"),
            self.request("POST", headers=length("-5")),
            self.request("POST", headers=length("1") + length("2")),
            b"\x00\x01\x02\r\n\r\n",
        )
        for request in cases:
            with self.subTest(request=request[:60]):
                self.assertEqual(self.ask(request)[0], 400)
        self.assertEqual(Backend.reached, [])

    def test_a_body_that_does_not_come_ends_at_the_edge(self):
        status, answer = self.ask(self.request("POST", headers="Content-Length: 10\r\n", body=b"x"))
        self.assertEqual(status, 408, answer)
        self.assertEqual(Backend.reached, [])

    def test_over_http_2_a_body_needs_a_length_too(self):
        self.assertEqual(self.post_by_http_2("Content-Length: 4"), "2 200")
        self.assertEqual(len(Backend.reached), 1)
        # Refused before its body is read: whether curl still sees the answer is a race.
        self.assertIn(self.post_by_http_2("Content-Length:"), ("2 411", "0 000"))
        self.assertEqual(len(Backend.reached), 1)

    def post_by_http_2(self, length):
        return self.state.account.run([
            "/usr/bin/curl", "-sS", "--http2", "--cacert", self.authority.certificate,
            "-X", "POST", "-H", length, "--data-binary", "@-",
            "-w", "%{http_version} %{http_code}", "-o", "/dev/null",
            f"https://127.0.0.1:{self.edge.port}/v1/devices",
        ], stdin="body").stdout  # fmt: skip

    def test_it_is_ready_only_while_the_registry_is(self):
        self.assertEqual(self.edge.why_not_ready(), "")
        Backend.ready = False
        self.addCleanup(probe.wait, "edge", self.edge.why_not_ready, self.edge.process(), 10, "")
        self.addCleanup(setattr, Backend, "ready", True)
        probe.wait("edge", self.unready, self.edge.process(), 10, "")
        status, answer = self.ask(self.request())
        self.assertEqual(status, 503)
        self.assertIn("retry-after: 2", answer.lower())
        self.assertEqual(json.loads(answer.partition("\r\n\r\n")[2])["status"], 503)

    def unready(self):
        return "" if self.edge.why_not_ready().startswith("503") else "still ready"

    def test_its_admin_port_has_metrics(self):
        url = f"http://127.0.0.1:{self.edge.ports['haproxy-admin']}/metrics"
        with urllib.request.urlopen(url, timeout=10) as answer:
            self.assertIn(b"haproxy_frontend_http_requests_total", answer.read())


if __name__ == "__main__":
    unittest.main()
