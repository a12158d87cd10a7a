"""The bridge beside Telegraf, the best of the others that were tried: the only one that acknowledges
to MQTT after Kafka has a message and moves as many. And beside the naive bridge, which any bridge on
the same libraries can at best be as cheap as. By turns on one machine, broker, listener and topic,
with the same messages; measured from outside, by what Kafka holds.
"""

import os
import time

from compose import kafka_wire, probe, programs
from compose.bench import cost, telegraf_tool
from compose.bench.bridge import AGENTS, DONE_WITHIN_S, LOOK_S, TOOL, NaiveBridge, forget
from compose.bench.tool import Tool
from compose.report import Failure

ROUNDS = 2
WARM_UP = 10_000
RATE, PACED_S = 1_000, 4
BURST = 60_000
# What the broker sends ahead of acknowledgements to a client that cannot ask for a number of its
# own; with Mosquitto's 20 it would wait for Kafka all the time.
AHEAD = 1_000
TOPIC = "dmp.device-updates"
KNOCK = "rae-knock"
KNOCKS = 20

WHAT = f"messages of {AGENTS} agents from MQTT to Kafka, mutual TLS, QoS 1, acks=all"
TARGETS = {
    "ratio_to_telegraf": ">= 1.46",  # 60 k to its 41 k
    "lost": "0",
    "order_breaks": "0",
}


def measure(stack, report, checkout):
    """The figures; those of Telegraf are left out if it cannot be built."""
    with report.step("telegraf") as step:
        telegraf, step.result = installed(stack.state.account, step)
    tool = Tool(stack, TOOL)
    with report.step("tool") as step:
        tool.install(checkout, step)
    with report.step("stack") as step:
        stack.mosquitto.inflight_messages = AHEAD
        stack.start_servers((stack.mosquitto, stack.kafka))
        step.result = "Mosquitto and Kafka"
    peers = [Peer(NaiveBridge(stack, tool.binary), NaiveBridge.bridge)]
    if telegraf:
        peers.append(Peer(telegraf_tool.Telegraf(stack, telegraf, AHEAD), "bridge-telegraf"))
    peers.append(Peer(stack.bridge, programs.BRIDGE_NAME))
    bench = Bench(stack, tool, peers)
    bench.prepare()
    for number in range(1, ROUNDS + 1):
        for peer in peers[:: 1 if number % 2 else -1]:  # a machine that warms up favours nobody
            with report.step(f"{peer.name} {number}") as step:
                bench.play(peer)
                step.result = f"{peer.messages_per_cpu_s():.0f} messages per CPU second"
    with report.step("check") as step:
        bench.check()
        step.result = f"{peers[-1].lost} lost"
    return figures({peer.name: peer for peer in peers})


def installed(account, step):
    """(the program, in words); nothing and why if it cannot be had."""
    try:
        with account.as_root():
            return telegraf_tool.install(os.environ, step), telegraf_tool.VERSION
    except Failure as failure:
        return None, f"left out: {failure.what}"
    except OSError as error:
        return None, f"left out: {error}"


def figures(peers):
    """What each reached, and ours as a share of theirs."""
    ours = peers["bridge"]
    found = dict(ours.figures())
    for name in ("naive", "telegraf"):
        if name not in peers:
            found[name] = "left out"
            continue
        found |= {f"{name}_{figure}": value for figure, value in peers[name].figures().items()}
        ratio = ours.messages_per_cpu_s() / peers[name].messages_per_cpu_s()
        found[f"ratio_to_{name}"] = round(ratio, 2)
    return found


class Peer:
    """One of the bridges, and what was measured of it over all its rounds."""

    def __init__(self, part, bridge):
        self.part = part
        self.name = part.name
        self.bridge = bridge  # client id
        self.prefix = f"rae-{part.name}"
        self.sent = 0
        self.peak_rss_mib = 0.0
        self.lost = self.duplicates = self.order_breaks = 0
        self._messages, self._cpu_s, self._seconds = 0, 0.0, 0.0
        self._latencies = []  # (p50, p99) of each round

    def add_burst(self, messages, cpu_s, seconds):
        self._messages += messages
        self._cpu_s += cpu_s
        self._seconds += seconds

    def add_latencies(self, p50_ms, p99_ms):
        self._latencies.append((p50_ms, p99_ms))

    def messages_per_cpu_s(self):
        return self._messages / self._cpu_s

    def figures(self):
        """The better round's latencies: what disturbs one is the machine."""
        p50_ms, p99_ms = min(self._latencies)
        return {
            "messages_per_cpu_s": round(self.messages_per_cpu_s()),
            "messages_per_s": round(self._messages / self._seconds),
            f"p50_ms_at_{RATE // 1000}k": round(p50_ms, 2),
            f"p99_ms_at_{RATE // 1000}k": round(p99_ms, 1),
            "peak_rss_mib": round(self.peak_rss_mib, 1),
            "lost": self.lost,
            "duplicates": self.duplicates,
            "order_breaks": self.order_breaks,
        }


class Bench:
    """All peers on one stack, one at a time."""

    def __init__(self, stack, tool, peers):
        self._stack = stack
        self._tool = tool
        self._peers = peers

    def prepare(self):
        """Certificates of everybody who connects."""
        authority = self._stack.authority
        authority.issue(f"{KNOCK}-0")
        for peer in self._peers:
            authority.issue(peer.bridge)
            for number in range(AGENTS):
                authority.issue(f"{peer.prefix}-{number}")
        self._stack.mosquitto.reload_acl()

    def play(self, peer):
        peer.part.start(probe.wait)
        try:
            self._knock(peer)
            self._burst(peer, WARM_UP)
            options = {**self._load(peer, RATE * PACED_S), "per_second": RATE}
            took = self._tool.run("through", brokers=self._stack.kafka.brokers, **options)
            peer.add_latencies(*map(float, took.split()))
            pid = peer.part.process().pid
            cpu_s, began = cost.cpu_s(pid), time.monotonic()
            self._burst(peer, BURST)
            seconds = time.monotonic() - began
            peer.add_burst(BURST, cost.cpu_s(pid) - cpu_s, seconds)
            peer.peak_rss_mib = max(peer.peak_rss_mib, cost.peak_rss_mib(pid))
        finally:
            peer.part.stop()
            forget(self._stack, peer.bridge)

    def check(self):
        for peer in self._peers:
            found = self._tool.run(
                "check", brokers=self._stack.kafka.brokers, prefix=peer.prefix, agents=AGENTS,
                messages=peer.sent,
            )  # fmt: skip
            peer.lost, peer.duplicates, peer.order_breaks = map(int, found.split())

    def _knock(self, peer):
        """Until a message comes through: not everybody tells when it has subscribed."""
        before = self._stored()
        for _ in range(KNOCKS):
            self._publish(prefix=KNOCK, agents=1, messages=1)
            if self._comes(before + 1, seconds=1.0):
                return
        raise Failure(f"{peer.name} passes nothing on", log=peer.part.log)

    def _burst(self, peer, messages):
        """Returns when Kafka has them."""
        goal = self._stored() + messages
        self._publish(**self._load(peer, messages))
        if not self._comes(goal, DONE_WITHIN_S):
            raise Failure(
                f"{goal - self._stored()} of {messages} messages not stored", log=peer.part.log
            )

    def _load(self, peer, messages):
        """The next messages of its agents."""
        first, peer.sent = peer.sent, peer.sent + messages
        return {"prefix": peer.prefix, "agents": AGENTS, "messages": messages, "from": first,
                **self._broker()}  # fmt: skip

    def _broker(self):
        return {"uri": self._stack.mosquitto.uri, "pki": self._stack.state.pki}

    def _publish(self, **options):
        self._tool.run("publish", **{**self._broker(), **options})

    def _stored(self):
        return sum(kafka_wire.end_offsets(self._stack.kafka.port, TOPIC))

    def _comes(self, goal, seconds):
        deadline = time.monotonic() + seconds
        while self._stored() < goal:
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_S)
        return True
