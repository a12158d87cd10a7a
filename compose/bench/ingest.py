"""The registry's way from Kafka to rows, beside the same statements fed from memory, and beside the
consumer it exists to avoid. All on one machine, one after the other, on emptied tables.
"""

import time

from compose import probe
from compose.bench import cost
from compose.bench.tool import DONE_WITHIN_S, Role, Tool
from compose.report import Failure

RECORDS = 1_000_000
SESSIONS = 5_000
CONNECTIONS = 2  # the registry's lanes for device updates, and the feed's
BASELINE_S = 20.0
FIRST_STAMP = 1_700_000_000_000_000  # as in tests/bench/load.h
LOOK_S = 0.2
TABLES = "device_session, device_state, device_event, rae, bridge, ingest"
TOOL = "dmp-bench-ingest"

WHAT = f"{RECORDS} records of {SESSIONS} sessions from Kafka to committed rows"
TARGETS = {
    "ratio_to_database": ">= 0.8",
    "cpu_s_per_100k": "<= 1.3",
    "peak_rss_mib": "<= 64",
    "commit_requests_per_s": "<= 2",
    "lost": "0",
    "stale": "0",
}


def measure(stack, report, checkout, scale=1.0):
    """The figures, of so much of the records."""
    records = max(1, round(RECORDS * scale / SESSIONS)) * SESSIONS
    bench = Bench(stack, records)
    with report.step("tool") as step:
        bench.tool.install(checkout, step)
    with report.step("stack") as step:
        stack.start_servers((stack.postgres, stack.kafka))
        stack.registry.migrate()
        step.result = "PostgreSQL and Kafka"
    with report.step("fill") as step:
        seconds, _ = bench.run("fill", brokers=stack.kafka.brokers)
        step.result = f"{records / seconds:.0f} records/s into Kafka"
    with report.step("memory") as step:
        memory = bench.feed()
        step.result = f"{memory['records_per_s']:.0f} records/s"
    with report.step("registry") as step:
        ours = bench.ingest()
        step.result = f"{ours['records_per_s']:.0f} records/s"
    with report.step("baseline") as step:
        baseline = bench.baseline()
        step.result = f"{baseline['records_per_s']:.0f} records/s"
    return figures(memory, ours, baseline, records)


def figures(memory, ours, baseline, records=RECORDS):
    """Ratios of one run, and what they are made of."""
    return {
        "ratio_to_database": round(memory["cpu_s"] / ours["cpu_s"], 2),
        "ratio_to_baseline": round(ours["records_per_s"] / baseline["records_per_s"], 1),
        "records_per_s": round(ours["records_per_s"]),
        "memory_records_per_s": round(memory["records_per_s"]),
        "baseline_records_per_s": round(baseline["records_per_s"]),
        "cpu_s_per_100k": round(ours["own_cpu_s"] / records * 100_000, 2),
        "database_cpu_s_per_100k": round(
            (ours["cpu_s"] - ours["own_cpu_s"]) / records * 100_000, 2
        ),
        "peak_rss_mib": round(ours["peak_rss_mib"], 1),
        "commit_requests_per_s": round(ours["commits_per_s"], 2),
        "baseline_commit_requests_per_s": round(baseline["commits_per_s"], 1),
        "lost": ours["lost"],
        "stale": ours["stale"],
    }


class Baseline(Role):
    """The consumer that has no bound."""

    name = "baseline"
    port_names = ("baseline-admin",)

    def command(self):
        return [
            *(self.binary, "baseline"),
            *("--brokers", self.brokers, "--database", self.database),
            *("--admin-port", self.port),
        ]


def until_it_lives(port):
    """A wait for Part.start: ready is only who has caught up, and that is what is measured."""

    def wait(name, _, process, seconds, log):
        probe.wait(name, lambda: probe.admin(port, "/livez"), process, seconds, log)

    return wait


class Bench:
    """The rivals on one stack; its tool must be installed first."""

    def __init__(self, stack, records):
        self._stack = stack
        self._records = records
        self.tool = Tool(stack, TOOL)
        self.baseline_part = Baseline(stack, self.tool.binary)

    def run(self, command, **options):
        """(seconds, what it printed) of a run of the tool over the whole load."""
        began = time.monotonic()
        printed = self.tool.run(command, records=self._records, sessions=SESSIONS, **options)
        return time.monotonic() - began, printed

    def feed(self):
        self._empty()
        before = self._database_cpu_s()
        database = self._stack.postgres.connection()
        seconds, own = self.run("feed", database=database, connections=CONNECTIONS)
        cpu_s = float(own) + self._database_cpu_s() - before
        self._check_all_there("feed")
        return {"records_per_s": self._records / seconds, "cpu_s": cpu_s}

    def ingest(self):
        self._empty()
        registry, port = self._stack.registry, self._stack.ports["registry-admin"]
        before, began = self._database_cpu_s(), time.monotonic()
        registry.start(until_it_lives(port))
        self._wait_for(lambda: probe.metric(port, "dmp_ingest_events_added_total") >= self._records)
        seconds, pid = time.monotonic() - began, registry.process().pid
        own = cost.cpu_s(pid)
        found = {
            "records_per_s": self._records / seconds,
            "own_cpu_s": own,
            "cpu_s": own + self._database_cpu_s() - before,
            "peak_rss_mib": cost.peak_rss_mib(pid),
            "commits_per_s": probe.metric(port, "dmp_ingest_commits_total") / seconds,
            "lost": self._records - self.count("device_event"),
            "stale": SESSIONS - self._current_sessions(),
        }
        registry.stop()
        return found

    def baseline(self):
        self._empty()
        part = self.baseline_part
        part.brokers, part.database = self._stack.kafka.brokers, self._stack.postgres.connection()
        part.start(probe.wait)
        self._wait_for(lambda: probe.metric(part.port, "dmp_baseline_stored_total") > 0)
        before, began = self._baseline_counts(), time.monotonic()
        time.sleep(BASELINE_S)
        after, seconds = self._baseline_counts(), time.monotonic() - began
        part.stop()
        stored, commits = (b - a for a, b in zip(before, after, strict=True))
        return {"records_per_s": stored / seconds, "commits_per_s": commits / seconds}

    def _baseline_counts(self):
        names = ("dmp_baseline_stored_total", "dmp_baseline_commits_total")
        return [probe.metric(self.baseline_part.port, name) for name in names]

    def _empty(self):
        self._stack.postgres.ask(f"TRUNCATE {TABLES}")
        self._stack.postgres.sql("CHECKPOINT")

    def count(self, table):
        return int(self._stack.postgres.ask(f"SELECT count(*) FROM {table}"))

    def _current_sessions(self):
        """Whose newest record is what the row shows."""
        last_round = FIRST_STAMP + self._records - SESSIONS
        return int(
            self._stack.postgres.ask(
                "SELECT count(*) FROM device_state JOIN device_session"
                " USING (rae, device_session_id)"
                f" WHERE seen_at >= {last_round} AND presence_at = seen_at"
                f" AND software_at = seen_at"
                f" AND firmware_version = '12.5.' || (seen_at - {FIRST_STAMP})"
            )
        )

    def _check_all_there(self, who):
        if (found := self.count("device_event")) != self._records:
            raise Failure(f"{who}: {found} history rows, expected {self._records}")

    def _database_cpu_s(self):
        return cost.cpu_s(self._stack.postgres.process().pid, with_children=True)

    def _wait_for(self, holds):
        deadline = time.monotonic() + DONE_WITHIN_S
        while not holds():
            if time.monotonic() > deadline:
                raise Failure(f"not done within {DONE_WITHIN_S:.0f} s", log=self._stack.registry.log)
            time.sleep(LOOK_S)

