"""Apache Kafka 4.1: one node, broker and controller at once (KRaft), plain text on loopback."""

import base64
import os
import shutil
import uuid

from compose import kafka_jars, kafka_wire
from compose.part import Part
from compose.report import Failure

HOUR_MS = 3600 * 1000
DAY_MS = 24 * HOUR_MS
RETENTION = {"cleanup.policy": "delete", "retention.ms": DAY_MS}
TOPICS = {
    "dmp.device-updates": (12, RETENTION),
    "dmp.agents": (12, RETENTION),
    "dmp.device-commands": (12, RETENTION),
    "dmp.command-replies": (12, RETENTION),
    "dmp.dead-letters": (3, {**RETENTION, "retention.ms": 14 * DAY_MS}),
}

# The serial collector takes the least CPU time, which is what a machine with two cores feels.
# Everything waits while it collects, so it shall do so seldom: most of the room is for young
# objects, and takes no memory until they come. The old ones' room is all there from the start: to
# grow, it would collect everything first. So would the classes' room. Pages of 2 MB, where the
# system has them, make a collection shorter.
JVM = (
    "-Xms448m",
    "-Xmn320m",
    "-Xmx448m",
    "-XX:MetaspaceSize=64m",
    "-XX:+UseSerialGC",
    "-XX:+UseTransparentHugePages",
    "-Djava.awt.headless=true",
)

CONFIG = """\
# Written by ./dmp up; changes here are overwritten.
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
controller.listener.names=CONTROLLER
log.dirs={data}
auto.create.topics.enable=false
default.replication.factor=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=5
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=5
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
# For two cores. Each request goes from a network thread to an I/O thread and back, and of few
# threads one is awake rather. Requests that wait, as fetches do, keep none. The second network
# thread goes on while the first reads from the disk what somebody far behind fetches.
num.network.threads=2
num.io.threads=2
log.segment.bytes=67108864
# Requests that were answered stay listed until there are so many; at 1000, the default, each young
# collection copies megabytes of them.
fetch.purgatory.purge.interval.requests=50
producer.purgatory.purge.interval.requests=50
# Its default of 128 MiB does not fit the small heap.
log.cleaner.dedupe.buffer.size=8388608
"""


def new_cluster_id():
    """A random UUID as Kafka writes it; no leading dash, which its tool takes for an option."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):
            return text


class Kafka(Part):
    """Ready means: it lists a broker. An open port is too early by seconds."""

    name = "kafka"
    port_names = ("kafka", "kafka-controller")
    ready_within_s = 90.0  # after kill -9 its old registration has to expire first
    stops_within_s = 20.0

    def __init__(self, state, ports):
        super().__init__(state, ports)
        self._data = state.data / "kafka"
        self._config = state.etc / "kafka.properties"
        self._logging = state.etc / "kafka-log4j2.properties"
        self._jars = kafka_jars.folder(os.environ)

    def prepare(self):
        self.state.write(self._logging, kafka_jars.LOGGING)
        self._write_config(self._config, self._data)
        if not self._data.exists():
            self._format()

    def _write_config(self, path, data):
        ports = {"port": self.port, "controller": self.ports["kafka-controller"]}
        self.state.write(path, CONFIG.format(data=data, **ports))

    def _format(self):
        """Formats a folder beside its place, then moves it: a killed try leaves none."""
        fresh = self.state.data / "kafka.new"
        shutil.rmtree(fresh, ignore_errors=True)
        config = self.state.etc / "kafka-format.properties"
        self._write_config(config, fresh)
        tool = ["kafka.tools.StorageTool", "format", "-t", new_cluster_id(), "-c", config]
        done = self.state.account.run([*self._java(), *tool])
        config.unlink()
        if done.returncode:
            raise Failure(f"Kafka cannot format {fresh}: {(done.stdout + done.stderr).strip()}")
        fresh.rename(self._data)

    def _java(self):
        return [
            "/usr/bin/java", *JVM, f"-Dlog4j2.configurationFile={self._logging}",
            "-cp", f"{self._jars}/*",
        ]  # fmt: skip

    def command(self):
        return [*self._java(), "kafka.Kafka", self._config]

    def inputs(self):
        return [self._config, self._logging]

    def why_not_ready(self):
        try:
            return "" if kafka_wire.brokers(self.port) else "no broker has registered yet"
        except (OSError, kafka_wire.Refused) as error:
            return f"no metadata: {error}"

    def after_start(self):
        try:
            kafka_wire.create_topics(self.port, TOPICS)
        except (OSError, kafka_wire.Refused) as error:
            raise Failure(f"the Kafka topics cannot be made: {error}", log=self.log) from error

    @property
    def brokers(self):
        return f"127.0.0.1:{self.port}"
