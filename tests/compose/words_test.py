"""What people type, and what they are told when it is wrong."""

import io
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from compose import pki, testing
from compose.account import Account
from compose.report import Failure, Report

CHECKOUT = Path(__file__).resolve().parents[2]


def dmp(*words, state):
    return subprocess.run(
        [CHECKOUT / "dmp", *words],
        capture_output=True,
        text=True,
        check=False,
        env={"DMP_STATE": str(state), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
    )


class CommandTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(dir="/var/tmp")
        self.addCleanup(folder.cleanup)
        Path(folder.name).chmod(0o755)
        self.state = Path(folder.name) / "state"

    def test_an_unknown_command_names_the_nearest(self):
        for typed, near in (("statsu", "status"), ("certifcate", "certificate"), ("dwon", "down")):
            done = dmp(typed, state=self.state)
            self.assertEqual(done.returncode, 2)
            self.assertIn(f"./dmp {near}?", done.stderr)

    def test_without_a_stack_each_command_says_how_to_get_one(self):
        for words in (["status"], ["env"], ["logs"], ["certificate", "rae-1"], ["lab", "list"]):
            done = dmp(*words, state=self.state)
            self.assertEqual(done.returncode, 1, words)
            self.assertIn("./dmp up", done.stderr)
            self.assertEqual(done.stdout, "", words)

    def test_the_lab_tells_its_commands_without_a_stack(self):
        for words in ([], ["--help"]):
            done = dmp("lab", *words, state=self.state)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("unplug DEVICE", done.stdout)
        done = dmp("lab", "unplugg", state=self.state)
        self.assertEqual(done.returncode, 2)
        self.assertIn("Did you mean unplug?", done.stderr)

    def test_down_without_a_stack_is_no_error(self):
        done = dmp("down", state=self.state)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertFalse(self.state.exists())

    def test_help_lists_every_command(self):
        done = dmp("--help", state=self.state)
        for command in ("up", "status", "env", "certificate", "logs", "down", "lab", "test"):
            self.assertRegex(done.stdout, rf"(?m)^    {command}\b")


class NamesTest(unittest.TestCase):
    def test_only_plain_names_are_signed(self):
        for name in ("rae-lab-1", "A.b_c-9", "x" * 64):
            pki.check_name(name)
        for name in ("", "x" * 65, "a/b", "a+b", "#", "a b", "a\n", "ä", "%u", "../x"):
            with self.assertRaises(Failure, msg=name):
                pki.check_name(name)

    def test_the_names_of_servers_are_not_given_away(self):
        for name in ("mosquitto", "haproxy", "ca"):
            with self.assertRaisesRegex(Failure, "belongs to the stack"):
                pki.check_name(name)


class LabelsTest(unittest.TestCase):
    def test_no_label_means_what_ci_runs(self):
        self.assertEqual(testing.checked([]), testing.DEFAULT)

    def test_a_label_twice_runs_once(self):
        self.assertEqual(testing.checked(["unit", "asan", "unit"]), ("unit", "asan"))

    def test_an_unknown_label_names_the_nearest(self):
        with self.assertRaises(Failure) as caught:
            testing.checked(["unti"])
        self.assertIn("./dmp test unit", caught.exception.text())


class DemoLabelTest(unittest.TestCase):
    """`./dmp test demo` in a checkout whose ./dmp says what the test wants."""

    def run_with(self, program):
        out, account = io.StringIO(), Account("me", os.getuid(), os.getgid(), "/")
        with tempfile.TemporaryDirectory() as folder:
            dmp = Path(folder) / "dmp"
            dmp.write_text(f"#!/bin/sh\n{program}\n")
            dmp.chmod(0o755)
            code = testing.run(Path(folder), Report(out), ("demo",), account)
        return code, out.getvalue()

    def test_it_is_the_short_demo_as_the_same_user(self):
        code, text = self.run_with(
            '[ "$*" = "demo --short --user me" ] && echo "3 of 3 promises kept in 9 s"'
        )
        self.assertEqual(code, 0, text)
        self.assertIn("3 of 3 promises kept", text)

    def test_a_broken_promise_fails_it(self):
        code, text = self.run_with('echo "FAIL 1.0 s  it holds"; exit 1')
        self.assertEqual(code, 1)
        self.assertIn("FAIL 1.0 s  it holds", text)
        self.assertIn("failed: demo", text)


if __name__ == "__main__":
    unittest.main()
