"""Who sends a command to a RAE that is not there learns it at once, and no other command waits."""

import json
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

from compose.demo.promise import Broken, Promise, wait
from compose.programs import BRIDGE_NAME

HERE, UNHEARD, GONE = "rae-here", "rae-unheard", "rae-gone"
AGENTS = "dmp.agents"
COMMANDS = "dmp.device-commands"
REPLIES = "dmp.command-replies"
WITHIN_S = 1.0
LATE_S = 10.0  # what is late is waited for, to say how late it is
READY_WITHIN_S = 60.0  # until the bridge reads commands
HEARD_WITHIN_S = 15.0
EXPIRES_S = 120
CLOCKS_S = 2.0  # Kafka's record times may be this much before ours


def _answered_away(scene):
    began = time.time() - CLOCKS_S
    with scene.client(HERE) as here, scene.following(REPLIES) as replies:
        desk = Desk(scene, here, replies)
        desk.send(UNHEARD, READY_WITHIN_S).check(READY_WITHIN_S)  # the bridge may have just begun
        unheard = desk.send(UNHEARD, LATE_S).check(WITHIN_S)
        _come_and_go(scene, began)
        gone = desk.send(GONE, LATE_S).check(WITHIN_S)
    return f"never heard of: {unheard}; gone offline: {gone}"


AWAY = Promise(
    "away",
    "a command for a RAE that is not there is answered `away` within a second, and holds up nothing"
    " behind it",
    _answered_away,
    ("bridge", "mosquitto", "kafka"),
)


@dataclass(frozen=True)
class Seen:
    """What became of two commands, one right behind the other. Both times begin before Kafka is
    given them, so they are somewhat more than from Kafka's acknowledgement on: until a reader of
    Kafka has the answer for who is not there, and until the other command is at its RAE. None: not
    within `patience_s`."""

    rae: str
    answered_s: float | None
    arrived_s: float | None
    patience_s: float
    log: Path

    def check(self, within_s):
        """Itself, if both were in time."""
        if any(took is None or took > within_s for took in (self.answered_s, self.arrived_s)):
            expected = f"`away` for {self.rae}, the next command at {HERE}, within {within_s:g} s"
            raise Broken(expected, str(self), self.log)
        return self

    def __str__(self):
        answered, arrived = self._told(self.answered_s), self._told(self.arrived_s)
        return f"`away` {answered}, the next command there {arrived}"

    def _told(self, took):
        if took is None:
            return f"not within {self.patience_s:.0f} s"
        return f"after {1000 * took:.0f} ms"


class Desk:
    """Sends commands in pairs."""

    def __init__(self, scene, here, replies):
        self._scene = scene
        self._here = here
        self._replies = replies
        self._session = str(uuid.uuid4())
        here.subscribe(_topic(HERE, self._session, "command"))

    def send(self, rae, patience_s):
        """One for `rae`, which is not there, and right behind it one for who is."""
        session, first, second = (str(uuid.uuid4()) for _ in range(3))
        began = time.monotonic()
        records = [_command(rae, session, first), _command(HERE, self._session, second)]
        self._scene.write(COMMANDS, records, _headers())
        arrived_at = self._arrived_at(second, patience_s)
        answered_at = self._answered_at(_topic(rae, session, "reply"), first, began + patience_s)
        took = (at and at - began for at in (answered_at, arrived_at))
        return Seen(rae, *took, patience_s, self._scene.log("bridge"))

    def _arrived_at(self, command_id, patience_s):
        try:
            while command_id not in self._here.receive(patience_s)[1].decode():
                pass
        except TimeoutError:
            return None
        return time.monotonic()

    def _answered_at(self, key, command_id, until):
        while found := self._replies.next(until - time.monotonic()):
            record, at = found
            reply = json.loads(record.value)
            if (record.key, reply["command_id"]) == (key, command_id) and reply["state"] == "away":
                return at
        return None


def _come_and_go(scene, began):
    """Says `online`, then `offline`, and disconnects; returns when the bridge has heard it."""
    topic = f"dmp/v1/{GONE}/agent/presence"
    with scene.client(GONE) as gone:
        for status in ("online", "offline"):
            gone.publish(topic, _presence(status))

    def unheard():
        said = [r.value for r in scene.records(AGENTS, began) if r.key == topic]
        return "" if any('"offline"' in one for one in said) else f"{said} in {AGENTS}"

    wait(unheard, f"`offline` of {GONE} in Kafka", HEARD_WITHIN_S, scene.log("bridge"))


def _topic(rae, session, leaf):
    return f"dmp/v1/{rae}/{session}/{leaf}"


def _command(rae, session, command_id):
    value = {"schema": 1, "command_id": command_id}
    return _topic(rae, session, "command"), json.dumps(value)


def _headers():
    expires_at = time.time_ns() // 1000 + EXPIRES_S * 1_000_000
    return {"dmp-bridge": BRIDGE_NAME, "dmp-expires-at": expires_at}


def _presence(status):
    presence = {"schema": 1, "timestamp": time.time_ns() // 1000, "status": status}
    return json.dumps(presence).encode()
