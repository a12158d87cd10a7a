"""Whatever is killed under load, nothing is lost; and where it must be lost, that is seen."""

import functools
import time

from compose.demo.promise import Broken, Promise, promise
from compose.fleet import PER_SECOND

KILLED = ("bridge", "registry", "mosquitto", "kafka", "postgres")
WARM_S = 2.0  # until the agents have met their devices
MEASURED_S = 3.0
MORE_S = 10.0  # of load while the part is away and after; Kafka after kill -9 needs longer
MORE_KAFKA_S = 20.0
CONVERGED_WITHIN_S = 30.0
RATE_LEAST = 0.8 * PER_SECOND
ATTEMPTS = 3


def kill_promise(name):
    return Promise(
        f"kill-{name}",
        f"{name} killed under {PER_SECOND} messages per second: nothing lost, nothing stale",
        functools.partial(_nothing_is_lost, name),
    )


def _nothing_is_lost(name, scene):
    part = getattr(scene.stack, name)
    more_s = (MORE_KAFKA_S if name == "kafka" else MORE_S) * scene.pace
    with scene.load(WARM_S + MEASURED_S + more_s) as fleet:
        began = time.monotonic()
        rate = _measured(scene, fleet)
        scene.kill(part)
        away_s = scene.start_again(part)
        ready = time.monotonic()
        time.sleep(max(0.0, began + WARM_S + MEASURED_S + more_s - ready))
        found = scene.compare(fleet.databases, CONVERGED_WITHIN_S)
        seconds = time.monotonic() - ready
    if not found.is_equal:
        raise Broken("lost 0, stale 0, phantom 0", _told(found), part.log)
    return f"{rate:.0f}/s; back after {away_s:.1f} s, equal {seconds:.1f} s later; {found.counts()}"


def _measured(scene, fleet):
    time.sleep(WARM_S)
    rate = scene.records_per_second(MEASURED_S)
    if rate < RATE_LEAST:
        raise Broken(f"a load of {PER_SECOND} messages/s", f"{rate:.0f}/s", fleet.log)
    return rate


@promise("frozen")
def the_broker_killed_before_a_frozen_bridge_loses_nothing(scene):
    found = _broker_lost_with_what_it_acknowledged(scene, "confirm")
    if not found.is_equal:
        raise Broken("lost 0, stale 0, phantom 0", _told(found), scene.log("bridge"))
    return found.counts()


@promise("blind")
def the_same_with_agents_that_forget_at_puback_is_seen_to_lose(scene):
    """What the broker wrote to disk just before survives, so that one try may lose nothing."""
    for _ in range(ATTEMPTS):
        found = _broker_lost_with_what_it_acknowledged(scene, "puback")
        if found.lost:
            return found.counts()
    raise Broken("something lost, or the comparison is blind", found.counts(), scene.log("bridge"))


def _broker_lost_with_what_it_acknowledged(scene, free_on):
    """The bridge takes nothing, the broker acknowledges what it queues, and is killed."""
    stack = scene.stack
    more_s = MORE_S * scene.pace
    with scene.load(WARM_S + more_s, free_on) as fleet:
        time.sleep(WARM_S)
        with scene.frozen(stack.bridge):
            time.sleep(more_s)
            scene.kill(stack.mosquitto)
            scene.start_again(stack.mosquitto)
        return scene.compare(fleet.databases, CONVERGED_WITHIN_S)


def _told(found):
    return "; ".join([found.counts(), *map(str, found.first[:3])])
