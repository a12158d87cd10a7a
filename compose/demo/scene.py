"""The stack the promises are shown on, what can be done to it, and the ways to look at it."""

import contextlib
import json
import signal
import sqlite3
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from compose import devices, kafka_records, probe, provision
from compose.comparison import compare
from compose.demo.promise import Broken
from compose.fleet import PER_SECOND, Fleet
from compose.mqtt_client import Client
from compose.virtual_lab import SERIAL

GUEST = "samsung-1"  # not plugged in before somebody plugs it
PROFILES = "local-registry/profiles"
LISTED_WITHIN_S = 60.0


@dataclass(frozen=True)
class Form:
    """How much load there is: messages per second, how many of them must really come, and how its
    length is scaled."""

    per_second: int
    least_per_second: int
    pace: float


FULL = Form(PER_SECOND, int(0.8 * PER_SECOND), 1.0)
# What a machine busy with other tests can bear; how much that is at any moment is not promised.
SHORT = Form(PER_SECOND // 3, PER_SECOND // 9, 0.5)


class Scene:
    """One for all promises."""

    def __init__(self, stack, form):
        self.stack = stack
        self.lab = stack.lab
        self.form = form
        self._fleets = {}

    def start(self, checkout, report):
        """Everything, and the lab with one device not plugged in yet."""
        provision.obtain(checkout, report, self.stack.state)
        with report.step("stack") as step:
            step.news("starts servers")
            self.stack.start_servers()
            step.news("starts programs")
            self.stack.start_programs()
            step.news("starts the lab")
            names = self.lab.start(checkout / PROFILES, report, unplugged=(GUEST,))
            devices.wait_for(self.stack, SERIAL, len(names) - 1, LISTED_WITHIN_S, step)
            step.result = f"whole, {len(names) - 1} devices listed"

    def mend(self):
        """Whatever a promise left killed or frozen runs again."""
        for part in self.stack.parts:
            if running := part.process():
                running.send(signal.SIGCONT)
        for group in (self.stack.servers, self.stack.programs):
            with ThreadPoolExecutor(max_workers=len(group)) as pool:
                list(pool.map(lambda part: part.start(probe.wait), group))

    # What is done to it.

    def kill(self, part):
        """kill -9; returns when it is gone."""
        _running(part)
        part.kill()

    def start_again(self, part):
        """Returns the seconds until it was ready."""
        began = time.monotonic()
        part.start(probe.wait)
        return time.monotonic() - began

    @contextlib.contextmanager
    def frozen(self, part):
        """SIGSTOP for the block: it neither works nor closes a connection."""
        running = _running(part)
        running.send(signal.SIGSTOP)
        try:
            yield
        finally:
            running.send(signal.SIGCONT)

    @contextlib.contextmanager
    def load(self, seconds, per_second, free_on="confirm"):
        """A fleet that edits for so long and stays connected until the block ends. Fleets that
        free on different words have databases of their own: what one lost is not the other's."""
        if free_on not in self._fleets:
            self._fleets[free_on] = Fleet(self.stack, fleet_name(free_on))
        fleet = self._fleets[free_on]
        try:
            fleet.start(seconds, per_second, free_on)
            yield fleet
        finally:
            fleet.stop()

    @contextlib.contextmanager
    def client(self, name):
        """An MQTT connection with a certificate of its own."""
        with Client(self.stack.mosquitto, self.stack.authority, name) as client:
            yield client

    def write(self, topic, records, headers):
        """Into Kafka, one right behind the other; returns when it has them."""
        kafka_records.write(self.stack, topic, records, headers)

    def wipe_agent(self):
        """Deletes the database of the lab's agent, which must not run."""
        for file in self.stack.state.data.glob(f"{self.lab_database.name}*"):
            file.unlink()

    # What is seen of it.

    def truth(self, name):
        """What the lab knows of its device."""
        return next(d for d in self.lab.order("status")["devices"] if d["name"] == name)

    def items(self):
        """What the REST list says of the lab's devices."""
        return self.stack.rest().devices(rae=SERIAL)

    def item(self, name):
        """The list's item with the MAC address of the lab's device; None if there is none."""
        mac = self.truth(name)["mac"]
        return next((i for i in self.items() if i.get("network", {}).get("mac") == mac), None)

    def history(self, device_id):
        """All changes of the device, as (field, old, new)."""
        events = self.stack.rest().get(f"/v1/devices/{device_id}/events")["items"]
        return [(c["field"], c["old"], c["new"]) for event in events for c in event["changes"]]

    def records_per_second(self, seconds):
        """Device updates the registry takes, measured over so long."""
        port = self.stack.ports["registry-admin"]
        before, began = probe.metric(port, "dmp_ingest_records_total"), time.monotonic()
        time.sleep(seconds)
        after = probe.metric(port, "dmp_ingest_records_total")
        return (after - before) / (time.monotonic() - began)

    @contextlib.contextmanager
    def copies(self, databases):
        """The agents' databases as they are now, while the agents go on; gone with the block."""
        with tempfile.TemporaryDirectory(dir=self.stack.state.data) as folder:
            yield [copy(database, Path(folder)) for database in databases]

    def compare(self, agents, within_s):
        """The agents' databases beside the cloud's."""
        return compare(self.stack, agents, within_s)

    @property
    def lab_database(self):
        return self.stack.state.data / "local-registry.db"

    def records(self, topic, since_s):
        """Kafka's records of the topic since a moment of time.time()."""
        return kafka_records.read(self.stack, topic, since_s)

    def following(self, topic):
        """The block in which a Follower gives all of them, as they come."""
        return kafka_records.following(self.stack, topic)

    def ended(self):
        """The servers and the cloud's programs that do not run, be it that a promise has just
        killed them."""
        return [part.name for part in self.stack.parts if not part.process()]

    def log(self, name):
        return self.stack.state.log / f"{name}.log"

    def logs(self, names):
        """Those there are: a load that was never started has none."""
        return [log for log in map(self.log, names) if log.exists()]


def _running(part):
    running = part.process()
    if running is None:
        raise Broken(f"{part.name} runs", "it has ended by itself", part.log)
    return running


def fleet_name(free_on):
    return f"load-{free_on}"


def copy(database, folder):
    """A consistent copy of a database somebody writes to."""
    target = folder / database.name
    with (
        contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as source,
        contextlib.closing(sqlite3.connect(target)) as made,
    ):
        source.backup(made)
        made.execute("PRAGMA journal_mode=DELETE")  # readable without files beside it
    return target


def short(value):
    """A value as it fits into a line."""
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= 160 else text[:157] + "..."
