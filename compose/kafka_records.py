"""Reading and writing records of a topic, with kcat."""

import contextlib
import os
import queue
import re
import subprocess
import threading
import time
from typing import NamedTuple

from compose.report import Failure

KCAT = "/usr/bin/kcat"
# Killed with us: nobody else would find it.
WITH_US = ("/usr/bin/setpriv", "--pdeathsig", "KILL")
FIELD, RECORD = "\x1f", "\x1e"
FORMAT = f"%k{FIELD}%h{FIELD}%s{RECORD}"
HEADER = re.compile(r"(?:^|,)([a-z-]+)=((?:(?!,[a-z-]+=).)*)", re.DOTALL)
CHUNK_BYTES = 65536


class Record(NamedTuple):
    key: str
    headers: dict
    value: str


def read(stack, topic, since_s):
    """The records made since `since_s` (seconds since the epoch), as far as there are any now."""
    since = f"s@{int(since_s * 1000)}"
    done = stack.state.account.run([*_reader(stack, topic, since), "-e"])
    if done.returncode:
        raise _unreadable(topic, done.stderr, stack.kafka.log)
    return parse(done.stdout)


@contextlib.contextmanager
def following(stack, topic):
    """Yields a Follower of the topic, which ends with the block. From the topic's beginning: of a
    partition without a newer record, a time is its end when kcat comes to look, and what was
    written just before is missed."""
    account = stack.state.account
    process = subprocess.Popen(
        [*WITH_US, *_reader(stack, topic, "beginning"), "-u"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=account.environment(),
        **account.identity(),
    )
    with process:
        follower = Follower(process, topic, stack.kafka.log)
        try:
            yield follower
        finally:
            process.kill()
            follower.join()


class Follower:
    """Records as they come, each with the moment, of time.monotonic()."""

    def __init__(self, process, topic, log):
        self._process = process
        self._topic = topic
        self._log = log
        self._come = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def next(self, within_s):
        """(the next record, when it came); nothing if none comes within so long."""
        try:
            found = self._come.get(timeout=max(0.0, within_s))
        except queue.Empty:
            return None
        if isinstance(found, Failure):
            raise found
        return found

    def join(self):
        """Returns when it has read to the end of a process that ends."""
        self._reader.join()

    def _read(self):
        begun = b""  # of a record that has not come whole
        while data := os.read(self._process.stdout.fileno(), CHUNK_BYTES):
            at = time.monotonic()
            whole, end, begun = (begun + data).rpartition(RECORD.encode())
            for record in parse((whole + end).decode()):
                self._come.put((record, at))
        complaint = self._process.stderr.read().decode(errors="replace")
        self._come.put(_unreadable(self._topic, complaint, self._log))


def write(stack, topic, records, headers):
    """Writes (key, value) pairs with these headers, one right behind the other in the topic's first
    partition, whatever their keys. Returns when Kafka has them."""
    named = [word for name, value in headers.items() for word in ("-H", f"{name}={value}")]
    into = [KCAT, "-b", stack.kafka.brokers, "-P", "-t", topic, "-p", "0"]
    done = stack.state.account.run(
        [*into, *named, "-K", FIELD, "-D", RECORD],
        stdin="".join(f"{key}{FIELD}{value}{RECORD}" for key, value in records),
    )
    if done.returncode:
        complaint = f"kcat cannot write to {topic}: {done.stderr.strip()}"
        raise Failure(complaint, log=stack.kafka.log)


def parse(text):
    """The records in kcat's output; only complete ones."""
    records = []
    for one in text.split(RECORD)[:-1]:
        key, headers, value = one.split(FIELD, 2)
        records.append(Record(key, dict(HEADER.findall(headers)), value))
    return records


def _reader(stack, topic, first):
    return [KCAT, "-b", stack.kafka.brokers, "-C", "-q", "-t", topic, "-o", first, "-f", FORMAT]


def _unreadable(topic, complaint, log):
    return Failure(f"kcat cannot read {topic}: {complaint.strip()}", log=log)
