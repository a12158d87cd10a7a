"""The edge in front of the registry's REST port: TLS, limits, rate, and what may pass at all.

The HTTP library behind it enforces no limit of its own and can be ended by a malformed chunk, so
every request is complete, bounded and of a known shape before it is passed on.
"""

import json

from compose import probe
from compose.part import Part

MAX_BODY_BYTES = 65536
MAX_URL_BYTES = 4096
METHODS = "GET POST PUT PATCH DELETE OPTIONS"
PAGES = "/openapi.json /docs"  # need no token: they hold no data

CONFIG = """\
# Written by ./dmp up; changes here are overwritten.
global
    log stderr format raw local0 notice
    maxconn 2000
    ssl-default-bind-options ssl-min-ver TLSv1.2 no-tls-tickets
    # A request's head must fit: longer ones get 400.
    tune.bufsize 16384
    tune.http.maxhdr 64
    # A request does not wait behind the events of hundreds of streams.
    tune.sched.low-latency on

defaults
    mode http
    log global
    option httplog
    option dontlog-normal
    option dontlognull
    # Without it a stream's small events wait some 200 ms each.
    option http-no-delay
    timeout connect 1s
    timeout check 2s
    timeout client 30s
    timeout http-request 3s
    timeout http-keep-alive 5s
    timeout queue 2s
    timeout server 30s
    retries 1
{errorfiles}

frontend rest
    bind 127.0.0.1:{port} ssl crt {certificate} alpn h2,http/1.1
    # Bytes that the library behind takes for the end of the head, or that no header may hold.
    http-request {deny_400} if {{ req.hdrs -m reg [^\\x20-\\x7e\\r\\n\\t] }}
    http-request {deny_400} if {{ req.hdr(transfer-encoding) -m found }}
    # A body without a length is refused rather than counted: HTTP/2 needs no such header.
    http-request {deny_411} if {{ method POST PUT PATCH }} !{{ req.hdr(content-length) -m found }}
    # Counted in digits too: a length beyond 32 bits wraps round as a number.
    http-request {deny_413} if {{ req.hdr_val(content-length) gt {max_body} }}
    http-request {deny_413} if {{ req.hdr(content-length),length gt {max_digits} }}
    http-request {deny_414} if {{ url_len gt {max_url} }}
    http-request {deny_405} if !{{ method {methods} }}
    http-request {deny_404} if !{{ path_beg /v1/ }} !{{ path {pages} }}
    stick-table type ip size 10k expire 30s store http_req_rate(10s)
    http-request track-sc0 src
    http-request {deny_429} if {{ sc_http_req_rate(0) gt 5000 }}
    # The registry meets no slow sender: what fits into the buffer is complete before it is passed.
    http-request wait-for-body time 3s if {{ req.hdr_val(content-length) gt 0 }}
    http-request set-header X-Forwarded-For %[src]
    # No narrower than what the registry takes for a watch: it would hold a slot of the others.
    use_backend watch if {{ path /v1/devices }} {{ query -m sub watch=1 }}
    default_backend registry

backend registry
    # Of the API alone: while ingest is behind, the list says so instead of being away.
    option httpchk GET /readyz/api
    http-check expect status 200
    server registry 127.0.0.1:{api} check port {registry_admin} inter 500ms fall 2 rise 1 maxconn 64

# Streams stay: they have slots of their own, and a word every 10 s shows that the other end is there.
backend watch
    timeout server 45s
    server registry 127.0.0.1:{api} track registry/registry maxconn 1600

frontend admin
    bind 127.0.0.1:{admin}
    monitor-uri /readyz
    monitor fail if {{ nbsrv(registry) lt 1 }}
    http-request return status 200 content-type text/plain string alive if {{ path /livez }}
    http-request use-service prometheus-exporter if {{ path /metrics }}
    http-request {deny_404}
"""

TITLES = {
    400: ("Bad Request", "the request is malformed, or its head is too long"),
    404: ("Not Found", "the API lives below /v1/; /docs describes it"),
    405: ("Method Not Allowed", f"allowed: {METHODS}"),
    408: ("Request Timeout", "the request was not complete within 3 s"),
    411: ("Length Required", "send a Content-Length header"),
    413: ("Content Too Large", f"a body may have {MAX_BODY_BYTES} bytes"),
    414: ("URI Too Long", f"a path with its query may have {MAX_URL_BYTES} bytes"),
    429: ("Too Many Requests", "more than 500 requests per second from one address"),
    500: ("Internal Server Error", "the edge failed; its log says why"),
    502: ("Bad Gateway", "the registry gave an invalid answer"),
    503: ("Service Unavailable", "no registry can answer now: its database is away, or it starts"),
    504: ("Gateway Timeout", "the registry did not answer within 30 s"),
}
# What HAProxy answers by itself; for bytes that are no HTTP at all it has only a page of its own.
BY_FILE = (400, 408, 500, 502, 503, 504)
HEADERS = {
    405: {"Allow": METHODS.replace(" ", ", ")},
    429: {"Retry-After": "10"},
    503: {"Retry-After": "2"},
}


def problem(status):
    """RFC 9457 body."""
    title, detail = TITLES[status]
    return json.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail})


def denial(status):
    """The `http-request` action that answers with that problem."""
    headers = "".join(f' hdr {name} "{value}"' for name, value in HEADERS.get(status, {}).items())
    kind = "content-type application/problem+json"
    return f"return status {status} {kind}{headers} string '{problem(status)}'"


def error_file(status):
    """A whole HTTP answer, as HAProxy's `errorfile` wants it."""
    body = problem(status)
    headers = {
        "Content-Type": "application/problem+json",
        "Content-Length": str(len(body)),
        "Cache-Control": "no-cache",
        "Connection": "close",
        **HEADERS.get(status, {}),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status} {TITLES[status][0]}\r\n{head}\r\n{body}"


class Haproxy(Part):
    """Ready means: the registry behind it is ready too."""

    name = "haproxy"
    port_names = ("rest", "haproxy-admin")

    def __init__(self, state, ports, authority):
        super().__init__(state, ports)
        self._authority = authority
        self._config = state.etc / "haproxy.cfg"
        self._certificate = state.secrets / "haproxy.pem"

    def prepare(self):
        certificate, key = self._authority.issue(self.name)
        self.state.write(self._certificate, certificate.read_bytes() + key.read_bytes())
        errors = self.state.etc / "errors"
        errors.mkdir(mode=0o700, exist_ok=True)
        for status in BY_FILE:
            self.state.write(errors / f"{status}.http", error_file(status))
        self.state.write(self._config, self.config(errors))

    def config(self, errors):
        return CONFIG.format(
            port=self.port,
            admin=self.ports["haproxy-admin"],
            api=self.ports["registry-api"],
            registry_admin=self.ports["registry-admin"],
            certificate=self._certificate,
            max_body=MAX_BODY_BYTES,
            max_digits=len(str(MAX_BODY_BYTES)),
            max_url=MAX_URL_BYTES,
            methods=METHODS,
            pages=PAGES,
            errorfiles="\n".join(f"    errorfile {s} {errors}/{s}.http" for s in BY_FILE),
            **{f"deny_{status}": denial(status) for status in TITLES},
        )

    def command(self):
        return ["/usr/sbin/haproxy", "-db", "-f", self._config]

    def inputs(self):
        return [self._config, self._certificate]

    def why_not_ready(self):
        return probe.admin(self.ports["haproxy-admin"])
