"""Reading records of a topic, with kcat."""

import re
from typing import NamedTuple

from compose.report import Failure

FIELD, RECORD = "\x1f", "\x1e"
HEADER = re.compile(r"(?:^|,)([a-z-]+)=((?:(?!,[a-z-]+=).)*)", re.DOTALL)


class Record(NamedTuple):
    key: str
    headers: dict
    value: str


def read(stack, topic, since_s):
    """The records made since `since_s` (seconds since the epoch), as far as there are any now."""
    done = stack.state.account.run([
        "/usr/bin/kcat", "-b", stack.kafka.brokers, "-C", "-e", "-q", "-t", topic,
        "-o", f"s@{int(since_s * 1000)}", "-f", f"%k{FIELD}%h{FIELD}%s{RECORD}",
    ])  # fmt: skip
    if done.returncode:
        raise Failure(f"kcat cannot read {topic}: {done.stderr.strip()}", log=stack.kafka.log)
    return parse(done.stdout)


def parse(text):
    """The records in kcat's output; only complete ones."""
    records = []
    for one in text.split(RECORD)[:-1]:
        key, headers, value = one.split(FIELD, 2)
        records.append(Record(key, dict(HEADER.findall(headers)), value))
    return records
