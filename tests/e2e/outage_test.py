"""Whatever is killed, the list stays true, or says that it does not know."""

import signal
import unittest

from stack import eventually, shared

# What the list shows of a facet, and where.
COMPARED = {
    "identity": ("device_id", "model", "serial", "esn", "manufacturer"),
    "network": ("mac", "ipv4", "hostname"),
    "software": ("firmware_version",),
    "presence": ("status",),
}


def shown(facets):
    """The compared fields of a session, from the agent's database or from the list alike."""
    return {(facet, field): facets.get(facet, {}).get(field, "")
            for facet, fields in COMPARED.items() for field in fields}


class OutageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = shared()

    def tearDown(self):
        self.stack.up()

    def differences(self):
        """Sessions whose agent and list disagree; empty = they agree."""
        agent = {session: shown(facets) for session, facets in self.stack.agent_sessions().items()}
        listed = {item["device_session_id"]: {**shown(item), ("identity", "device_id"): item["device_id"]}
                  for item in self.stack.devices()}
        return {session: (agent.get(session), listed.get(session))
                for session in agent.keys() | listed.keys()
                if agent.get(session) != listed.get(session)}

    def agree(self, within_s=60):
        eventually(lambda: not self.differences(), "the agent's database and the list agree", within_s)
        self.assertEqual(self.differences(), {})

    def test_a_killed_agent_makes_its_devices_unknown_until_it_is_back(self):
        eventually(lambda: self.stack.devices(schedulable="true"), "some device is schedulable")
        self.stack.lab("agent", "kill")
        eventually(lambda: self.stack.presences() == {("unknown", "rae_lost")},
                   "every device is unknown (rae_lost)", within_s=60)
        for device in self.stack.devices():
            self.assertFalse(device["schedulable"])
            self.assertIn("rae_lost", [blocker["code"] for blocker in device["blockers"]])
        self.assertEqual(self.stack.devices(presence="offline"), [])
        self.stack.lab("agent", "start")
        eventually(lambda: all(d["presence"]["status"] == "online" for d in self.stack.devices()),
                   "every device is online again", within_s=60)
        self.agree()

    def test_a_stopped_agent_says_so_itself(self):
        self.stack.stop_agent()
        self.stack.lab("agent", "start")
        self.agree()

    def test_a_bridge_killed_under_changes_loses_none_of_them(self):
        for round_number in range(3):
            self.stack.kill("bridge")
            self.stack.lab("upgrade", "roku-1", f"13.{round_number}.0")
            self.stack.lab("upgrade", "samsung-1", f"T-KTM2-{round_number}")
            self.stack.lab("unplug" if round_number % 2 == 0 else "plug", "cast-2")
            self.stack.up()
        self.stack.lab("plug", "cast-2")
        eventually(lambda: self.firmware("roku-1") == "13.2.0",
                   "the last upgrade is listed", within_s=120)
        self.agree(within_s=120)

    def test_a_killed_broker_registry_or_database_loses_nothing(self):
        for number, part in enumerate(("registry", "mosquitto", "kafka", "postgres")):
            with self.subTest(part):
                self.stack.kill(part)
                self.stack.lab("upgrade", "roku-1", f"14.{number}.0")
                self.stack.up()
                eventually(lambda: self.firmware("roku-1")
                           == f"14.{number}.0", f"{part} killed: the upgrade is listed", 120)
                self.agree(within_s=120)

    def test_the_registry_stops_cleanly_and_resumes_where_it_committed(self):
        """Nothing comes twice: it takes no more records than were written since it had taken all.
        The agent rests meanwhile, or that would never be."""
        self.stack.stop_agent()
        before = self.all_records()  # all of them taken, once it has settled
        self.stack.settle()
        self.stack.kill("registry", signal.SIGTERM)
        self.stack.lab("agent", "start")
        self.stack.lab("upgrade", "roku-1", "15.0.0")
        self.stack.up()
        eventually(lambda: self.firmware("roku-1") == "15.0.0", "the upgrade is listed", within_s=90)
        taken = self.stack.metric("registry", "dmp_ingest_records_total")
        self.assertGreater(taken, 0)
        self.assertLessEqual(taken, self.all_records() - before)

    def test_without_kafka_the_list_still_answers(self):
        known = {device["device_id"] for device in self.stack.devices()}
        self.stack.kill("kafka")
        eventually(lambda: not self.stack.parts()["registry"]["ready"], "the registry sees it", 90)
        self.assertEqual({device["device_id"] for device in self.stack.devices()}, known)

    def test_without_its_database_every_answer_is_a_problem_that_says_so(self):
        """First the registry itself answers, then, once it has seen it, the edge."""
        self.stack.kill("postgres")
        # One process of it ends after the other, and the registry has a connection to several.
        eventually(lambda: all(self.stack.request("/v1/devices")[0] != 200 for _ in range(10)),
                   "its processes have followed it")
        answers = []

        def is_told_by_the_edge():
            answers.append(self.stack.request("/v1/devices"))
            return not self.stack.parts()["haproxy"]["ready"]

        eventually(is_told_by_the_edge, "the edge sees that the registry cannot answer")
        answers.append(self.stack.request("/v1/devices"))
        for status, headers, problem in answers:
            self.assertEqual((status, headers.get_content_type()), (503, "application/problem+json"))
            self.assertIn("database", problem["title"] + problem["detail"])
            self.assertTrue(headers["Retry-After"])

    def all_records(self):
        return sum(offset for topic in ("dmp.device-updates", "dmp.agents")
                   for offset in self.stack.end_offsets(topic).values())

    def firmware(self, name):
        return self.stack.device(name)["software"]["firmware_version"]


if __name__ == "__main__":
    unittest.main()
