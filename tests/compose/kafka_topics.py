"""Topics of a test's own in the real Kafka that `./dmp test` started."""

import os
import time
import uuid

from compose import kafka_wire

BROKERS = os.environ.get("DMP_TEST_KAFKA", "")
PORT = int(BROKERS.rpartition(":")[2] or 0)
MISSING = "DMP_TEST_KAFKA is not set; run it by ./dmp test contract"
LEADERS_WITHIN_S = 30


def made(partitions):
    """The name of a new topic, which can be written to."""
    topic = f"test-{uuid.uuid4()}"
    kafka_wire.create_topics(PORT, {topic: (partitions, {})})
    ends_of(topic)
    return topic


def ends_of(topic):
    """Where its partitions end, once each has a leader."""
    deadline = time.monotonic() + LEADERS_WITHIN_S
    while True:
        try:
            return kafka_wire.end_offsets(PORT, topic)
        except kafka_wire.Refused:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
