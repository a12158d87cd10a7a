"""A RAE speaks for itself only."""

import json
import time
import uuid

from compose.demo.promise import Broken, promise, wait
from compose.virtual_lab import SERIAL

INTRUDER = "rae-intruder"
UPDATES = "dmp.device-updates"
DEAD_LETTERS = "dmp.dead-letters"
NOT_AUTHORIZED = 0x87
ARRIVES_WITHIN_S = 15.0
CLOCKS_S = 2.0  # Kafka's record times may be this much before ours


@promise("foreign-session", "mosquitto", "bridge")
def a_rae_that_writes_the_session_of_another_is_refused(scene):
    began = time.time() - CLOCKS_S
    session = scene.items()[0]["device_session_id"]
    forged = f"dmp/v1/{SERIAL}/{session}/update"
    own = f"dmp/v1/{INTRUDER}/{uuid.uuid4()}/update"
    mark = str(uuid.uuid4())
    with scene.client(INTRUDER) as client:
        code = client.publish(forged, _update(mark))
    if code != NOT_AUTHORIZED:
        raise Broken(f"PUBACK 0x{NOT_AUTHORIZED:02x}", f"0x{code:02x}", scene.log("mosquitto"))
    with scene.client(INTRUDER) as client:
        client.publish(own, _update(mark))

    def absent():
        keys = {record.key for record in scene.records(UPDATES, began) if mark in record.value}
        if forged in keys:
            raise Broken("nothing of it in Kafka", f"a record of {forged}", scene.log("bridge"))
        return "" if own in keys else "not even its own message is in Kafka"

    wait(absent, "its own message in Kafka", ARRIVES_WITHIN_S, scene.log("bridge"))
    return f"PUBACK 0x{code:02x}, nothing in Kafka; its own session is taken"


@promise("foreign-reply", "mosquitto", "bridge")
def a_rae_that_wants_the_answer_sent_to_another_is_a_dead_letter(scene):
    began = time.time() - CLOCKS_S
    topic = f"dmp/v1/{INTRUDER}/{uuid.uuid4()}/update"
    with scene.client(INTRUDER) as client:
        client.publish(topic, _update("foreign reply"), f"dmp/v1/{SERIAL}/agent/confirm", b"1")
    found = []

    def absent():
        found[:] = [r for r in scene.records(DEAD_LETTERS, began) if r.key == topic]
        return "" if found else "no dead letter of it"

    wait(absent, f"it in {DEAD_LETTERS}", ARRIVES_WITHIN_S, scene.log("bridge"))
    reason = found[0].headers.get("dmp-reason", "")
    if not reason:
        raise Broken("a reason in its headers", str(found[0].headers), scene.log("bridge"))
    if any(record.key == topic for record in scene.records(UPDATES, began)):
        raise Broken("nothing of it in device updates", topic, scene.log("bridge"))
    return f"dead letter: {reason}"


def _update(mark):
    now_us = time.time_ns() // 1000
    software = {"timestamp": now_us, "app_version": mark}
    update = {"schema": 1, "kind": "change", "timestamp": now_us, "facets": {"software": software}}
    return json.dumps(update).encode()
