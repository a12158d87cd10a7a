"""Kafka is killed for a minute while messages come from MQTT: what the bridge makes of it, and what
a naive one on the same libraries does, by which the bench is known to see a loss. Then Kafka is
back, and the bench waits until no more is stored.
"""

import time

from compose import probe
from compose.bench import bridge
from compose.report import Failure

PER_SECOND = 1_000
BEFORE_S, AWAY_S, AFTER_S = 10, 60, 10
MESSAGES = PER_SECOND * (BEFORE_S + AWAY_S + AFTER_S)
SETTLED_S = 15.0  # so long nothing more was stored
DONE_WITHIN_S = 300.0
LOOK_S = 0.2

WHAT = f"Kafka killed for {AWAY_S} s under {PER_SECOND} messages per second from MQTT"
TARGETS = {
    "lost": "0",
    "order_breaks": "0",
    "peak_rss_mib": "<= 64",
    "naive_lost": "> 0",  # or the bench is blind
}


def measure(stack, report, checkout):
    """The figures."""
    bench = bridge.Bench(stack)
    bench.start(report, checkout)
    seconds = {}
    for rival in (bench.ours, bench.naive):
        with report.step(rival.part.name) as step, bench.running(rival) as running:
            seconds[rival] = outlast(stack, running, step)
            rival.peak_rss_mib = running.peak_rss_mib()
            step.result = f"{running.stored():.0f} of {MESSAGES} stored"
    with report.step("check") as step:
        bench.check()
        step.result = f"{bench.ours.lost} lost"
    return figures(bench.ours, bench.naive, seconds[bench.ours])


def figures(ours, naive, seconds):
    return {
        "sent": ours.sent,
        "lost": ours.lost,
        "order_breaks": ours.order_breaks,
        "duplicates": ours.duplicates,
        "peak_rss_mib": round(ours.peak_rss_mib, 1),
        "s_to_all_stored": round(seconds, 1),
        "naive_lost": naive.lost,
        "naive_order_breaks": naive.order_breaks,
        "naive_duplicates": naive.duplicates,
        "naive_peak_rss_mib": round(naive.peak_rss_mib, 1),
    }


def outlast(stack, running, step):
    """Returns how long it took, from Kafka's return, until no more was stored."""
    with running.sending(MESSAGES, PER_SECOND) as load:
        time.sleep(BEFORE_S)
        stack.kafka.kill()
        step.news(f"Kafka is away for {AWAY_S} s")
        time.sleep(AWAY_S)
        stack.kafka.start(probe.wait)
        back = time.monotonic()
        load.result()
    return settle(running, step) - back


def settle(running, step):
    """The moment of the last message stored: all are, or no more come."""
    stored, at = running.stored(), time.monotonic()
    began = at
    while stored < running.sent and time.monotonic() - at < SETTLED_S:
        if time.monotonic() - began > DONE_WITHIN_S:
            raise Failure(f"{stored:.0f} of {running.sent} stored after {DONE_WITHIN_S:.0f} s")
        time.sleep(LOOK_S)
        step.news(f"{stored:.0f} of {running.sent} stored")
        if (now := running.stored()) > stored:
            stored, at = now, time.monotonic()
    return at
