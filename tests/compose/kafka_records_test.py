"""kcat and the real Kafka that `./dmp test` started: what is written is read, and followed."""

import os
import time
import unittest
from types import SimpleNamespace

from compose import account, kafka_records
from tests.compose import kafka_topics

PATIENCE_S = 30


class KafkaRecordsTest(unittest.TestCase):
    def setUp(self):
        self.assertTrue(kafka_topics.PORT, kafka_topics.MISSING)
        self.stack = SimpleNamespace(
            kafka=SimpleNamespace(brokers=kafka_topics.BROKERS, log=None),
            state=SimpleNamespace(account=account.choose(None, os.environ)),
        )
        self.topic = kafka_topics.made(3)

    def write(self, *records):
        kafka_records.write(self.stack, self.topic, records, {"dmp-bridge": "b", "dmp-at": 7})

    def test_what_is_written_at_once_is_read_in_its_order_whatever_the_keys(self):
        written = [(f"key/{number}", f"value {number}") for number in range(9)]
        self.write(*written)
        found = kafka_records.read(self.stack, self.topic, time.time() - 60)
        headers = {"dmp-bridge": "b", "dmp-at": "7"}
        self.assertEqual(found, [(key, headers, value) for key, value in written])

    def test_a_follower_gives_what_was_there_and_what_comes(self):
        self.write(("before", "1"))
        with kafka_records.following(self.stack, self.topic) as follower:
            self.assertEqual(follower.next(PATIENCE_S)[0].key, "before")
            began = time.monotonic()
            self.write(("while", "2"))
            record, at = follower.next(PATIENCE_S)
            self.assertEqual((record.key, record.value), ("while", "2"))
            self.assertGreater(at, began)
            self.assertIsNone(follower.next(0))


if __name__ == "__main__":
    unittest.main()
