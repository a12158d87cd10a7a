"""Real processes are found again, told apart from strangers, and stopped within a bound."""

import os
import signal
import time
import unittest
from types import SimpleNamespace

from compose import probe
from compose.part import Part
from compose.report import Failure
from tests.compose import scratch

STUBBORN = "trap '' TERM; echo deaf; while :; do read -r line </dev/zero; done"


class Sleeper(Part):
    """The smallest part: ready as soon as it runs."""

    name = "sleeper"
    port_names = ("sleeper",)
    stops_within_s = 0.2
    script = "exec sleep 300"

    def prepare(self):
        self.state.write(self.state.etc / "sleeper.sh", self.script)

    def command(self):
        return ["/bin/sh", self.state.etc / "sleeper.sh"]

    def inputs(self):
        return [self.state.etc / "sleeper.sh"]

    def why_not_ready(self):
        return ""


class ProcessTest(unittest.TestCase):
    def setUp(self):
        context = scratch.state()
        self.state = context.__enter__()
        self.addCleanup(context.__exit__, None, None, None)
        self.part = Sleeper(self.state, scratch.Ports(sleeper=1))
        self.addCleanup(self.part.stop)

    def start(self):
        self.part.start(probe.wait)
        return self.part.process()

    def wait_for_log(self, text):
        deadline = time.monotonic() + 10
        while text not in self.part.log.read_text():
            self.assertLess(time.monotonic(), deadline, f"{text!r} never appeared")
            time.sleep(0.01)

    def test_a_started_part_is_found_by_its_pid_file(self):
        running = self.start()
        self.assertEqual(int((self.state.run / "sleeper.pid").read_text()), running.pid)
        self.assertTrue(running.alive())

    def test_it_runs_as_the_owner_of_the_stack_for_good(self):
        running = self.start()
        with open(f"/proc/{running.pid}/status", encoding="ascii") as file:
            uids = next(line for line in file if line.startswith("Uid:")).split()[1:]
        self.assertEqual(set(uids), {str(self.state.account.uid)})

    def test_starting_twice_changes_nothing(self):
        first = self.start()
        self.assertIn("already runs", self.part.start(probe.wait))
        self.assertEqual(self.part.process().pid, first.pid)

    def test_changed_settings_restart_it(self):
        first = self.start()
        self.part.script = "exec sleep 301"
        self.assertIn("restarted", self.part.start(probe.wait))
        self.assertNotEqual(self.part.process().pid, first.pid)
        self.assertFalse(first.alive())

    def test_a_recycled_pid_is_a_stranger_and_is_not_signalled(self):
        running = self.start()
        running.stop(signal.SIGKILL)
        # As if the pid had come round to somebody else: this very test, which would not survive.
        (self.state.run / "sleeper.pid").write_text(f"{os.getpid()}\n")
        self.assertIsNone(self.part.process())
        self.assertEqual(self.part.stop(), "")

    def test_a_pid_of_another_boot_is_a_stranger(self):
        self.start()
        born = self.state.run / "sleeper.born"
        right = born.read_text()
        born.write_text("another-boot " + right.split(" ", 1)[1])
        self.assertIsNone(self.part.process())
        born.write_text(right)
        self.assertIsNotNone(self.part.process())

    def test_a_killed_one_is_gone_at_once_even_where_nobody_collects_orphans(self):
        running = self.start()
        os.kill(running.pid, signal.SIGKILL)
        self.assertTrue(running.wait(5))
        self.assertIsNone(self.part.process())
        self.assertEqual(self.part.status()["why"], "not running")

    def test_kill_returns_when_it_is_gone_and_what_has_ended_is_not_killed_again(self):
        running = self.start()
        self.part.kill()
        self.assertFalse(running.alive())
        with self.assertRaises(Failure) as failure:
            self.part.kill()
        self.assertIn("ended before it could be killed", failure.exception.what)
        self.assertEqual(failure.exception.log, self.part.log)

    def test_what_survives_a_kill_is_told_with_its_log(self):
        immortal = SimpleNamespace(pid=4, send=lambda _number: None, wait=lambda _seconds: False)
        self.part.process = lambda: immortal
        self.addCleanup(delattr, self.part, "process")
        with self.assertRaises(Failure) as failure:
            self.part.kill()
        self.assertEqual(failure.exception.what, "sleeper (pid 4) survives SIGKILL")
        self.assertEqual(failure.exception.log, self.part.log)

    def test_one_that_ignores_the_request_is_killed(self):
        self.part.script = STUBBORN
        running = self.start()
        self.wait_for_log("deaf")
        self.assertIn("killed", self.part.stop())
        self.assertFalse(running.alive())

    def test_one_that_ends_while_starting_shows_its_last_words(self):
        self.part.script = "echo cannot open shop >&2; exit 3"
        self.part.why_not_ready = lambda: "no answer"
        with self.assertRaises(Failure) as caught:
            self.part.start(probe.wait)
        self.assertIn("cannot open shop", caught.exception.text())


if __name__ == "__main__":
    unittest.main()
