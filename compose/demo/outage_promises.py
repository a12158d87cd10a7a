"""Whatever is killed under load, nothing is lost; and where it must be lost, that is seen."""

import functools
import time

from compose.demo.promise import Broken, Promise, promise, wait
from compose.demo.scene import fleet_name
from compose.fleet import PER_SECOND, agent_name

KILLED = ("bridge", "registry", "mosquitto", "kafka", "postgres")
WARM_S = 2.0  # until the agents have met their devices
MEASURED_S = 3.0
MORE_S = 6.0  # of load while the part is away and after; Kafka after kill -9 needs longer
MORE_KAFKA_S = 18.0
FROZEN_S = 6.0
CONVERGED_WITHIN_S = 30.0
LOST_FOR_GOOD_S = 10.0  # what is only late arrives long before
ATTEMPTS = 3
CONFIRMED = agent_name(fleet_name("confirm"), 1)  # one log of ten alike
FORGETFUL = agent_name(fleet_name("puback"), 1)


def kill_promise(name):
    return Promise(
        f"kill-{name}",
        f"{name} killed under load: nothing lost, nothing stale",
        functools.partial(_nothing_is_lost, name),
        tuple(dict.fromkeys((name, "bridge", "registry", CONFIRMED))),
    )


def _nothing_is_lost(name, scene):
    part = getattr(scene.stack, name)
    more_s = (MORE_KAFKA_S if name == "kafka" else MORE_S) * scene.form.pace
    with scene.load(WARM_S + MEASURED_S + more_s, scene.form.per_second) as fleet:
        began = time.monotonic()
        rate = _measured(scene, fleet)
        scene.kill(part)
        away_s = scene.start_again(part)
        behind_s = _caught_up(scene, fleet, part)
        time.sleep(max(0.0, began + WARM_S + MEASURED_S + more_s - time.monotonic()))
        found = scene.compare(fleet.databases, CONVERGED_WITHIN_S)
    if not found.is_equal:
        raise Broken("lost 0, stale 0, phantom 0", _told(found), part.log)
    return (
        f"{rate:.0f} messages/s; ready after {away_s:.1f} s, converged {behind_s:.1f} s later;"
        f" {found.counts()}"
    )


def _caught_up(scene, fleet, part):
    """Seconds until the cloud has all that the agents know now, while they go on."""
    with scene.copies(fleet.databases) as known:
        return wait(
            lambda: _behind(scene.compare(known, within_s=0)),
            "all that the agents knew when it was ready",
            CONVERGED_WITHIN_S,
            part.log,
        )


def _behind(found):
    return f"{found.lost} facets behind" if found.lost else ""


def _measured(scene, fleet):
    time.sleep(WARM_S)
    rate = scene.records_per_second(MEASURED_S)
    least = scene.form.least_per_second
    if rate < least:
        raise Broken(f"a load of {least} messages/s at least", f"{rate:.0f}/s", fleet.log)
    return rate


@promise("frozen", "mosquitto", "bridge", "registry", CONFIRMED)
def the_broker_killed_before_a_frozen_bridge_loses_nothing(scene):
    found, seconds = _broker_lost_with_its_queue(scene, FROZEN_S, "confirm", CONVERGED_WITHIN_S)
    if not found.is_equal:
        raise Broken("lost 0, stale 0, phantom 0", _told(found), scene.log("bridge"))
    return f"converged {seconds:.1f} s after the bridge went on; {found.counts()}"


@promise("blind", "mosquitto", "bridge", "registry", FORGETFUL)
def the_same_with_agents_that_forget_at_puback_is_seen_to_lose(scene):
    """What the broker wrote to disk just before survives, so that one try may lose nothing."""
    for attempt in range(1, ATTEMPTS + 1):
        frozen_s = FROZEN_S * attempt
        found, _ = _broker_lost_with_its_queue(scene, frozen_s, "puback", LOST_FOR_GOOD_S)
        if found.lost:
            return f"free-on=puback: {found.counts()}"
    raise Broken("something lost, or the comparison is blind", found.counts(), scene.log("bridge"))


def _broker_lost_with_its_queue(scene, frozen_s, free_on, within_s):
    """The bridge takes nothing; the broker acknowledges what it queues, and is killed. Always under
    the whole load: what the bridge's own socket holds survives, and the queue must be far longer.
    """
    stack = scene.stack
    with scene.load(WARM_S + frozen_s, PER_SECOND, free_on) as fleet:
        time.sleep(WARM_S)
        with scene.frozen(stack.bridge):
            time.sleep(frozen_s)
            scene.kill(stack.mosquitto)
            scene.start_again(stack.mosquitto)
        went_on = time.monotonic()
        found = scene.compare(fleet.databases, within_s)
        return found, time.monotonic() - went_on


def _told(found):
    return "; ".join([found.counts(), *map(str, found.first[:3])])
