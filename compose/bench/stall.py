"""A database that answers nobody for a while, under load: what the registry holds meanwhile, beside
the consumer it exists to avoid. Each has a database of its own on the same server, and both read
the same topic at the same time.

Twice: frozen (the server's processes stand still, connections stay) and stopped (they are gone).
The steady load runs all the time; the burst begins with the outage. Lag is what was produced and is
not stored yet; it counts as zero again below one second of the steady load.
"""

import contextlib
import http.client
import os
import signal
import time
from pathlib import Path

from compose import probe
from compose.bench import chart, cost, ingest
from compose.bench.tool import Role
from compose.report import Failure

PER_SECOND = 900
BURST, BURST_S = 60_000, 10
WARM_S = 15.0
FROZEN_S, STOPPED_S = 60.0, 300.0
AFTER_S = 45.0  # the steady load goes on for so long
DONE_WITHIN_S = 40.0  # of its end: ours must, the baseline may
LOOK_S = 1.0
SERIES = {"lag": "lag, records", "rss": "RSS, MiB", "queued": "records in its queues"}
WHO = ("registry", "baseline")

WHAT = f"a database away for 60 s and for 5 min, at {PER_SECOND} msg/s with a burst of {BURST}"
TARGETS = {
    f"{name}.{figure}": "0"
    for name in ("frozen", "stopped")
    for figure in ("mib_over_bound", "rebalances", "lost", "stale")
}


def measure(stack, report, checkout, scale=1.0):
    """The figures. `scale` shortens the outages and the burst; only at 1 is the picture in docs/
    drawn anew."""
    bench = Stall(stack, scale)
    with report.step("tool") as step:
        bench.tool.install(checkout, step)
    with report.step("stack") as step:
        bench.start()
        step.result = "PostgreSQL, Kafka, the registry and the baseline"
    figures, columns = {}, []
    for name, seconds, outage in (
        ("frozen", FROZEN_S, bench.frozen),
        ("stopped", STOPPED_S, bench.stopped),
    ):
        with report.step(name) as step:
            step.news(f"for {seconds * scale:.0f} s")
            found, curves, when = bench.round(seconds * scale, outage)
            step.result = f"lag zero {found['s_to_lag_zero']} s after it"
        figures |= {f"{name}.{key}": value for key, value in found.items()}
        columns.append(panels(name, curves, when))
    bench.stop()
    picture = Path(checkout) / ("docs/stall.svg" if scale == 1 else "build/log/stall.svg")
    with stack.state.account.as_root():
        picture.write_text(chart.svg(columns))
    return figures


def panels(name, curves, when):
    """One column of the picture."""
    return [
        chart.Panel(
            f"database {name}: {title}",
            {who: [(t, sample[key]) for t, sample in curves[who]] for who in WHO},
            when,
        )
        for key, title in SERIES.items()
    ]


class Fill(Role):
    """Writes numbered records at a steady rate, and then ends."""

    def __init__(self, name, stack, binary, records, first, per_second):
        self.name, self.port_names = name, (f"{name}-admin",)
        super().__init__(stack, binary)
        self._brokers = stack.kafka.brokers
        self._records, self._first, self._per_second = records, first, per_second
        self._sent = 0
        self._running = None

    def after_start(self):
        self._running = self.process()

    def has_ended(self):
        return self._running is not None and not self._running.alive()

    def command(self):
        return [
            *(self.binary, "fill", "--brokers", self._brokers),
            *("--records", self._records, "--sessions", ingest.SESSIONS, "--from", self._first),
            *("--per-second", self._per_second, "--admin-port", self.port),
        ]

    def sent(self):
        if self.has_ended():
            return self._records
        # It may end between the two questions, or in the middle of its answer.
        with contextlib.suppress(OSError, http.client.HTTPException):
            self._sent = max(self._sent, int(probe.metric(self.port, "dmp_bench_filled_total")))
        return self._sent


class Stall:
    """Both consumers on one stack, through one outage after the other."""

    def __init__(self, stack, scale):
        self._stack = stack
        self._burst = max(1, round(BURST * scale))
        self._bench = ingest.Bench(stack, ingest.RECORDS)
        self.tool = self._bench.tool
        self._baseline = self._bench.baseline_part
        self._produced = 0  # in the rounds before

    def start(self):
        stack = self._stack
        stack.start_servers((stack.postgres, stack.kafka))
        stack.registry.migrate()
        stack.postgres.sql("CREATE DATABASE baseline OWNER dmp;")
        self._baseline.brokers = stack.kafka.brokers
        database = stack.postgres.connection().replace("dbname=dmp", "dbname=baseline")
        self._baseline.database = database
        binary = stack.registry.binary
        done = stack.state.account.run([binary, "migrate", "--database", database])
        if done.returncode:
            raise Failure(f"the baseline's database cannot be made: {done.stderr.strip()}")
        stack.registry.start(probe.wait)
        self._baseline.start(probe.wait)

    def stop(self):
        self._baseline.stop()
        self._stack.registry.stop()

    @contextlib.contextmanager
    def frozen(self):
        server = self._stack.postgres.process()
        held = [server.pid, *cost.children(server.pid)]
        for pid in held:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in reversed(held):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    @contextlib.contextmanager
    def stopped(self):
        self._stack.postgres.stop()
        try:
            yield
        finally:
            self._stack.postgres.start(probe.wait)

    def round(self, outage_s, outage):
        """(figures, who -> [(seconds, sample)], (begin, end) of the outage in seconds)."""
        steady_records = round(PER_SECOND * (WARM_S + outage_s + AFTER_S))
        stack, first = self._stack, self._produced
        steady = Fill("steady", stack, self.tool.binary, steady_records, first, PER_SECOND)
        per_second = max(1, self._burst // BURST_S)
        burst = Fill(
            "burst", stack, self.tool.binary, self._burst, first + steady_records, per_second
        )  # fmt: skip
        watch = Watch(stack, self._baseline, self._produced, [steady])
        steady.start(probe.wait)
        watch.until(lambda: watch.seconds() >= WARM_S)
        began = watch.seconds()
        with outage():
            burst.start(probe.wait)
            watch.fills.append(burst)
            watch.until(lambda: watch.seconds() >= began + outage_s)
        ended = watch.seconds()
        watch.until(lambda: steady.has_ended() and burst.has_ended())
        self._produced += steady_records + self._burst
        deadline = watch.seconds() + DONE_WITHIN_S
        watch.until(lambda: watch.seconds() >= deadline or not any(map(watch.lag, WHO)))
        found = watch.figures("registry", ended)
        found["lost"] = self._produced - self._bench.count("device_event")
        found["stale"] = ingest.SESSIONS - self._current_sessions()
        bound = probe.metric(stack.ports["registry-admin"], "dmp_ingest_memory_bound_bytes")
        found["declared_bound_mib"] = round(bound / 2**20, 1)
        over = found["peak_rss_mib"] - found["declared_bound_mib"]
        found["mib_over_bound"] = round(max(0.0, over), 1)
        beside = watch.figures("baseline", ended)
        del beside["rebalances"]
        found |= {f"baseline_{key}": value for key, value in beside.items()}
        return found, watch.samples, (began, ended)

    def _current_sessions(self):
        """Whose newest record is what the row shows."""
        return int(
            self._stack.postgres.ask(
                "SELECT count(*) FROM device_state t JOIN device_session"
                " USING (rae, device_session_id) JOIN (SELECT rae, device_session_id,"
                " max(timestamp) AS newest FROM device_event GROUP BY 1, 2) e"
                " USING (rae, device_session_id)"
                " WHERE seen_at = newest AND presence_at = newest AND software_at = newest"
                f" AND firmware_version = '12.5.' || (newest - {ingest.FIRST_STAMP})"
            )
        )


class Watch:
    """Looks at both once a second."""

    def __init__(self, stack, baseline, produced, fills):
        self.fills = fills
        self.samples = {who: [] for who in WHO}
        parts = {"registry": stack.registry, "baseline": baseline}
        self._pids = {who: part.process().pid for who, part in parts.items()}
        self._ports = {"registry": stack.ports["registry-admin"], "baseline": baseline.port}
        self._names = {
            "registry": ("dmp_ingest_events_added_total", "dmp_ingest_fetched_records"),
            "baseline": ("dmp_baseline_stored_total", "dmp_baseline_queued_records"),
        }
        self._before = produced
        self._rebalances = self._rebalances_so_far()
        self._began = time.monotonic()

    def seconds(self):
        return time.monotonic() - self._began

    def until(self, holds):
        while not holds():
            self._look()
            time.sleep(LOOK_S)

    def lag(self, who):
        samples = self.samples[who]
        return samples[-1][1]["lag"] if samples else 0

    def figures(self, who, ended):
        samples = self.samples[who]
        caught_up = [t for t, sample in samples if t >= ended and sample["lag"] < PER_SECOND]
        return {
            "peak_rss_mib": round(max(sample["rss"] for _, sample in samples), 1),
            "rebalances": self._rebalances_so_far() - self._rebalances,
            "peak_lag": max(sample["lag"] for _, sample in samples),
            "s_to_lag_zero": round(caught_up[0] - ended, 1) if caught_up else -1.0,
        }

    def _rebalances_so_far(self):
        return int(probe.metric(self._ports["registry"], "dmp_ingest_rebalances_total"))

    def _look(self):
        for who, pid in self._pids.items():
            stored, queued = (probe.metric(self._ports[who], name) for name in self._names[who])
            sent = self._before + sum(fill.sent() for fill in self.fills)
            sample = {
                "lag": max(0, int(sent - stored)),
                "rss": cost.rss_mib(pid),
                "queued": queued,
            }
            self.samples[who].append((self.seconds(), sample))
