"""The bridge beside a naive one on the same libraries: what a message costs, how long it takes from
MQTT to Kafka's acknowledgement, and whether all of it arrived in order. Both by turns, twice, on
one machine with the brokers and the load.
"""

import time

from compose import probe, programs
from compose.bench import cost, hops
from compose.bench.tool import Role, Tool
from compose.report import Failure

TOOL = "dmp-bench-bridge"
AGENTS = 10
ROUNDS = 2
WARM_UP = 150_000
PACED_S = 6
RATES = (1_000, 10_000)  # messages a second
BURST = 60_000
DONE_WITHIN_S = 120.0
LOOK_S = 0.1

WHAT = f"messages of {AGENTS} agents from MQTT to Kafka's acknowledgement"
TARGETS = {
    "messages_per_cpu_s": ">= 60000",
    "ratio_to_naive": ">= 0.85",
    "p50_ms_at_1k": "<= 2",
    "p99_ms_at_1k": "< 15",
    "p50_ms_at_10k": "<= 2",
    "p99_ms_at_10k": "< 15",
    "p99_ratio_to_naive_at_10k": "<= 1.5",
    "peak_rss_mib": "<= 64",
    "lost": "0",
    "order_breaks": "0",
}


def measure(stack, report, checkout):
    """The figures."""
    bench = Bench(stack)
    bench.start(report, checkout)
    with report.step("warm-up") as step:
        bench.warm_up()
        step.result = f"{WARM_UP} messages of each"
    for number in range(1, ROUNDS + 1):
        for rival in bench.rivals[:: 1 if number % 2 else -1]:  # each comes first as often
            with report.step(f"{rival.part.name} {number}") as step:
                bench.play(rival)
                step.result = f"{rival.messages_per_cpu_s():.0f} messages per CPU second"
    with report.step("check") as step:
        bench.check()
        step.result = f"{bench.ours.lost} lost"
    return figures(bench.ours, bench.naive)


def figures(ours, naive):
    """Ratios of one run, and what they are made of."""
    p99 = {rival: rival.percentile_ms(99, 10_000) for rival in (ours, naive)}
    return {
        "messages_per_cpu_s": round(ours.messages_per_cpu_s()),
        "naive_messages_per_cpu_s": round(naive.messages_per_cpu_s()),
        "ratio_to_naive": round(ours.messages_per_cpu_s() / naive.messages_per_cpu_s(), 2),
        "messages_per_s": round(ours.messages_per_s()),
        "p50_ms_at_1k": round(ours.percentile_ms(50, 1_000), 2),
        "p99_ms_at_1k": round(ours.percentile_ms(99, 1_000), 1),
        "p50_ms_at_10k": round(ours.percentile_ms(50, 10_000), 2),
        "p99_ms_at_10k": round(p99[ours], 1),
        "naive_p50_ms_at_10k": round(naive.percentile_ms(50, 10_000), 2),
        "naive_p99_ms_at_10k": round(p99[naive], 1),
        "p99_ratio_to_naive_at_10k": round(p99[ours] / p99[naive], 2),
        **{f"{part}_cores_at_10k": cores for part, cores in ours.cores(10_000).items()},
        "peak_rss_mib": round(ours.peak_rss_mib, 1),
        "naive_peak_rss_mib": round(naive.peak_rss_mib, 1),
        "lost": ours.lost,
        "duplicates": ours.duplicates,
        "order_breaks": ours.order_breaks,
    }


class NaiveBridge(Role):
    """The bridge that produces and returns."""

    name = "naive"
    port_names = ("naive-admin",)
    bridge = "bridge-naive"  # its certificate's name, which the broker's access list knows

    def __init__(self, stack, binary):
        super().__init__(stack, binary)
        self._stack = stack

    def command(self):
        return [
            *(self.binary, "naive", "--name", self.bridge),
            *("--uri", self._stack.mosquitto.uri, "--pki", self.state.pki),
            *("--brokers", self._stack.kafka.brokers, "--admin-port", self.port),
        ]


class Rival:
    """One of the bridges and what was measured of it, over all its rounds."""

    def __init__(self, part, bridge, metrics):
        self.part = part
        self.bridge = bridge  # client id
        self.stored, self.latency = f"{metrics}_stored_total", f"{metrics}_stored_after_seconds"
        self.prefix = f"rae-{part.name}"
        self.sent = 0
        self.peak_rss_mib = 0.0
        self.lost = self.duplicates = self.order_breaks = 0
        self._burst = {"messages": 0, "cpu_s": 0.0, "seconds": 0.0}
        self._latencies = {rate: {} for rate in RATES}
        self._spent = {rate: (0.0, {}) for rate in RATES}

    def add_latencies(self, rate, counts):
        known = self._latencies[rate]
        for bound, count in counts.items():
            known[bound] = known.get(bound, 0) + count

    def add_spent(self, rate, seconds, spent_s):
        before_s, before = self._spent[rate]
        spent_s = {part: before.get(part, 0.0) + spent for part, spent in spent_s.items()}
        self._spent[rate] = before_s + seconds, spent_s

    def cores(self, rate):
        """Who kept how many of the machine's cores busy at that rate."""
        return cost.cores(*self._spent[rate])

    def add_burst(self, **found):
        for name, value in found.items():
            self._burst[name] += value

    def percentile_ms(self, percent, rate):
        return 1000 * hops.quantile(self._latencies[rate], percent)

    def messages_per_cpu_s(self):
        return self._burst["messages"] / self._burst["cpu_s"]

    def messages_per_s(self):
        return self._burst["messages"] / self._burst["seconds"]


class Bench:
    """Both rivals on one stack."""

    def __init__(self, stack):
        self._stack = stack
        self._tool = Tool(stack, TOOL)
        naive = NaiveBridge(stack, self._tool.binary)
        self.naive = Rival(naive, naive.bridge, "dmp_naive")
        self.ours = Rival(stack.bridge, programs.BRIDGE_NAME, "dmp_bridge")
        self.rivals = (self.naive, self.ours)

    def start(self, report, checkout):
        """Everything but the rivals, of which one runs at a time."""
        with report.step("tool") as step:
            self._tool.install(checkout, step)
        with report.step("stack") as step:
            self._stack.start_servers((self._stack.mosquitto, self._stack.kafka))
            self._prepare()
            step.result = "Mosquitto and Kafka"

    def _prepare(self):
        """Certificates of everybody who connects."""
        for rival in self.rivals:
            self._stack.authority.issue(rival.bridge)
            for number in range(AGENTS):
                self._stack.authority.issue(f"{rival.prefix}-{number}")
        self._stack.mosquitto.reload_acl()

    def running(self, rival):
        """The block in which it runs."""
        return Running(self._stack, self._tool, rival)

    def warm_up(self):
        """The first messages find cold caches and, in Kafka, code that is compiled meanwhile. What
        it is compiled to depends on whom it serves. Ours first: the naive one would lose what Kafka
        is too slow for until then."""
        for rival in (self.ours, self.naive):
            with self.running(rival) as running:
                running.send(WARM_UP, RATES[-1])

    def play(self, rival):
        with self.running(rival) as running:
            for rate in RATES:
                before, meter = running.latencies(), cost.Meter(running.pids())
                running.send(rate * PACED_S, rate)
                rival.add_spent(rate, *meter.spent())
                rival.add_latencies(rate, hops.since(before, running.latencies()))
            cpu_s, began = running.cpu_s(), time.monotonic()
            running.send(BURST)
            rival.add_burst(
                messages=BURST, cpu_s=running.cpu_s() - cpu_s, seconds=time.monotonic() - began
            )
            rival.peak_rss_mib = max(rival.peak_rss_mib, running.peak_rss_mib())

    def check(self):
        for rival in self.rivals:
            found = self._tool.run(
                "check", brokers=self._stack.kafka.brokers, prefix=rival.prefix, agents=AGENTS,
                messages=rival.sent,
            )  # fmt: skip
            rival.lost, rival.duplicates, rival.order_breaks = map(int, found.split())


def forget(stack, bridge):
    """Or the broker would queue for it whatever the other one is sent. A connection with a clean
    start that ends is the end of the session."""
    files = stack.authority.files(bridge)
    probe.mqtt(stack.mosquitto.port, stack.authority.certificate, *files, bridge)


class Running:
    """One round of a rival: started, and gone with all that the broker kept for it."""

    def __init__(self, stack, tool, rival):
        self._stack = stack
        self._tool = tool
        self._rival = rival
        self.sent = 0  # in this round

    def __enter__(self):
        self._rival.part.start(probe.wait)
        self._pid = self._rival.part.process().pid
        return self

    def __exit__(self, *_):
        self._rival.part.stop()
        forget(self._stack, self._rival.bridge)

    def send(self, messages, per_second=0):
        """Returns when Kafka has them."""
        self._tool.run("publish", **self._load(messages, per_second))
        deadline = time.monotonic() + DONE_WITHIN_S
        while (stored := self.stored()) < self.sent:
            if time.monotonic() > deadline:
                raise Failure(
                    f"{self.sent} messages sent, {stored:.0f} stored", log=self._rival.part.log
                )
            time.sleep(LOOK_S)

    def sending(self, messages, per_second):
        """The block beside which they are sent; yields what sends them."""
        return self._tool.beside("publish", **self._load(messages, per_second))

    def _load(self, messages, per_second):
        rival, stack = self._rival, self._stack
        first = rival.sent
        rival.sent += messages
        self.sent += messages
        return {
            "uri": stack.mosquitto.uri,
            "pki": stack.state.pki,
            "prefix": rival.prefix,
            "agents": AGENTS,
            "messages": messages,
            "per_second": per_second,
            "from": first,
        }

    def stored(self):
        return probe.metric(self._rival.part.port, self._rival.stored)

    def latencies(self):
        return probe.histogram(self._rival.part.port, self._rival.latency)

    def pids(self):
        """Who shares the machine with the load."""
        servers = (self._stack.mosquitto, self._stack.kafka)
        parts = {part.name: [part.process().pid] for part in servers}
        return {"bridge": [self._pid], **parts}

    def cpu_s(self):
        return cost.cpu_s(self._pid)

    def peak_rss_mib(self):
        return cost.peak_rss_mib(self._pid)
