"""From a change on the RAE to its being visible in REST, under the load of ten agents.

Every edit of a scripted device writes the wall time of the edit into `software.app_version`. One
RAE's devices are read from the REST list again and again, on one connection; the age of a value
when it is first seen is one sample. So a figure includes the pause between two reads and the read
itself: it is what somebody who asks sees, never less than the truth.

Platform, load and reader share the machine, so each one's part of its cores is told as well, what
strangers took, and what a virtual machine's host took away.
"""

import http.client
import json
import os
import re
import ssl
import time

from compose import probe
from compose.bench import cost
from compose.bench.hops import Hops
from compose.fleet import AGENTS, DEVICES, PER_SECOND, Fleet
from compose.report import Failure

WHAT = f"a change on the RAE until it is visible in REST, at {PER_SECOND} messages per second"
TARGETS = {"p99_ms": "< 100"}

# Until then Kafka compiles, and collects its first objects into memory that it has not touched yet.
WARM_S = 20.0
MEASURED_S = 60.0
SLACK_S = 5.0
PAUSE_S = 0.01
FIELDS = "device_session_id,software.app_version"  # whole devices would cost whoever asks more
STAMP = re.compile(r"t=(\d+)\Z")


def measure(stack, report, _checkout):
    """The figures."""
    with report.step("stack") as step:
        stack.start_servers()
        stack.start_programs()
        fleet = Fleet(stack, "bench")
        fleet.start(WARM_S + MEASURED_S + SLACK_S, kinds={"firmware": 1})
        step.result = f"whole, {AGENTS} agents with {DEVICES} devices each"
    with report.step("staleness") as step:
        step.news(f"warms up for {WARM_S:.0f} s")
        time.sleep(WARM_S)
        step.news(f"measures for {MEASURED_S:.0f} s")
        figures = _sample(stack, fleet)
        step.result = f"{figures['samples']} changes seen"
    fleet.stop()
    return figures


def _sample(stack, fleet):
    rae = fleet.serials[0]
    port = stack.ports["registry-admin"]
    hops, meter = Hops(stack.ports), cost.Meter(_pids(stack, fleet))
    taken, began = probe.metric(port, "dmp_ingest_records_total"), time.monotonic()
    until = began + MEASURED_S
    ages_ms, reads_ms = watch(Reader(stack, rae), lambda: time.monotonic() >= until)
    taken = probe.metric(port, "dmp_ingest_records_total") - taken
    cores = cost.cores(*meter.spent())
    if not ages_ms:
        raise Failure(f"no change of {rae} was seen in {MEASURED_S:.0f} s", log=stack.registry.log)
    return {
        "messages_per_s": round(taken / (time.monotonic() - began), 1),
        "samples": len(ages_ms),
        "p50_ms": round(percentile(ages_ms, 50), 1),
        "p99_ms": round(percentile(ages_ms, 99), 1),
        "max_ms": round(max(ages_ms), 1),
        "reads_per_s": round(len(reads_ms) / MEASURED_S, 1),
        "read_p50_ms": round(percentile(reads_ms, 50), 1),
        "read_p99_ms": round(percentile(reads_ms, 99), 1),
        **hops.figures(),
        **{f"{name}_cores": taken for name, taken in cores.items()},
    }


def _pids(stack, fleet):
    """Who shares the machine: each part, the agents, and this bench, which reads."""
    parts = {part.name: [part.process().pid] for part in stack.parts}
    return {**parts, "agents": [agent.process().pid for agent in fleet.agents], "reader": [os.getpid()]}


def watch(reader, is_over):
    """(ages of values when first seen, durations of the reads), in ms. What stood there at the
    first read has an unknown moment of becoming visible and is no sample."""
    shown = reader.edits()[1]
    ages_ms, reads_ms = [], []
    while not is_over():
        began = time.monotonic()
        seen_us, edits = reader.edits()
        reads_ms.append((time.monotonic() - began) * 1000)
        ages_ms += new_ages_ms(shown, edits, seen_us)
        shown = edits
        time.sleep(PAUSE_S)
    return ages_ms, reads_ms


def new_ages_ms(before, now, seen_us):
    """How old each value is that was not there before."""
    return [
        (seen_us - edited_us) / 1000
        for device, edited_us in now.items()
        if before.get(device) != edited_us
    ]


def percentile(values, percent):
    """The smallest value that so many percent of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


class Reader:
    """Reads one RAE's devices on one connection."""

    def __init__(self, stack, rae):
        context = ssl.create_default_context(cafile=stack.authority.certificate)
        self._connection = http.client.HTTPSConnection(
            "127.0.0.1", stack.haproxy.port, timeout=5.0, context=context
        )
        self._path = f"/v1/devices?rae={rae}&limit=100&fields={FIELDS}"
        self._headers = {"Authorization": f"Bearer {stack.registry.token()}"}

    def edits(self):
        """(when the answer was here, device -> when its newest visible edit was made), in µs."""
        self._connection.request("GET", self._path, headers=self._headers)
        answer = self._connection.getresponse()
        body = answer.read()
        seen_us = time.time_ns() // 1000
        if answer.status != http.client.OK:
            raise Failure(f"GET {self._path}: {answer.status} {body[:300].decode()}")
        found = {}
        for item in json.loads(body)["items"]:
            text = (item.get("software") or {}).get("app_version", "")
            if stamp := STAMP.match(text):
                found[item["device_session_id"]] = int(stamp[1])
        return seen_us, found
