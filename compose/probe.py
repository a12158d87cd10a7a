"""Is it really ready? Probes that use what they probe, and waiting for them within a bound."""

import collections
import http.client
import re
import socket
import ssl
import time

from compose.report import Failure

PAUSE_S = 0.05
CALL_S = 2.0


def wait(name, why_not, process, seconds, log):
    """Returns when `why_not()` is empty. Fails when the process ends or the time is up."""
    deadline = time.monotonic() + seconds
    while True:
        reason = why_not()
        if not reason:
            return
        if not process.alive():
            raise Failure(f"{name} ended while it was starting", log=log)
        if time.monotonic() > deadline:
            raise Failure(f"{name} is not ready after {seconds:.0f} s: {reason}", log=log)
        time.sleep(PAUSE_S)


def admin(port, path="/readyz"):
    """'' if that admin port answers 200, else its answer or why there is none."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=CALL_S)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read(4096).decode(errors="replace").strip()
        return "" if answer.status == 200 else f"{answer.status}: {text or answer.reason}"
    except (OSError, http.client.HTTPException) as error:
        return f"{path} does not answer: {error}"
    finally:
        connection.close()


def metric(port, name):
    """The sum of all series of that name on that admin port."""
    found = re.findall(rf"^{name}(?:\{{.*\}})? (\S+)$", _metrics(port), re.MULTILINE)
    return sum(map(float, found))


def histogram(port, name):
    """Upper bound -> how many were at most that, over all series of that name."""
    counts = collections.defaultdict(float)
    series = rf'^{name}_bucket\{{.*?le="([^"]+)".*?\}} (\S+)$'
    for bound, count in re.findall(series, _metrics(port), re.MULTILINE):
        counts[float(bound)] += float(count)
    return dict(counts)


def _metrics(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=CALL_S)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def mqtt(port, authority, certificate, key, name):
    """'' if the broker accepts an MQTT 5 connection of that certificate, else why not."""
    context = ssl.create_default_context(cafile=authority)
    try:
        context.load_cert_chain(certificate, key)
        with (
            socket.create_connection(("127.0.0.1", port), timeout=CALL_S) as raw,
            context.wrap_socket(raw, server_hostname="127.0.0.1") as connection,
        ):
            connection.sendall(_connect_packet(name))
            answer = connection.recv(64)
            connection.sendall(b"\xe0\x00")  # DISCONNECT
    except OSError as error:
        return f"no TLS connection: {error}"
    # CONNACK: type, length, session present, reason code
    if len(answer) < 4 or answer[0] != 0x20:
        return "closed the connection instead of answering CONNECT"
    return "" if answer[3] == 0 else f"CONNECT refused with 0x{answer[3]:02x}"


def _connect_packet(name):
    """CONNECT, clean start, keepalive 10 s, no properties, no Will."""
    client = name.encode()
    body = b"\x00\x04MQTT\x05\x02\x00\x0a\x00" + len(client).to_bytes(2, "big") + client
    return b"\x10" + bytes([len(body)]) + body
