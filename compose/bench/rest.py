"""The REST API with 100,000 devices, through the edge (HAProxy, TLS, connections that are kept),
with a thousand watches and the registry's ingest going on all the time.

What is asked for is asked in phases, one kind after the other, each beside 200 `SELECT 1` per
second on the same database. Every request has its moment and its time counts from then, so a slow
answer makes the next one late too. The agents' side is written to Kafka as a bridge does it: from
there on everything is real.
"""

import json
import time

from compose import probe
from compose.bench import cost
from compose.bench.tool import DONE_WITHIN_S, Tool
from compose.report import Failure

DEVICES = 100_000
GROUPS = 1_000  # by model, of 100 devices each: what a list or a watch is about
PER_SECOND = 900  # updates into Kafka
ASKED_PER_S = 200  # of one kind, and of SELECT 1
SOME_PER_S = 50  # lists: what one takes while the machine has room for it
WATCHERS = 1_000  # half of them watch one and the same list, the others one each
CONNECTS_PER_S = 100
WARM_S = 3
BESIDE_S_MAX = 900  # of watches and ingest: they end with the last answer, however late that is
# Which kind each phase asks for, how often, and for how many seconds. `nothing` tells what the
# others cost.
PHASES = {
    "nothing": ("", 0, 10),
    "plain": ("plain", ASKED_PER_S, 10),
    "get": ("get", ASKED_PER_S, 20),
    "some_lists": ("list", SOME_PER_S, 10),
    "list": ("list", ASKED_PER_S, 20),
}

WHAT = (
    f"{DEVICES} devices, {ASKED_PER_S} requests per second, {WATCHERS} watches,"
    f" ingest at {PER_SECOND} per second"
)
TARGETS = {
    "list_p99_ms": "< 10",
    "get_p99_ms": "< 3",
    "watch_p99_ms": "< 400",
    "kib_per_watcher": "<= 220",
    "failed": "0",
}


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
    with bench.ingest() as ingest:
        bench.ask("list", SOME_PER_S, WARM_S)
        before = bench.memory()
        with bench.watch() as watches:
            with report.step("watches") as step:
                bench.wait_for_watchers(watches)
                time.sleep(WARM_S)
                after = bench.memory()
                step.result = f"{bench.watchers} clients"
            asked = bench.ask_all(report)
            watched = json.loads(watches.stop())
        ingest.stop()
    grown = {name: (after[name] - before[name]) / bench.watchers for name in after}
    return figures(asked, watched, grown)


def figures(asked, watched, kib):
    """What was measured, what it is beside, and what it is made of."""
    lists, some, gets, plain = (asked[phase] for phase in ("list", "some_lists", "get", "plain"))

    def sum_of(what):
        return sum(one[what] for one in asked.values())

    nothing = asked["nothing"]
    cores = {part: spent / nothing["seconds"] for part, spent in nothing["cpu_s"].items()}
    return {
        "list_p99_ms": lists["list_p99_ms"],
        "list_p50_ms": lists["list_p50_ms"],
        f"list_at_{SOME_PER_S}_p99_ms": some["list_p99_ms"],
        f"list_at_{SOME_PER_S}_p50_ms": some["list_p50_ms"],
        "get_p99_ms": gets["get_p99_ms"],
        "get_p50_ms": gets["get_p50_ms"],
        "plain_p99_ms": plain["plain_p99_ms"],
        "plain_p50_ms": plain["plain_p50_ms"],
        "select1_p99_ms": lists["select1_p99_ms"],
        "select1_p50_ms": lists["select1_p50_ms"],
        "select1_beside_gets_p99_ms": gets["select1_p99_ms"],
        "list_p99_to_select1": ratio(lists["list_p99_ms"], lists["select1_p99_ms"]),
        "get_p99_to_select1": ratio(gets["get_p99_ms"], gets["select1_p99_ms"]),
        "watch_p99_ms": watched["p99_ms"],
        "watch_p50_ms": watched["p50_ms"],
        "watch_changes": watched["changes"],
        "watchers": watched["watchers"],
        "kib_per_watcher": round(kib["registry"], 1),
        "list_kib_per_watcher": round(kib["lists"], 1),
        "edge_kib_per_watcher": round(kib["edge"], 1),
        "cpu_ms_per_list": cpu_ms(lists, cores),
        f"cpu_ms_per_list_at_{SOME_PER_S}": cpu_ms(some, cores),
        **{f"{part}_cores_without_requests": round(taken, 2) for part, taken in cores.items()},
        "cores_stolen": round(sum_of("stolen_s") / sum_of("seconds"), 2),
        "kib_per_list": round(lists["list_bytes"] / 1024, 1),
        "failed": sum_of("failed") + watched["ended"],
    }


def cpu_ms(phase, idle_cores):
    """Of the registry and its database, for a list."""
    spent_s = sum(
        phase["cpu_s"][part] - idle_cores[part] * phase["seconds"]
        for part in ("registry", "postgres")
    )
    return round(spent_s / phase["list_count"] * 1000, 2)


def ratio(value, beside):
    """None if there is nothing to compare with."""
    return round(value / beside, 1) if beside > 0 else None


class Bench:
    """The load on one stack."""

    def __init__(self, stack, scale):
        self._stack = stack
        self.watchers = max(2, round(WATCHERS * scale))
        self.groups = max(2, round(GROUPS * scale))
        self.devices = self.groups * DEVICES // GROUPS
        self._feeder = Tool(stack, "dmp-bench-ingest")
        self._asker = Tool(stack, "dmp-bench-rest")
        self._token_file = stack.state.secrets / "bench.token"

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
        return self._feeder.beside(
            "fill",
            brokers=self._stack.kafka.brokers,
            records=PER_SECOND * BESIDE_S_MAX,
            sessions=self.devices,
            per_second=PER_SECOND,
            timed=True,
            **{"from": self.devices},
        )

    def watch(self):
        return self._asker.beside(
            "watch",
            watchers=self.watchers,
            seconds=BESIDE_S_MAX,
            connects_per_second=CONNECTS_PER_S,
            **self._api(),
        )

    def ask_all(self, report):
        """Phase -> what was measured in it."""
        asked = {}
        for phase, (kind, per_second, seconds) in PHASES.items():
            with report.step(phase) as step:
                asked[phase] = found = self.ask(kind, per_second, seconds)
                p99 = found.get(f"{kind}_p99_ms")
                step.result = f"p99 {p99:g} ms" if p99 else f"{sum(found['cpu_s'].values()):.1f} CPU s"
        return asked

    def ask(self, kind, per_second, seconds):
        """What the tool measured, with how long it took and each part's CPU seconds meanwhile."""
        rates = {f"{kind}_per_second": per_second} if kind else {}
        meter = cost.Meter(self._pids())
        told = self._asker.run(
            "ask",
            seconds=seconds,
            database=self._stack.postgres.connection(),
            devices=self.devices,
            selects_per_second=ASKED_PER_S,
            **rates,
            **self._api(),
        )
        seconds, spent = meter.spent()
        stolen_s = spent.pop("stolen")
        del spent["others"]  # mostly the load's own
        return json.loads(told) | {"seconds": seconds, "cpu_s": spent, "stolen_s": stolen_s}

    def wait_for_watchers(self, watches):
        port = self._stack.ports["registry-admin"]
        deadline = time.monotonic() + DONE_WITHIN_S
        while probe.metric(port, "dmp_registry_watch_watchers") < self.watchers:
            if time.monotonic() > deadline or watches.has_ended():
                raise Failure(f"not {self.watchers} watches", log=self._stack.registry.log)
            time.sleep(0.2)

    def memory(self):
        """KiB that the registry and the edge hold, and of the registry's the lists'."""
        port = self._stack.ports["registry-admin"]
        rss = {
            name: cost.rss_mib(part.process().pid) * cost.KIB_PER_MIB
            for name, part in (("registry", self._stack.registry), ("edge", self._stack.haproxy))
        }
        return rss | {"lists": probe.metric(port, "dmp_registry_watch_bytes") / 1024}

    def _api(self):
        return {
            "url": f"https://127.0.0.1:{self._stack.haproxy.port}",
            "ca": self._stack.authority.certificate,
            "token_file": self._token_file,
            "groups": self.groups,
        }

    def _pids(self):
        stack = self._stack
        parts = (stack.registry, stack.postgres, stack.kafka, stack.haproxy)
        return {part.name: [part.process().pid] for part in parts}
