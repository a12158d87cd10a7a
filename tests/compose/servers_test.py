"""`./dmp up --servers` as people run it: again, after a kill, on taken ports, and down again."""

import fcntl
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

from tests.compose.processes import naming

CHECKOUT = Path(__file__).resolve().parents[2]
SERVERS = ("postgres", "kafka", "mosquitto")


class ServersTest(unittest.TestCase):
    """One stack for all; each test finds it up and leaves it up."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="dmp-up-", dir="/var/tmp")
        cls.addClassCleanup(folder.cleanup)
        Path(folder.name).chmod(0o755)
        cls.state = Path(folder.name) / "state"
        cls.addClassCleanup(cls.dmp, "down", "--wipe")

    @classmethod
    def start(cls, *words):
        return subprocess.Popen(
            [CHECKOUT / "dmp", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "DMP_STATE": str(cls.state)},
        )

    @classmethod
    def dmp(cls, *words):
        child = cls.start(*words)
        out, err = child.communicate(timeout=150)
        return subprocess.CompletedProcess(words, child.returncode, out, err)

    def setUp(self):
        self.up()

    def up(self):
        done = self.dmp("up", "--servers")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def status(self):
        parts = json.loads(self.dmp("status", "--json").stdout)["parts"]
        return {name: parts[name] for name in SERVERS}

    def test_a_second_up_changes_nothing(self):
        before = self.status()
        self.assertTrue(all(part["ready"] for part in before.values()), before)
        self.assertEqual(self.up().count("already runs"), len(SERVERS))
        self.assertEqual(self.status(), before)

    def test_status_is_content_when_what_was_asked_for_is_ready(self):
        self.assertEqual(self.dmp("status").returncode, 0)
        self.assertRegex(self.dmp("status").stdout, r"(?m)^  bridge .* not asked for$")
        os.kill(self.status()["mosquitto"]["pid"], signal.SIGKILL)
        done = self.dmp("status")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stdout, r"(?m)^  mosquitto .* not ready  not running$")

    def test_only_what_was_killed_is_started(self):
        before = self.status()
        os.kill(before["postgres"]["pid"], signal.SIGKILL)
        self.up()
        after = self.status()
        self.assertNotEqual(after["postgres"]["pid"], before["postgres"]["pid"])
        for name in ("kafka", "mosquitto"):
            self.assertEqual(after[name], before[name])

    def test_an_up_killed_half_way_can_be_run_again(self):
        self.dmp("down", "--wipe")
        child = self.start("up", "--servers")
        deadline = time.monotonic() + 60
        while not (self.state / "run" / "kafka.pid").exists():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01)
        child.kill()
        child.communicate()
        self.up()
        self.assertTrue(all(part["ready"] for part in self.status().values()))
        self.assertEqual(sum("kafka.Kafka" in line and "setsid" not in line
                             for line in naming(self.state)), 1)  # fmt: skip

    def test_a_taken_port_is_replaced_and_said(self):
        old = self.status()["mosquitto"]["port"]
        self.dmp("down")
        with socket.create_server(("127.0.0.1", old)):
            self.assertRegex(self.up(), rf"port {old} \(mqtt\) is in use by somebody else: now \d+")
        self.assertNotEqual(self.status()["mosquitto"]["port"], old)

    def test_down_leaves_no_process_and_keeps_the_data(self):
        self.assertEqual(self.dmp("down").returncode, 0)
        deadline = time.monotonic() + 5
        while naming(self.state):  # each server's parent ends just after it
            self.assertLess(time.monotonic(), deadline, naming(self.state))
            time.sleep(0.01)
        self.assertTrue((self.state / "data" / "postgres" / "PG_VERSION").exists())
        self.assertIn("nothing was running", self.dmp("down").stdout)

    def test_two_at_once_do_not_meet(self):
        with (self.state / "lock").open("a+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            done = self.dmp("up", "--servers")
        self.assertEqual(done.returncode, 1)
        self.assertIn("another ./dmp", done.stderr)

    def test_env_leads_to_the_servers_and_certificate_to_a_file(self):
        exports = dict(
            line.removeprefix("export ").split("=", 1)
            for line in self.dmp("env").stdout.splitlines()
        )
        table = subprocess.run(
            ["psql", "-X", "-At", "-c", "SELECT current_user", exports["DMP_DATABASE"]],
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(table.stdout.strip(), "dmp", table.stderr)
        certificate, key = self.dmp("certificate", "rae-9").stdout.splitlines()
        self.assertEqual(Path(certificate).parent, Path(exports["DMP_PKI"]))
        self.assertTrue(Path(key).exists())

    def test_a_failing_start_shows_the_end_of_its_log(self):
        self.dmp("down")
        config = self.state / "data" / "postgres" / "pg_hba.conf"
        kept = config.read_text()
        config.write_text("nonsense\n")
        done = self.dmp("up", "--servers")
        config.write_text(kept)
        self.assertEqual(done.returncode, 1)
        self.assertIn("postgres.log", done.stderr)
        self.assertIn("pg_hba.conf", done.stderr)


if __name__ == "__main__":
    unittest.main()
