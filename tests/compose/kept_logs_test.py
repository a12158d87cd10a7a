"""Logs below build/log are of one run, and nothing else there is touched."""

import os
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace

from compose.account import Account
from compose.kept_logs import KeptLogs


class KeptLogsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.checkout = Path(folder.name)
        self.kept = self.checkout / "build/log/demo"
        me = Account("me", os.getuid(), os.getgid(), "/")
        state = SimpleNamespace(log=self.checkout / "stack", account=me)
        state.log.mkdir()
        (state.log / "bridge.log").write_text("new")
        self.logs = KeptLogs(self.checkout, state, "demo")

    def old(self, *names):
        self.kept.mkdir(parents=True)
        for path in (self.kept / name for name in names):
            path.write_text("old")

    def names(self):
        return sorted(path.name for path in self.kept.iterdir())

    def test_a_run_begins_without_the_logs_of_an_earlier_one(self):
        self.old("kafka.log", "kafka.log.1", "note.txt")
        (self.kept.parent / "test-unit.log").write_text("another command's")
        self.logs.drop_old()
        self.assertEqual(self.names(), ["note.txt"])
        self.assertTrue((self.kept.parent / "test-unit.log").exists())

    def test_without_an_earlier_one_there_is_nothing_to_drop(self):
        self.logs.drop_old()
        self.assertFalse(self.kept.exists())

    def test_kept_ones_take_the_place_of_all_earlier_ones(self):
        self.old("bridge.log", "kafka.log", "note.txt")
        self.logs.keep()
        self.assertEqual(self.names(), ["bridge.log", "note.txt"])
        self.assertEqual((self.kept / "bridge.log").read_text(), "new")


if __name__ == "__main__":
    unittest.main()
