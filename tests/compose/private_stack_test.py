"""A private stack leaves nothing, however it ends."""

import os
import signal
import subprocess
import sys
import unittest
from pathlib import Path

from compose import endings
from tests.compose.processes import naming

CHECKOUT = Path(__file__).resolve().parents[2]

# Starts one real server, says where, and waits for whatever comes.
PROGRAM = """
import os, signal, sys
from compose import account, endings, probe
from compose.private_stack import private_stack
from compose.report import Failure, Report

endings.unwind()
with private_stack(Report(sys.stderr), account.choose(None, os.environ), "gone") as stack:
    stack.authority.make()
    stack.ports.reserve(stack.mosquitto.port_names)
    stack.mosquitto.start(probe.wait)
    print(stack.state.root, flush=True)
    if sys.argv[1] == "fails":
        raise Failure("on purpose")
    signal.pause()
"""


def start(how):
    return subprocess.Popen(
        [sys.executable, "-B", "-c", PROGRAM, how],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class PrivateStackTest(unittest.TestCase):
    def assert_gone(self, root):
        self.assertTrue(root.startswith("/var/tmp/dmp-gone-"), root)
        self.assertFalse(Path(root).exists())
        self.assertEqual(naming(root), [])

    def test_a_signal_ends_its_processes_and_deletes_it(self):
        for number in endings.SIGNALS:
            with self.subTest(number), start("waits") as child:
                root = child.stdout.readline().strip()
                self.assertNotEqual(naming(root), [])
                os.kill(child.pid, number)
                child.communicate(timeout=60)
                self.assertNotEqual(child.returncode, 0)
                self.assert_gone(root)

    def test_a_second_signal_does_not_cut_the_clean_up_short(self):
        with start("waits") as child:
            root = child.stdout.readline().strip()
            for _ in range(3):
                os.kill(child.pid, signal.SIGTERM)
            child.communicate(timeout=60)
            self.assert_gone(root)

    def test_what_a_killed_one_left_is_removed_by_the_next(self):
        with start("waits") as child:
            root = child.stdout.readline().strip()
            child.kill()
            child.communicate(timeout=60)
        self.assertNotEqual(naming(root), [])
        with start("fails") as child:
            child.communicate(timeout=60)
        self.assert_gone(root)

    def test_a_failure_inside_leaves_nothing_either(self):
        with start("fails") as child:
            out, err = child.communicate(timeout=60)
            self.assertIn("on purpose", err)
            self.assert_gone(out.strip())


if __name__ == "__main__":
    unittest.main()
