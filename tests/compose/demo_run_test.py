"""The run of a demo: what it begins with; that it says at once when it is interrupted, and tells what
was decided until then; and what it tells when it cannot run."""

import contextlib
import json
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]

# ./dmp demo with promises of its own, and a stack that is only a folder of logs. The last promise
# waits to be interrupted, then for a word; and what it cleans up fails.
PROGRAM = """
import contextlib, os, signal, sys
from pathlib import Path
from types import SimpleNamespace
from compose import account, main, provision
from compose.demo import command
from compose.demo.promise import Broken, Promise
from compose.report import Failure

for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)  # a shell may have ignored it for a test in the background

folder = Path(sys.argv[1])
main.CHECKOUT = folder
(folder / "log").mkdir()
(folder / "log" / "bridge.log").write_text("why")
me = account.Account("me", os.getuid(), os.getgid(), "/")

@contextlib.contextmanager
def private_stack(*_):
    try:
        yield SimpleNamespace(state=SimpleNamespace(log=folder / "log", account=me))
    finally:
        print("the stack is removed", file=sys.stderr)
        if (folder / "stays").exists():
            raise Failure("kafka does not end")

class Scene:
    def __init__(self, stack, form):
        self.stack, self.form = stack, form
    def start(self, checkout, report):
        if (folder / "broken").exists():
            raise Failure("kafka ended", "free its port")
    def mend(self):
        pass
    def ended(self):
        return []
    def logs(self, names):
        return [self.stack.state.log / f"{name}.log" for name in names]

def lost(scene):
    raise Broken("online", "offline", None)

def waits(scene):
    try:
        print("waits", file=sys.stderr, flush=True)
        signal.pause()
    finally:
        sys.stdin.readline()
        raise Failure("what it cleans up")

command.PROMISES = (
    Promise("plug", "it is plugged", lambda scene: "seen"),
    Promise("lost", "it is lost", lost, ("bridge",)),
    Promise("wait", "it waits", waits),
    Promise("never", "nobody comes here", waits),
)
command.private_stack, command.Scene = private_stack, Scene
provision.install = lambda *_: None
sys.exit(main.main(sys.argv[2:]))
"""


PATIENCE_S = 60


def demo(folder, *words):
    """./dmp demo WORDS under way."""
    return started([sys.executable, "-B", "-c", PROGRAM, folder, "demo", *words])


@contextlib.contextmanager
def started(command):
    """It under way; killed if it never ends."""
    with subprocess.Popen(
        command,
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        watchdog = threading.Timer(PATIENCE_S, child.kill)
        watchdog.start()
        try:
            yield child
        finally:
            watchdog.cancel()
            child.kill()


def interrupted(number, *words, meanwhile=lambda _folder: None):
    """(exit code, standard output, standard error, whether logs stayed) after this signal."""
    with tempfile.TemporaryDirectory() as folder, demo(folder, *words) as child:
        err = read_until(child.stderr, "waits\n")
        meanwhile(Path(folder))
        child.send_signal(number)
        err += read_until(child.stderr, "interrupted\n")  # before any clean-up
        out, rest = child.communicate("go on\n")
        kept = Path(folder) / "build/log/demo/bridge.log"
        return child.returncode, out, err + rest, kept.exists()


def read_until(stream, line):
    read = ""
    while not read.endswith(line):
        more = stream.readline()
        if not more:
            raise AssertionError(f"no {line!r} in: {read}")
        read += more
    return read


class BeginTest(unittest.TestCase):
    def test_a_good_run_leaves_no_log_of_an_earlier_broken_one(self):
        with tempfile.TemporaryDirectory() as folder:
            old = Path(folder) / "build/log/demo/kafka.log"
            old.parent.mkdir(parents=True)
            old.write_text("of an earlier run")
            with demo(folder, "--only", "plug") as child:
                out, err = child.communicate()
            self.assertEqual(child.returncode, 0, out + err)
            self.assertFalse(old.exists())


class FailedTest(unittest.TestCase):
    told = "kafka ended\nway out: free its port\n"

    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        (Path(self.folder) / "broken").touch()

    def test_programs_read_why_it_could_not_run_and_people_too(self):
        with demo(self.folder, "--json") as child:
            out, err = child.communicate()
        self.assertEqual(child.returncode, 1, out + err)
        found = json.loads(out)
        del found["seconds"]
        self.assertEqual(
            found,
            {"kept": False, "interrupted": False, "failure": "kafka ended", "promises": []},
        )
        self.assertIn(self.told, err)

    def test_people_read_it_also_if_programs_do_not_listen(self):
        with demo(self.folder, "--json") as child:
            child.stdout.close()
            err = child.stderr.read()
            self.assertEqual(child.wait(), 1, err)
        self.assertIn(self.told, err)


# ./dmp as far as its imports, where it waits.
IMPORTING = """
import os, runpy, signal, sys

signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever the shell has set

class Waits:
    def find_spec(self, name, *_):
        if name == "compose.commands":
            print("imports", file=sys.stderr, flush=True)
            sys.stdin.readline()

sys.meta_path.insert(0, Waits())
runpy.run_path("compose/main.py", run_name="__main__")
"""


class InterruptedTest(unittest.TestCase):
    def test_before_it_has_begun_it_ends_without_a_word(self):
        with started([sys.executable, "-B", "-c", IMPORTING]) as child:
            read_until(child.stderr, "imports\n")
            child.send_signal(signal.SIGINT)
            self.assertEqual((child.wait(), child.stderr.read()), (-signal.SIGINT, ""))

    def test_the_exit_code_names_the_signal(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self.assertEqual(interrupted(number)[0], 128 + number)

    def test_it_lists_what_was_decided_before_the_stack_is_removed(self):
        _, out, err, _ = interrupted(signal.SIGINT)
        verdict = r"interrupted after \d+ s: 1 of 2 decided promises kept, 2 not decided\n"
        listed = rf"\nPASS plug\nFAIL lost\n{verdict}"
        self.assertRegex(out, rf"{listed}\Z")
        self.assertNotIn("failed", out + err)
        _, _, err, _ = interrupted(signal.SIGINT, "--json")
        self.assertRegex(err, rf"{listed}the stack is removed\n\Z")

    def test_the_json_has_what_was_decided_and_says_that_it_is_not_all(self):
        found = json.loads(interrupted(signal.SIGTERM, "--json")[1])
        self.assertEqual(
            (found["kept"], found["interrupted"], found["failure"]), (False, True, "")
        )
        self.assertEqual([(p["name"], p["kept"]) for p in found["promises"]], [("plug", True), ("lost", False)])

    def test_the_logs_of_a_promise_broken_before_stay(self):
        self.assertTrue(interrupted(signal.SIGINT)[3])

    def test_it_stays_one_though_the_logs_cannot_be_kept(self):
        code, out, *_ = interrupted(
            signal.SIGINT, meanwhile=lambda folder: (folder / "build").touch()
        )
        self.assertEqual(code, 130, out)
        self.assertRegex(out, r"interrupted after \d+ s: 1 of 2 decided promises kept")

    def test_it_stays_one_though_the_stack_does_and_that_is_told_too(self):
        code, out, err, _ = interrupted(
            signal.SIGINT, meanwhile=lambda folder: (folder / "stays").touch()
        )
        self.assertEqual(code, 130, out)
        self.assertIn("kafka does not end\n", err)


if __name__ == "__main__":
    unittest.main()
