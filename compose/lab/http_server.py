"""A tiny HTTP/1.1 server for one process loop: one request per connection, everything bounded."""

import selectors
import socket
import time

from .answer import Answer, Request

REQUEST_BYTES_MAX = 8192
CONNECTIONS_MAX = 32
CONNECTION_S_MAX = 5.0


class HttpServer:
    """Serves `respond(Request) -> Answer` on the given ports. Owned by the loop that polls it."""

    def __init__(self, selector, address, ports, respond):
        self._selector = selector
        self._respond = respond
        self._started_at = time.monotonic()
        self._asked = {}  # path -> how often
        self._connections = {}
        for port in ports:
            listener = socket.create_server((address, port), backlog=16)
            listener.setblocking(False)
            selector.register(listener, selectors.EVENT_READ, self._accept)

    def close_overdue(self):
        """Drops connections that said nothing for too long. Call about once a second."""
        now = time.monotonic()
        for connection, (_, _, deadline) in list(self._connections.items()):
            if now > deadline:
                self._close(connection)

    def _accept(self, listener):
        try:
            connection, _ = listener.accept()
        except OSError:
            return  # the peer was gone before we came
        if len(self._connections) >= CONNECTIONS_MAX:
            connection.close()
            return
        connection.setblocking(False)
        self._connections[connection] = (b"", b"", time.monotonic() + CONNECTION_S_MAX)
        self._selector.register(connection, selectors.EVENT_READ, self._read)

    def _read(self, connection):
        received, _, deadline = self._connections[connection]
        try:
            data = connection.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        received += data
        if not data or len(received) > REQUEST_BYTES_MAX:
            self._close(connection)
        elif b"\r\n\r\n" in received:
            output = self._answer(connection, received)
            self._connections[connection] = (received, output, deadline)
            self._selector.modify(connection, selectors.EVENT_WRITE, self._write)
        else:
            self._connections[connection] = (received, b"", deadline)

    def _write(self, connection):
        received, output, deadline = self._connections[connection]
        try:
            sent = connection.send(output)
        except BlockingIOError:
            return
        except OSError:
            self._close(connection)
            return
        if sent == len(output):
            self._close(connection)
        else:
            self._connections[connection] = (received, output[sent:], deadline)

    def _close(self, connection):
        del self._connections[connection]
        self._selector.unregister(connection)
        connection.close()

    def _answer(self, connection, received):
        first = received.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
        if len(first) != 3 or not first[2].startswith("HTTP/1."):
            return _encode(Answer("400 Bad Request"))
        method, target, _ = first
        if method not in ("GET", "HEAD"):
            return _encode(Answer("405 Method Not Allowed", (("Allow", "GET, HEAD"),)))
        path, _, query = target.partition("?")
        address, port = connection.getsockname()[:2]
        earlier = self._asked.get(path, 0)
        answer = self._respond(
            Request(port, path, address, query, earlier, time.monotonic() - self._started_at)
        )
        if answer.status.startswith("200"):  # known paths only: the table stays small
            self._asked[path] = earlier + 1
        return _encode(answer, with_body=method == "GET")


def _encode(answer, with_body=True):
    headers = [*answer.headers, ("Content-Length", str(len(answer.body))), ("Connection", "close")]
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    text = f"HTTP/1.1 {answer.status}\r\n{head}\r\n".encode("latin-1")
    return text + answer.body if with_body else text
