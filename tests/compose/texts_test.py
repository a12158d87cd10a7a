"""Texts that other programs read: access lists, settings, package listings, answers."""

import io
import json
import re
import tempfile
import unittest
from pathlib import Path

from compose import commands, devices, haproxy, kafka, kafka_wire, mosquitto, packages, process, programs
from compose.report import Failure, Report


class AccessListTest(unittest.TestCase):
    def test_patterns_let_a_rae_into_its_own_topics_only(self):
        for line in mosquitto.AGENT_ACL.splitlines():
            self.assertRegex(line, r"^pattern (read|write) dmp/v1/%u/[a-z+]+/[a-z]+$")

    def test_each_bridge_gets_a_block_of_its_own(self):
        text = mosquitto.acl(["bridge-1", "bridge-2"])
        self.assertEqual(re.findall(r"^user (\S+)$", text, re.M), ["probe", "bridge-1", "bridge-2"])
        self.assertEqual(text.count("topic write dmp/v1/+/agent/confirm"), 2)

    def test_what_a_bridge_reads_a_rae_writes_and_the_other_way_round(self):
        def topics(text, word):
            found = re.findall(rf"^(?:topic|pattern) {word} (dmp\S+)$", text, re.M)
            return {topic.replace("%u", "+") for topic in found}

        self.assertEqual(topics(mosquitto.BRIDGE_ACL, "read"), topics(mosquitto.AGENT_ACL, "write"))
        self.assertEqual(topics(mosquitto.BRIDGE_ACL, "write"), topics(mosquitto.AGENT_ACL, "read"))


class SettingsTest(unittest.TestCase):
    def test_text_is_quoted_and_numbers_are_not(self):
        text = programs.settings({"name": 'a "b"', "admin-port": 1234})
        self.assertIn('name = "a \\"b\\""\n', text)
        self.assertIn("admin-port = 1234\n", text)


class StatusTest(unittest.TestCase):
    def test_a_program_is_shown_with_the_address_that_answers_for_it(self):
        program = {"pid": 7, "port": 1, "admin": "http://127.0.0.1:2", "ready": True, "why": "", "asked": True}
        report = Report(io.StringIO())
        self.assertIn("http://127.0.0.1:2", commands._status_line("registry", program, report))
        late = {**program, "ready": False, "why": "lagging"}
        self.assertIn("http://127.0.0.1:2", commands._status_line("registry", late, report))
        self.assertNotIn("admin", commands._status_line("kafka", {**program, "admin": None}, report))


class PackagesTest(unittest.TestCase):
    LISTING = "cmake ii \nhaproxy rc \nmosquitto un \nlibpqxx-dev:amd64 ii \ng++ iU \n"

    def test_only_installed_ones_count(self):
        cases = (
            ("cmake", False),
            ("haproxy", True),  # removed, configuration left
            ("mosquitto", True),
            ("libpqxx-dev", False),
            ("g++", True),  # unpacked, not configured
            ("never-heard-of", True),
        )
        for name, is_missing in cases:
            found = packages.missing([name], self.LISTING)
            self.assertEqual(found, [name] if is_missing else [], name)

    def test_the_table_names_nothing_twice(self):
        table = packages.BUILD + packages.RUN + packages.TEST + packages.CLANG
        self.assertEqual(len(table), len(set(table)))


class TopicsTest(unittest.TestCase):
    def test_no_topic_is_compacted_and_dead_letters_live_longest(self):
        self.assertEqual({s["cleanup.policy"] for _, s in kafka.TOPICS.values()}, {"delete"})
        longest = max(kafka.TOPICS, key=lambda name: kafka.TOPICS[name][1]["retention.ms"])
        self.assertEqual(longest, "dmp.dead-letters")


class ClusterIdTest(unittest.TestCase):
    def test_it_is_never_taken_for_an_option(self):
        for _ in range(2000):  # one in 64 would begin with a dash
            self.assertRegex(kafka.new_cluster_id(), r"^[A-Za-z0-9_][A-Za-z0-9_-]{21}$")


class KafkaAnswerTest(unittest.TestCase):
    def test_an_answer_cut_anywhere_is_refused(self):
        whole = b"\x00\x00\x00\x00\x00\x00\x00\x01\x00\x01a\x00\x00\xff\xff"
        self.assertEqual(kafka_wire._made(kafka_wire._Answer(whole)), ["a"])
        for size in range(len(whole)):
            with self.assertRaises(kafka_wire.Refused):
                kafka_wire._made(kafka_wire._Answer(whole[:size]))


class ProblemTest(unittest.TestCase):
    def test_every_answer_of_the_edge_is_a_problem_document(self):
        for status in haproxy.TITLES:
            body = json.loads(haproxy.problem(status))
            self.assertEqual(body["status"], status)
            self.assertTrue(body["title"] and body["detail"])
            self.assertNotIn("'", haproxy.problem(status))  # it stands in single quotes

    def test_error_files_state_their_true_length(self):
        for status in haproxy.BY_FILE:
            head, _, body = haproxy.error_file(status).partition("\r\n\r\n")
            self.assertIn(f"Content-Length: {len(body)}", head)
            self.assertTrue(head.startswith(f"HTTP/1.1 {status} "))


class MadeOfTest(unittest.TestCase):
    def test_command_and_each_file_count(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "settings"
            file.write_text("a")
            first = process.made_of(["server", "-c"], [file])
            self.assertEqual(process.made_of(["server", "-c"], [file]), first)
            self.assertNotEqual(process.made_of(["server"], [file]), first)
            file.write_text("b")
            self.assertNotEqual(process.made_of(["server", "-c"], [file]), first)


class DeviceTableTest(unittest.TestCase):
    def test_an_esn_stands_in_for_a_missing_serial_and_gaps_are_shown(self):
        items = [
            {"identity": {"model": "Stick", "esn": "NFX-1"}, "presence": {"status": "online"}},
            {"identity": {}, "presence": {"status": "offline"}},
        ]
        lines = devices.table(items)
        self.assertEqual(len(lines), 3)
        self.assertRegex(lines[1], r"^  -  +-  +-  +-  +-  +offline$")
        self.assertRegex(lines[2], r"^  Stick  +NFX-1  +-  +-  +-  +online$")


class FailureTest(unittest.TestCase):
    def test_it_shows_the_last_lines_of_the_log_and_the_way_out(self):
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "server.log"
            log.write_text("\n".join(f"line {i}" for i in range(1000)))
            text = Failure("server ended", "look there", log).text()
        self.assertIn("| line 999", text)
        self.assertNotIn("| line 900\n", text)
        self.assertTrue(text.startswith("server ended\n") and text.endswith("look there"))

    def test_what_failed_is_told_in_its_own_words_however_much_was_said_after_it(self):
        accounts = {
            "unittest": ("12: FAIL: test_it_agrees (outage_test.OutageTest.test_it_agrees)", "AssertionError: not 5"),
            "GoogleTest": ("tests/base/clock_test.cc:12: Failure", "  Actual: 4"),
            "a sanitizer": ("==77==ERROR: AddressSanitizer: heap-use-after-free", "    #0 0x1 in free"),
            "Ninja": ("FAILED: base/clock.cc.o", "clock.cc:3:1: error: what is this"),
        }
        for name, (begins, tells) in accounts.items():
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                log = Path(folder) / "test.log"
                log.write_text("\n".join(["passed", begins, tells, "", *["noise"] * 1000]))
                text = Failure("tests failed", log=log).text()
                self.assertIn(f"| {begins}\n  | {tells}\n", text)
                self.assertNotIn("passed", text)
                self.assertLess(len(text.splitlines()), 25)

    def test_a_flood_of_failures_is_cut_and_counted(self):
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "test.log"
            log.write_text("FAIL: one\nreason\n\n" * 1000 + "end\n" * 20)
            lines = Failure("tests failed", log=log).text().splitlines()
        self.assertLess(len(lines), 90)
        self.assertIn("  | ... 1940 more such lines in the log", lines)

    def test_a_failed_step_says_so_in_its_line(self):
        out = io.StringIO()
        report = Report(out)
        with self.assertRaises(Failure), report.step("kafka"):
            raise Failure("no")
        self.assertRegex(out.getvalue(), r"kafka +failed +\d+\.\d s")

    def test_an_interrupted_step_did_not_fail(self):
        out = io.StringIO()
        report = Report(out)
        with self.assertRaises(KeyboardInterrupt), report.step("kafka"):
            raise KeyboardInterrupt
        self.assertRegex(out.getvalue(), r"\A  kafka +interrupted +\d+\.\d s\n\Z")


if __name__ == "__main__":
    unittest.main()
