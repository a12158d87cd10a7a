"""The REST API with 100,000 devices: lists, single devices and a thousand watches at once, through
the edge, while the registry stores what agents send, and beside `SELECT 1` on the same database.

Every request has its moment and its time counts from then, so a slow answer makes the next one late
too. The agents' side is written to Kafka as a bridge does it: from there on everything is real.
"""

import json
import threading
import time

from compose import probe
from compose.bench import cost
from compose.bench.tool import DONE_WITHIN_S, Tool
from compose.report import Failure

DEVICES = 100_000
GROUPS = 1_000  # by model, of 100 devices each: what a list or a watch is about
PER_SECOND = 900  # updates into Kafka
ASKED_PER_S = 200  # lists, devices and SELECT 1, each
WATCHERS = 1_000
CONNECTS_PER_S = 100
WARM_S = 5
ALONE_S = 15  # everything but lists: what they cost is the difference
ASKED_S = 30

WHAT = (
    f"{DEVICES} devices, {ASKED_PER_S} lists of 100 per second, {WATCHERS} watches,"
    f" ingest at {PER_SECOND}"
)
TARGETS = {"list_p99_ms": "< 10", "get_p99_ms": "< 3", "watch_p99_ms": "< 400"}


def statements(groups):
    """As if their RAEs were heard of during the whole bench, each device onboarded and of one
    group."""
    return (
        "INSERT INTO rae (rae, presence_at, presence_status, last_heard_at, roster_at)"
        " SELECT DISTINCT rae, 1, 'online',"
        " CAST(extract(epoch FROM now()) * 1000000 AS BIGINT) + 3600000000, 1 FROM device_session",
        f"UPDATE device_session SET model = 'Group ' || number % {groups},"
        " onboarding_state = 'active' FROM (SELECT rae AS r, device_session_id AS s,"
        " row_number() OVER (ORDER BY device_session_id) AS number FROM device_session) n"
        " WHERE rae = r AND device_session_id = s",
        "VACUUM ANALYZE",
    )


def measure(stack, report, checkout, scale=1.0):
    """The figures, with so many of the devices and watches."""
    bench = Bench(stack, scale)
    with report.step("tools") as step:
        bench.install(checkout, step)
    with report.step("stack") as step:
        stack.start_servers((stack.postgres, stack.kafka))
        stack.registry.migrate()
        bench.fill()
        for part in (stack.registry, stack.haproxy):
            part.start(probe.wait)
        step.result = f"PostgreSQL with {bench.devices} devices, Kafka, HAProxy, registry"
    load = Background(bench.ingest)
    before_kib = bench.registry_kib()
    watches = Background(bench.watch)
    with report.step("watches") as step:
        bench.wait_for_watchers(watches)
        time.sleep(WARM_S)
        kib = (bench.registry_kib() - before_kib) / bench.watchers
        step.result = f"{bench.watchers} clients"
    with report.step("alone") as step:
        _, alone_cpu_s = bench.ask(ALONE_S, lists=0)
        step.result = f"{alone_cpu_s / ALONE_S:.2f} CPU s a second without lists"
    with report.step("lists") as step:
        asked, cpu_s = bench.ask(ASKED_S, lists=ASKED_PER_S)
        step.result = f"{asked['lists']} lists, p50 {asked['list_p50_ms']} ms"
    watched = json.loads(watches.result())
    load.result()
    if asked["failed"] or watched["ended"]:
        raise Failure(
            f"{asked['failed']} requests failed, {watched['ended']} watches ended",
            log=stack.registry.log,
        )
    return figures(asked, watched, kib, cpu_s - alone_cpu_s * ASKED_S / ALONE_S)


def figures(asked, watched, kib, lists_cpu_s):
    """What was measured, and what it is beside."""
    return {
        "list_p99_ms": asked["list_p99_ms"],
        "list_p50_ms": asked["list_p50_ms"],
        "get_p99_ms": asked["get_p99_ms"],
        "select1_p99_ms": asked["select1_p99_ms"],
        "watch_p99_ms": watched["watch_p99_ms"],
        "watch_p50_ms": watched["watch_p50_ms"],
        "watch_changes": watched["changes"],
        "watchers": watched["watchers"],
        "kib_per_watcher": round(kib, 1),
        "cpu_ms_per_list": round(lists_cpu_s / asked["lists"] * 1000, 2),
    }


class Background(threading.Thread):
    """A call that goes on beside the others."""

    def __init__(self, call):
        super().__init__(daemon=True)
        self._call = call
        self._outcome = None
        self.start()

    def run(self):
        try:
            self._outcome = (self._call(), None)
        except Failure as failure:
            self._outcome = (None, failure)

    def result(self):
        """What the call returned, once it has."""
        self.join()
        value, failure = self._outcome
        if failure:
            raise failure
        return value


class Bench:
    """The load on one stack."""

    def __init__(self, stack, scale):
        self._stack = stack
        self.watchers = max(1, round(WATCHERS * scale))
        self.groups = max(1, round(GROUPS * scale))
        self.devices = self.groups * DEVICES // GROUPS
        self._feeder = Tool(stack, "dmp-bench-ingest")
        self._asker = Tool(stack, "dmp-bench-rest")
        self._token_file = stack.state.secrets / "bench.token"
        # Of the watches and of the ingest, which go on beside all that is asked.
        connecting_s = -(-self.watchers // CONNECTS_PER_S)
        self._seconds = connecting_s + 3 * WARM_S + ALONE_S + ASKED_S

    def install(self, checkout, step):
        for tool in (self._feeder, self._asker):
            tool.install(checkout, step)

    def fill(self):
        postgres = self._stack.postgres
        self._feeder.run(
            "feed", database=postgres.connection(), records=self.devices, sessions=self.devices
        )
        for statement in statements(self.groups):
            postgres.ask(statement)
        postgres.sql("CHECKPOINT")
        self._stack.state.write(self._token_file, self._stack.registry.token())

    def ingest(self):
        return self._feeder.run(
            "fill",
            brokers=self._stack.kafka.brokers,
            records=PER_SECOND * self._seconds,
            sessions=self.devices,
            per_second=PER_SECOND,
            timed="true",
            **{"from": self.devices},
        )

    def watch(self):
        return self._asker.run(
            "watch",
            watchers=self.watchers,
            seconds=self._seconds,
            connects_per_second=CONNECTS_PER_S,
            **self._api(),
        )

    def ask(self, seconds, lists):
        """(what the tool measured, CPU seconds of the registry and its database)."""
        before = self._cpu_s()
        told = self._asker.run(
            "ask",
            seconds=seconds,
            database=self._stack.postgres.connection(),
            devices=self.devices,
            lists_per_second=lists,
            gets_per_second=ASKED_PER_S,
            selects_per_second=ASKED_PER_S,
            **self._api(),
        )
        return json.loads(told), self._cpu_s() - before

    def wait_for_watchers(self, watches):
        port = self._stack.ports["registry-admin"]
        deadline = time.monotonic() + DONE_WITHIN_S
        while probe.metric(port, "dmp_registry_watch_watchers") < self.watchers:
            if time.monotonic() > deadline or not watches.is_alive():
                watches.result()
                raise Failure(f"not {self.watchers} watches", log=self._stack.registry.log)
            time.sleep(0.2)

    def registry_kib(self):
        """The memory the registry holds."""
        return cost.rss_mib(self._stack.registry.process().pid) * cost.KIB_PER_MIB

    def _api(self):
        return {
            "url": f"https://127.0.0.1:{self._stack.haproxy.port}",
            "ca": self._stack.authority.certificate,
            "token_file": self._token_file,
            "groups": self.groups,
        }

    def _cpu_s(self):
        registry, postgres = self._stack.registry.process(), self._stack.postgres.process()
        return cost.cpu_s(registry.pid) + cost.cpu_s(postgres.pid, with_children=True)
