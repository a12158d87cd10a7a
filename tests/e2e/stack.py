"""A whole stack under test: ./dmp up in a state folder of its own, shared by all end-to-end tests
of one run, and taken down when the run ends."""

import atexit
import contextlib
import functools
import json
import os
import re
import select
import shutil
import signal
import ssl
import sqlite3
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
UP_S_MAX = 900  # the first one builds
LAB_RAE = "rae-lab-1"


class Stack:
    def __init__(self):
        self.state = Path(tempfile.mkdtemp(prefix="dmp-e2e-"))
        self.state.chmod(0o755)
        self.environment = {**os.environ, "DMP_STATE": str(self.state)}
        self.up()
        exports = self.dmp("env").stdout
        for name, value in re.findall(r"^export (\w+)=(.*)$", exports, re.MULTILINE):
            self.environment[name] = value.strip("'")

    # What people type.

    def dmp(self, *words, check=True, timeout_s=120):
        done = subprocess.run([str(CHECKOUT / "dmp"), *words], env=self.environment, timeout=timeout_s,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if check and done.returncode != 0:
            raise AssertionError(f"./dmp {' '.join(words)} ended with {done.returncode}:\n"
                                 f"{done.stdout}\n{done.stderr}")
        return done

    def up(self):
        return self.dmp("up", timeout_s=UP_S_MAX)

    def lab(self, *words):
        return self.dmp("lab", *words)

    def stop_agent(self):
        """Back when its last word is listed, for every device."""
        self.lab("agent", "stop")
        eventually(lambda: self.presences() == {("unknown", "rae_lost")},
                   "every device of the stopped agent is unknown (rae_lost)", within_s=60)

    def parts(self):
        return json.loads(self.dmp("status", "--json", check=False).stdout)["parts"]

    def kill(self, part, how=signal.SIGKILL):
        """Returns when the process is gone."""
        pid = self.parts()[part]["pid"]
        process = os.pidfd_open(pid)
        signal.pidfd_send_signal(process, how)
        if not select.select([process], [], [], 15)[0]:
            raise AssertionError(f"{part} (pid {pid}) is still there 15 s after signal {how}")
        os.close(process)

    def close(self):
        self.dmp("down", "--wipe", check=False)
        shutil.rmtree(self.state, ignore_errors=True)

    # The REST API, as the test studio sees it.

    def request(self, path, token=None, method="GET"):
        """(status, headers, body as JSON)"""
        context = ssl.create_default_context(cafile=self.environment["DMP_CA"])
        request = urllib.request.Request(self.environment["DMP_API"] + path, method=method)
        token = self.environment["DMP_TOKEN"] if token is None else token
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, context=context, timeout=30) as response:
                return response.status, response.headers, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, error.headers, json.loads(error.read() or b"null")

    def get(self, path, **parameters):
        query = "?" + urllib.parse.urlencode(parameters) if parameters else ""
        status, _, body = self.request(path + query)
        if status != 200:
            raise AssertionError(f"GET {path}{query}: {status} {body}")
        return body

    def devices(self, rae=LAB_RAE, **parameters):
        """Every device of the list, page by page; by default the lab's."""
        parameters["rae"] = rae
        items, cursor = [], None
        while True:
            page = self.get("/v1/devices", **parameters, **({"cursor": cursor} if cursor else {}))
            items += page["items"]
            cursor = page.get("next")
            if not cursor:
                return items

    def presences(self):
        """(status, reason) of the lab's devices, each once."""
        return {(item["presence"]["status"], item["presence"].get("reason")) for item in self.devices()}

    # What a device of the lab is called in the list: by its MAC address.

    def macs(self):
        """Name in the lab -> MAC address."""
        listed = json.loads(self.dmp("lab", "list", "--json").stdout)
        return {device["name"]: device["mac"] for device in listed}

    def device(self, name):
        """The list's item of the lab's device; None if it is not there."""
        mac = self.macs()[name]
        found = [item for item in self.devices() if item.get("network", {}).get("mac") == mac]
        if len(found) > 1:
            raise AssertionError(f"{name} is in the list {len(found)} times: {found}")
        return found[0] if found else None

    # The servers and programs, asked directly.

    def metric(self, program, name, **labels):
        """The sum of the program's series of this name whose labels agree; 0 if there is none."""
        port = json.loads((self.state / "ports.json").read_text())[f"{program}-admin"]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            return sum_of(answer.read().decode(), name, **labels)

    def end_offsets(self, topic, partitions=12):
        """Partition -> offset behind its newest record."""
        queries = [word for number in range(partitions) for word in ("-t", f"{topic}:{number}:-1")]
        done = subprocess.run(["kcat", "-b", self.environment["DMP_KAFKA"], "-Q", *queries],
                              check=True, capture_output=True, text=True, timeout=60)
        found = re.findall(r"\[(\d+)\] offset (\d+)", done.stdout)
        return {int(number): int(offset) for number, offset in found}

    def sql(self, statement):
        """Rows of one statement, as tuples of text."""
        done = subprocess.run(["psql", "-X", "-q", "-A", "-t", "-F", "\t", "-v", "ON_ERROR_STOP=1",
                               "-c", statement, self.environment["DMP_DATABASE"]],
                              check=True, capture_output=True, text=True, timeout=60)
        return [tuple(line.split("\t")) for line in done.stdout.splitlines()]

    def settle(self):
        """Until the registry has stored all that Kafka holds. For when nothing is being sent: a
        partition's beat says how far behind it is, by an end of a second ago at most."""
        for _ in range(2):
            [(now,)] = self.sql("SELECT now()")
            late = f"SELECT count(*) FROM ingest WHERE behind_ms > 0 OR beat_at <= '{now}'"
            eventually(lambda late=late: self.sql(late) == [("0",)], "the registry is up to date")

    @contextlib.contextmanager
    def another_registry(self, group):
        """A second dmp-registry beside the stack's, ingest only, with a consumer group of its own.
        It does not beat: how far behind a replay is says nothing about the stack's own consumer.
        It stops by SIGTERM, and must leave cleanly."""
        process = subprocess.Popen(
            [self.state / "bin" / "dmp-registry", "serve", "--roles", "ingest", "--kafka-group", group,
             "--beat=false",
             "--database", self.environment["DMP_DATABASE"],
             "--kafka-brokers", self.environment["DMP_KAFKA"]],
            stderr=subprocess.PIPE, text=True)
        registry = Registry(process)
        try:
            yield registry
        finally:
            process.terminate()
            left = process.wait(timeout=15)
            registry.reader.join()
            process.stderr.close()
        if left != 0:
            raise AssertionError(f"the registry of group {group} ended with {left}")

    def dead_letters(self):
        """(key, headers, value) of every dead letter."""
        done = subprocess.run(["kcat", "-b", self.environment["DMP_KAFKA"], "-C", "-e", "-q",
                               "-t", "dmp.dead-letters", "-f", "%k\x1f%h\x1f%s\x1e"],
                              check=True, capture_output=True, timeout=60)
        records = done.stdout.decode(errors="replace").split("\x1e")
        return [tuple(record.split("\x1f")) for record in records if record]

    def publish(self, name, topic, payload, *options):
        """One MQTT 5 message as the client `name`, with its own certificate."""
        certificate, key = self.dmp("certificate", name).stdout.split()
        host, port = re.match(r".*://(.*):(\d+)", self.environment["DMP_MQTT"]).groups()
        return subprocess.run(["mosquitto_pub", "-V", "5", "-q", "1", "-h", host, "-p", port,
                               "--cafile", self.environment["DMP_CA"], "--cert", certificate,
                               "--key", key, "-i", name, "-t", topic, "-s", *options],
                              input=payload, capture_output=True, timeout=60)

    def agent_sessions(self):
        """The agent's own database: session -> facets, of sessions that have not ended."""
        path = self.state / "data" / "local-registry.db"
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            rows = database.execute("SELECT id, facets FROM session").fetchall()
        return {session: json.loads(facets) for session, facets in rows}


class Registry:
    """A registry a test started itself."""

    def __init__(self, process):
        for line in process.stderr:
            if found := re.search(r"event=started admin_port=(\d+)", line):
                self.port = int(found[1])
                break
        else:
            raise AssertionError(f"the registry did not start: {process.wait(timeout=15)}")
        # What it says later must not fill the pipe.
        self.reader = threading.Thread(target=process.stderr.read)
        self.reader.start()

    def metric(self, name, **labels):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as answer:
            return sum_of(answer.read().decode(), name, **labels)


def sum_of(metrics, name, **labels):
    """The sum of a metric's series whose labels agree, from Prometheus text."""
    total = 0.0
    for series, value in re.findall(rf"^{name}(?:\{{(.*)\}})? (\S+)$", metrics, re.MULTILINE):
        if all(f'{label}="{wanted}"' in series for label, wanted in labels.items()):
            total += float(value)
    return total


def eventually(condition, what, within_s=60):
    """The first truthy value of `condition()`. Asks again and again until `within_s` have passed:
    what is waited for happens in other processes."""
    deadline = time.monotonic() + within_s
    while True:
        last = condition()
        if last:
            return last
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within_s} s: {what}")
        time.sleep(0.2)


@functools.cache
def shared():
    stack = Stack()
    atexit.register(stack.close)
    return stack
