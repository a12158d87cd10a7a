"""The requests of Kafka's protocol that starting a stack and watching it need, without a JVM each
time.

Old, fixed versions without tagged fields: ListOffsets 1, Metadata 1 (KIP-4) and CreateTopics 2; all
are in the range every broker from 2.1 to 4.x accepts.
"""

import contextlib
import socket
import struct

LIST_OFFSETS, LIST_OFFSETS_VERSION = 2, 1
LATEST = -1  # as a timestamp
METADATA, METADATA_VERSION = 3, 1
CREATE_TOPICS, CREATE_TOPICS_VERSION = 19, 2
TOPIC_ALREADY_EXISTS = 36
CLIENT = "dmp-compose"
TIMEOUT_S = 10.0
ANSWER_LIMIT_BYTES = 4 * 1024 * 1024


class Refused(Exception):
    """The broker answered with an error, or not in its protocol."""


def brokers(port):
    """Ids of the brokers it lists; empty until one has registered with the controller."""
    answer = _call(port, METADATA, METADATA_VERSION, struct.pack(">i", 0))  # of no topic
    return _nodes(answer)


def _nodes(answer):
    (count,) = answer.take(">i")
    found = []
    for _ in range(count):
        (node,) = answer.take(">i")
        answer.string()  # host
        answer.take(">i")  # port
        answer.string()  # rack
        found.append(node)
    return found


def end_offsets(port, topic):
    """How many records were ever written to each partition."""
    count = _partitions(port, topic)
    body = struct.pack(">ii", -1, 1) + _string(topic) + struct.pack(">i", count)  # no replica
    for partition in range(count):
        body += struct.pack(">iq", partition, LATEST)
    answer = _call(port, LIST_OFFSETS, LIST_OFFSETS_VERSION, body)
    answer.take(">i")  # topics
    answer.string()
    (count,) = answer.take(">i")
    ends = {}
    for _ in range(count):
        partition, code, _, end = answer.take(">ihqq")
        if code:
            raise Refused(f"partition {partition} of {topic}: error {code}")
        ends[partition] = end
    return [ends[partition] for partition in sorted(ends)]


def _partitions(port, topic):
    answer = _call(port, METADATA, METADATA_VERSION, struct.pack(">i", 1) + _string(topic))
    _nodes(answer)
    answer.take(">ii")  # controller, topics
    (code,) = answer.take(">h")
    if code:
        raise Refused(f"topic {topic}: error {code}")
    answer.string()
    answer.take(">b")  # internal
    return answer.take(">i")[0]


def create_topics(port, topics):
    """Makes the missing ones of `topics`, name -> (partitions, settings); returns their names."""
    body = struct.pack(">i", len(topics))
    for name, (partitions, settings) in topics.items():
        body += _string(name) + struct.pack(
            ">ihi", partitions, 1, 0
        )  # one replica, placed by Kafka
        body += struct.pack(">i", len(settings))
        for key, value in settings.items():
            body += _string(key) + _string(str(value))
    body += struct.pack(">ib", int(TIMEOUT_S * 1000), 0)  # 0: not only a check
    return _made(_call(port, CREATE_TOPICS, CREATE_TOPICS_VERSION, body))


def _made(answer):
    _, count = answer.take(">ii")  # throttle time, topics
    made = []
    for _ in range(count):
        name = answer.string()
        (code,) = answer.take(">h")
        message = answer.string()
        if code not in (0, TOPIC_ALREADY_EXISTS):
            raise Refused(f"topic {name}: {message or f'error {code}'}")
        if code == 0:
            made.append(name)
    return made


def _call(port, key, version, body):
    """One request on a connection of its own; its answer after the correlation id."""
    request = struct.pack(">hhi", key, version, 1) + _string(CLIENT) + body
    with contextlib.closing(socket.create_connection(("127.0.0.1", port), TIMEOUT_S)) as connection:
        connection.settimeout(TIMEOUT_S)
        connection.sendall(struct.pack(">i", len(request)) + request)
        with connection.makefile("rb") as stream:
            answer = _Answer(stream.read(4))
            (size,) = answer.take(">i")
            if not 4 <= size <= ANSWER_LIMIT_BYTES:
                raise Refused(f"an answer of {size} bytes")
            answer = _Answer(stream.read(size))
    answer.take(">i")  # correlation id
    return answer


class _Answer:
    """Reads fields in order."""

    def __init__(self, data):
        self._data = data
        self._at = 0

    def take(self, layout):
        try:
            values = struct.unpack_from(layout, self._data, self._at)
        except struct.error:
            raise Refused("the answer is cut short") from None
        self._at += struct.calcsize(layout)
        return values

    def string(self):
        (size,) = self.take(">h")
        if size < 0:
            return None
        (data,) = self.take(f">{size}s")
        return data.decode()


def _string(text):
    data = text.encode()
    return struct.pack(">h", len(data)) + data
