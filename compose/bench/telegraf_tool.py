"""Telegraf, a widely used collector that moves messages from MQTT to Kafka too, from the Go module
proxy: built once for all stacks of this machine, in the versions that telegraf/go.sum pins, with
only the plugins that this takes."""

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

from compose import kept
from compose.follow import follow
from compose.log_extract import last_line
from compose.part import Part
from compose.report import Failure

FOLDER = Path(__file__).parent / "telegraf"
# Read here and now: later `./dmp` acts as a user who need not reach the checkout.
SOURCES = {name: (FOLDER / name).read_text() for name in ("main.go", "go.mod", "go.sum")}
DIGEST = hashlib.sha256("".join(SOURCES.values()).encode()).hexdigest()[:12]
VERSION = re.search(r"influxdata/telegraf (v\S+)", SOURCES["go.mod"])[1]
GO_MIN = (1, 21)  # the first that fetches the toolchain a module asks for
BUILD_S_MAX = "1200"
PROGRESS = re.compile(r"go: (downloading) (\S+)")

# As somebody would who wants much of it at little delay:
# - the broker gives a client of MQTT 3.1.1, which is what it speaks, max_inflight_messages at a
#   time; it may hold as many undelivered;
# - it writes to Kafka every 10 ms, whatever there is. A longer interval would make larger batches,
#   which may cost it less, and a p50 of half of it.
# A payload passes as a string that a template writes again.
CONFIG = """\
[agent]
interval = "10s"
flush_interval = "10ms"
flush_jitter = "0s"
metric_batch_size = {ahead}
metric_buffer_limit = {buffered}
omit_hostname = true
skip_processors_after_aggregators = true

[[inputs.mqtt_consumer]]
servers = ["{uri}"]
topics = ["dmp/v1/+/+/update"]
qos = 1
persistent_session = true
client_id = "{name}"
max_undelivered_messages = {ahead}
topic_tag = "topic"
tls_ca = "{ca}"
tls_cert = "{certificate}"
tls_key = "{key}"
data_format = "value"
data_type = "string"

[[outputs.kafka]]
brokers = ["{brokers}"]
topic = "dmp.device-updates"
routing_tag = "topic"
required_acks = -1
compression_codec = 0
data_format = "template"
template = '{{{{ .Field "value" }}}}'
"""


def install(environment, step):
    """The program; a Failure says why there is none. With root's rights, if `./dmp` has them: it is
    kept where Kafka's jars are."""
    folder = kept.cache(environment) / f"telegraf-{DIGEST}"
    return kept.ensure(folder, _build, step) / "telegraf"


def _build(fresh, log, step):
    sources = fresh.with_suffix(".src")
    shutil.rmtree(sources, ignore_errors=True)
    sources.mkdir()
    for name, text in SOURCES.items():
        (sources / name).write_text(text)
    # One package at a time: it is in no hurry, and some of them need much memory.
    build = ["timeout", BUILD_S_MAX, _go(), "build", "-p=1", "-buildvcs=false", "-o", fresh / "telegraf", "."]
    if follow(build, log, step, PROGRESS, cwd=sources):
        raise Failure(f"go cannot build Telegraf: {last_line(log)}", log=log)
    shutil.rmtree(sources)


def _go():
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if go is None:
        raise Failure("go is not installed")
    done = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True, check=False)
    if tuple(map(int, re.findall(r"\d+", done.stdout)[:2])) < GO_MIN:
        raise Failure(f"{done.stdout.strip()} is older than go{GO_MIN[0]}.{GO_MIN[1]}")
    return go


class Telegraf(Part):
    """Ready means: it runs. That it passes anything on, the bench has to see."""

    name = "telegraf"
    bridge = "bridge-telegraf"  # its certificate's name, which the broker's access list knows
    port = 0  # none

    def __init__(self, stack, program, ahead):
        super().__init__(stack.state, stack.ports)
        self._stack = stack
        self._program = program
        self._ahead = ahead
        self._binary = stack.state.bin / self.name
        self._config = stack.state.etc / "telegraf.conf"

    def prepare(self):
        account = self.state.account
        with account.as_root():
            program = self._program.read_bytes()
        self.state.write(self._binary, program, mode=0o755)
        certificate, key = self._stack.authority.files(self.bridge)
        self.state.write(
            self._config,
            CONFIG.format(
                name=self.bridge, uri=self._stack.mosquitto.uri,
                brokers=self._stack.kafka.brokers, ca=self._stack.authority.certificate,
                certificate=certificate, key=key, ahead=self._ahead, buffered=20 * self._ahead,
            ),
        )  # fmt: skip

    def command(self):
        return [self._binary, self._config]

    def why_not_ready(self):
        return ""
