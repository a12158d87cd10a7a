"""A small MQTT 5 client that shows what the broker answers: QoS 1, one thing at a time, every wait
bounded. For tests of the broker, and for the demo's intruders."""

import socket
import ssl
import struct

TIMEOUT_S = 10


class Client:
    """Connected as the name in its certificate, whatever `client_id` it asks for."""

    def __init__(self, part, authority, name, client_id=None):
        certificate, key = authority.issue(name)
        context = ssl.create_default_context(cafile=authority.certificate)
        context.load_cert_chain(certificate, key)
        raw = socket.create_connection(("127.0.0.1", part.port), timeout=TIMEOUT_S)
        self._socket = context.wrap_socket(raw, server_hostname="127.0.0.1")
        self._stream = self._socket.makefile("rb")
        self._messages = []
        self._last_id = 0
        body = b"\x00\x04MQTT\x05\x02\x00\x3c\x00" + _text(client_id or name)
        self._send(0x10, body)
        kind, answer = self._packet()
        assert kind == 0x20, hex(kind)
        self.connect_code = answer[1]

    def subscribe(self, topic):
        """The reason code of SUBACK."""
        self._send(0x82, self._next_id() + b"\x00" + _text(topic) + b"\x01")
        return self._answer(0x90)[-1]

    def publish(self, topic, payload, response_topic="", correlation=b""):
        """The reason code of PUBACK."""
        properties = b"\x08" + _text(response_topic) if response_topic else b""
        if correlation:
            properties += b"\x09" + struct.pack(">H", len(correlation)) + correlation
        assert len(properties) < 128
        head = _text(topic) + self._next_id() + bytes([len(properties)])
        self._send(0x32, head + properties + payload)
        answer = self._answer(0x40)
        return answer[2] if len(answer) > 2 else 0

    def receive(self, within_s=TIMEOUT_S):
        """The next message, as (topic, payload). TimeoutError if none comes; after that it can
        receive no more."""
        self._socket.settimeout(within_s)
        while not self._messages:
            self._take(*self._packet())
        return self._messages.pop(0)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._stream.close()
        self._socket.close()

    def _next_id(self):
        self._last_id += 1
        return struct.pack(">H", self._last_id)

    def _answer(self, wanted):
        while True:
            kind, body = self._packet()
            if kind == wanted:
                return body
            self._take(kind, body)

    def _take(self, kind, body):
        if kind & 0xF0 != 0x30:
            raise AssertionError(f"unexpected packet {kind:#x}")
        (size,) = struct.unpack_from(">H", body)
        topic, rest = body[2 : 2 + size].decode(), body[2 + size :]
        if kind & 0x06:
            self._send(0x40, rest[:2])
            rest = rest[2:]
        self._messages.append((topic, rest[1 + rest[0] :]))

    def _packet(self):
        head = self._stream.read(2)
        if len(head) < 2:
            raise ConnectionError("the broker closed the connection")
        size, shift, byte = head[1] & 0x7F, 7, head[1]
        while byte & 0x80:
            byte = self._stream.read(1)[0]
            size |= (byte & 0x7F) << shift
            shift += 7
        return head[0], self._stream.read(size)

    def _send(self, kind, body):
        assert len(body) < 16384
        size = bytes([len(body)] if len(body) < 128 else [len(body) & 0x7F | 0x80, len(body) >> 7])
        self._socket.sendall(bytes([kind]) + size + body)


def _text(text):
    data = text.encode()
    return struct.pack(">H", len(data)) + data
