"""What the parts refuse, repeat and keep apart."""

import json
import signal
import unittest
import uuid

from stack import eventually, shared

TABLES = ("rae", "device_session", "device_state", "device_event")


class ContractTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = shared()

    def dead_letters_of(self, key):
        return [letter for letter in self.stack.dead_letters() if letter[0] == key]

    def test_garbage_is_dead_lettered_with_reason_and_source_and_the_rest_flows(self):
        topic = f"dmp/v1/rae-e2e/{uuid.uuid4()}/update"
        good = f"dmp/v1/rae-e2e/{uuid.uuid4()}/update"
        update = {"schema": 1, "kind": "change", "timestamp": 1000, "facets": {
            "identity": {"timestamp": 1000, "device_id": str(uuid.uuid4()), "model": "Neighbour"}}}
        self.assertEqual(self.stack.publish("rae-e2e", topic, b"\x00 no JSON at all").returncode, 0)
        self.stack.publish("rae-e2e", good, json.dumps(update).encode())
        letters = eventually(lambda: self.dead_letters_of(topic), "the garbage is a dead letter")
        _, headers, value = letters[0]
        self.assertEqual(value, "\x00 no JSON at all")
        for part in ("dmp-reason-code=not_json", "dmp-reason=", "dmp-source-topic=dmp.device-updates",
                     "dmp-source-partition=", "dmp-source-offset=", "dmp-refused-by=registry"):
            self.assertIn(part, headers)
        eventually(lambda: self.stack.sql(
            "SELECT model FROM device_session WHERE rae = 'rae-e2e'") == [("Neighbour",)],
            "the good neighbour is stored")

    def test_a_foreign_response_topic_is_dead_lettered(self):
        topic = f"dmp/v1/rae-e2e/{uuid.uuid4()}/update"
        self.stack.publish("rae-e2e", topic, b"{}", "-D", "publish", "response-topic",
                           "dmp/v1/rae-lab-1/agent/confirm", "-D", "publish", "correlation-data", "1")
        letters = eventually(lambda: self.dead_letters_of(topic), "it is a dead letter")
        self.assertIn("dmp-refused-by=bridge", letters[0][1])

    def test_one_rae_cannot_write_as_another(self):
        session = uuid.uuid4()
        refused = self.stack.publish("rae-e2e", f"dmp/v1/rae-lab-1/{session}/update", b"{}")
        self.assertIn(b"Not authorized", refused.stderr + refused.stdout)
        self.assertEqual(self.stack.sql(
            f"SELECT count(*) FROM device_state WHERE device_session_id = '{session}'"), [("0",)])

    def test_replaying_the_topics_from_the_beginning_changes_no_row(self):
        """The agent rests and the registry has left; another one, with a group of its own, reads
        everything again. Only heartbeats may move."""
        self.addCleanup(self.stack.up)
        self.stack.stop_agent()
        self.stack.settle()
        self.stack.kill("registry", signal.SIGTERM)
        before = self.row_versions()
        ends = {topic: self.stack.end_offsets(topic) for topic in ("dmp.device-updates", "dmp.agents")}
        self.assertGreater(sum(ends["dmp.device-updates"].values()), 8)
        with self.stack.another_registry(f"replay-{uuid.uuid4()}") as replayer:
            eventually(lambda: all(replayer.metric("dmp_ingest_records_total", topic=topic,
                                                   partition=number) >= end
                                   for topic, offsets in ends.items()
                                   for number, end in offsets.items()),
                       "everything has been read again", 120)
        self.assertEqual(self.row_versions(), before)

    def row_versions(self):
        """Table -> which transaction wrote each row; a rewritten row has another."""
        return {table: self.stack.sql(f"SELECT ctid, xmin FROM {table} ORDER BY 1") for table in TABLES}

    def test_only_a_known_token_may_ask(self):
        for token in ("", "wrong"):
            status, headers, problem = self.stack.request("/v1/devices", token=token)
            self.assertEqual(status, 401)
            self.assertIn("Bearer", headers["WWW-Authenticate"])
            self.assertEqual(headers.get_content_type(), "application/problem+json")
            self.assertEqual(problem["status"], 401)

    def test_bad_questions_name_what_is_wrong_with_them(self):
        for path, mentions in (("/v1/devices?presence=sleepy", "sleepy"), ("/v1/devices?limit=0", "limit"),
                               ("/v1/devices?colour=red", "colour"), ("/v1/devices?cursor=x", "cursor")):
            status, headers, problem = self.stack.request(path)
            self.assertEqual((status, headers.get_content_type()), (400, "application/problem+json"))
            self.assertIn(mentions, problem["detail"])
        self.assertEqual(self.stack.request(f"/v1/devices/{uuid.uuid4()}")[0], 404)
        self.assertEqual(self.stack.request("/v1/devices", method="DELETE")[0], 405)

    def test_the_rae_list_tells_who_is_connected(self):
        raes = {item["rae"]: item for item in self.stack.get("/v1/raes")["items"]}
        self.assertEqual(raes["rae-lab-1"]["presence"]["status"], "online")

    def test_up_again_changes_nothing(self):
        before = {name: part["pid"] for name, part in self.stack.parts().items()}
        self.stack.up()
        self.assertEqual({name: part["pid"] for name, part in self.stack.parts().items()}, before)


if __name__ == "__main__":
    unittest.main()
