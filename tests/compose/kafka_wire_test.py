"""Topics are made by the real Kafka that `./dmp test` started."""

import socket
import unittest
import uuid

from compose import kafka_wire
from tests.compose import kafka_topics
from tests.compose.kafka_topics import PORT


class KafkaTest(unittest.TestCase):
    def setUp(self):
        self.assertTrue(PORT, kafka_topics.MISSING)

    def test_a_ready_kafka_lists_its_broker(self):
        self.assertEqual(kafka_wire.brokers(PORT), [1])

    def test_a_topic_is_made_once(self):
        topics = {f"test-{uuid.uuid4()}": (3, {"cleanup.policy": "delete", "retention.ms": 1000})}
        self.assertEqual(kafka_wire.create_topics(PORT, topics), list(topics))
        self.assertEqual(kafka_wire.create_topics(PORT, topics), [])

    def test_a_new_topic_is_empty_in_each_of_its_partitions(self):
        self.assertEqual(kafka_topics.ends_of(kafka_topics.made(3)), [0, 0, 0])

    def test_a_topic_that_is_not_there_has_no_ends(self):
        with self.assertRaises(kafka_wire.Refused):
            kafka_wire.end_offsets(PORT, f"test-{uuid.uuid4()}")

    def test_a_refusal_carries_kafkas_own_words(self):
        for topic in ({"a/b": (1, {})}, {"ok": (1, {"no.such.setting": "x"})}):
            with self.assertRaisesRegex(kafka_wire.Refused, next(iter(topic))):
                kafka_wire.create_topics(PORT, topic)

    def test_something_else_on_that_port_is_an_error_not_a_hang(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            before, kafka_wire.TIMEOUT_S = kafka_wire.TIMEOUT_S, 0.2
            self.addCleanup(setattr, kafka_wire, "TIMEOUT_S", before)
            with self.assertRaises(OSError):
                kafka_wire.brokers(port)


if __name__ == "__main__":
    unittest.main()
