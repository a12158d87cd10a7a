"""3000 canary clients on top of the normal load, the whole secured way, and what it did to the real
devices meanwhile; then how fast the broker lets clients in, beside what the cores could do at most.
"""

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor

from compose import canary_access
from compose.bench import cost
from compose.bench.staleness import WARM_S, Reader, percentile, watch
from compose.fleet import AGENTS, DEVICES, PER_SECOND, Fleet
from compose.report import Failure

CLIENTS = 3000
RATE = 300
RAMP_S, PUBLISH_S = 20, 30
GRACE_S = 30
LONGEST_S = RAMP_S * 1.5 + PUBLISH_S + 5 * GRACE_S  # what a run may take at most
NORMAL_S = 150.0  # how long the agents edit: longer than a run that holds
FULL_SPEED = 1000  # clients that connect as fast as they are let in

WHAT = f"{CLIENTS} clients, {RATE} updates/s of theirs, on top of {PER_SECOND} messages per second"
TARGETS = {
    "peak_lag": "< 20000",
    "s_to_lag_zero": "<= 10",
    "lost": "0",
}
TOLD = (
    *("clients", "connected", "refused", "disconnected", "sent", "unsent", "lost", "duplicates"),
    *("reordered", "not_visible", "peak_lag", "s_to_lag_zero", "lag_before"),
    *("connect_p50_ms", "connect_p99_ms", "suback_p99_ms", "puback_p50_ms", "puback_p99_ms"),
    *("confirmed_p50_ms", "confirmed_p99_ms", "visible_p50_ms", "visible_p99_ms"),
    *("confirmed_max_ms", "bridge_stored_p99_ms", "bridge_oldest_s", "ingest_batch_p99_ms"),
    *("wire_late_p50_ms", "wire_late_p99_ms", "retransmitted", "load_average"),
)


def measure(stack, report, _checkout):
    """The figures."""
    with report.step("stack") as step:
        stack.start_servers()
        stack.start_programs()
        fleet = Fleet(stack, "bench")
        fleet.start(NORMAL_S)
        step.result = f"whole, {AGENTS} agents with {DEVICES} devices each"
    time.sleep(WARM_S)
    canary = Canary(stack)
    with report.step("canary") as step:
        step.news(f"{CLIENTS} clients")
        burst, ages_ms = beside_real_devices(
            lambda: canary.run(
                clients=CLIENTS, rate=RATE, ramp=f"{RAMP_S}s", publish=f"{PUBLISH_S}s",
                grace=f"{GRACE_S}s",
            ),
            Reader(stack, fleet.serials[0]),
        )  # fmt: skip
        step.result = f"{burst['verdict']}: {'; '.join(burst['evidence'])}"
    fleet.stop()
    with report.step("connects") as step:
        connects = canary.connect_as_fast_as_possible()
        step.result = f"{connects['connects_per_s']:.0f} a second"
    return {**figures(burst, ages_ms), **connects, "verdict": burst["verdict"]}


def figures(burst, ages_ms):
    """What the canary's report and the watched real devices say."""
    found = burst["figures"]
    told = {name: round(found[name], 1) if name in found else None for name in TOLD}
    thousands = found["clients"] / 1000
    return {
        **told,
        "real_staleness_samples": len(ages_ms),
        "real_staleness_p50_ms": round(percentile(ages_ms, 50), 1) if ages_ms else None,
        "real_staleness_p99_ms": round(percentile(ages_ms, 99), 1) if ages_ms else None,
        "canary_cpu_s_per_1000": round(found["cpu_s"] / thousands, 2),
        "canary_rss_mib_per_1000": round(found["rss_mib"] / thousands, 1),
    }


def beside_real_devices(run, reader):
    """(the canary's report, ages of real devices' values when first seen, while it ran)."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        running = pool.submit(run)
        ages_ms, _ = watch(reader, running.done)
        return running.result(), ages_ms


class Canary:
    """dmp-canary against one stack."""

    def __init__(self, stack):
        self._stack = stack
        self._reports = stack.state.data / "canary"
        self._reports.mkdir(exist_ok=True)

    def command(self, target, **options):
        """Its command line; the report goes to `target`. An option that is None is left out."""
        access = {
            **canary_access.settings(self._stack),
            "certificates": self._reports / "certificates",
            "json": target,
            "html": target.with_suffix(".html"),
        }
        flags = {**access, **{name.replace("_", "-"): value for name, value in options.items()}}
        argv = [self._stack.state.bin / "dmp-canary", "run"]
        return argv + [f"--{name}={value}" for name, value in flags.items() if value is not None]

    def run(self, **options):
        """Its report, whatever it says of the platform."""
        target = self._reports / "report.json"
        target.unlink(missing_ok=True)
        done = self._stack.state.account.run(self.command(target, **options), seconds=LONGEST_S)
        self._stack.state.write(self._stack.state.log / "canary.log", done.stdout + done.stderr)
        if not target.exists():
            raise Failure(
                f"dmp-canary ended with {done.returncode} and no report",
                log=self._stack.state.log / "canary.log",
            )
        return json.loads(target.read_text())

    def connect_as_fast_as_possible(self):
        """How many clients a second the broker lets in, and how many the cores could at most:
        what the two ends of a connect cost, on all cores."""
        mosquitto = self._stack.mosquitto.process().pid
        before = cost.cpu_s(mosquitto)
        alone = {"rest": None, "bridge_metrics": None, "registry_metrics": None, "probe": "false"}
        report = self.run(
            clients=FULL_SPEED, rate=0, ramp="0ms", publish="0ms", hold="0ms", **alone
        )
        broker_cpu_s = cost.cpu_s(mosquitto) - before
        connect = next(phase for phase in report["phases"] if phase["phase"] == "connect")
        each_s = (broker_cpu_s + report["figures"]["cpu_s"]) / FULL_SPEED
        per_s = FULL_SPEED / connect["took_s"]
        limit = os.cpu_count() / each_s
        return {
            "connects_per_s": round(per_s),
            "connects_per_s_limit": round(limit),
            "connect_client_cpu_ms": round(1000 * report["figures"]["cpu_s"] / FULL_SPEED, 2),
            "connect_broker_cpu_ms": round(1000 * broker_cpu_s / FULL_SPEED, 2),
        }
