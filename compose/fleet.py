"""Agents whose LAN is a script: load that goes the whole real way, from SQLite to the REST list.

Each has a serial, a certificate and a database of its own. The database outlives a round, as a
router's does; the script begins anew with each.
"""

import json
from concurrent.futures import ThreadPoolExecutor

from compose import probe, programs

AGENTS = 10
DEVICES = 40  # on the LAN of each
PER_SECOND = 900  # messages of all together
# Edits of one device that its agent writes in one transaction are one message: about one in 90.
EDITS_PER_MESSAGE = 91 / 90


class ScriptedAgent(programs.Program):
    """One of them. `round_` is the script to play: its text and what frees an outbox row."""

    stops_within_s = 15.0

    def __init__(self, state, ports, authority, mosquitto, name):
        self.name = name
        self.port_names = (f"{name}-admin",)
        super().__init__(state, ports)
        self.binary = state.bin / "dmp-local-registry"
        self.database = state.data / f"{name}.db"
        self.serial = f"rae-{name}"
        self._authority = authority
        self._mosquitto = mosquitto
        self._script = state.etc / f"{name}.json"
        self._free_on = "confirm"

    def play(self, script, free_on):
        """What the next start plays."""
        self._free_on = free_on
        self.state.write(self._script, json.dumps(script, indent=2) + "\n")

    def values(self):
        certificate, key = self._authority.issue(self.serial)
        return {
            "serial": self.serial,
            "database": str(self.database),
            "mqtt-uri": self._mosquitto.uri,
            "mqtt-ca": str(self._authority.certificate),
            "mqtt-certificate": str(certificate),
            "mqtt-key": str(key),
            "script": str(self._script),
            "free-on": self._free_on,
        }

    def inputs(self):
        return [*super().inputs(), self._script]


class Fleet:
    """Ten scripted agents of one stack, which ends them with itself if nobody does before."""

    def __init__(self, stack, name):
        self.agents = [
            ScriptedAgent(
                stack.state, stack.ports, stack.authority, stack.mosquitto, agent_name(name, number)
            )
            for number in range(1, AGENTS + 1)
        ]
        stack.ports.reserve([name for agent in self.agents for name in agent.port_names])

    @property
    def databases(self):
        return [agent.database for agent in self.agents]

    @property
    def serials(self):
        return [agent.serial for agent in self.agents]

    @property
    def log(self):
        """One of their logs."""
        return self.agents[0].log

    def start(self, seconds, per_second=PER_SECOND, free_on="confirm", kinds=None):
        """All of them anew: messages for `seconds`, then silence, but connected. `kinds`: weights of
        what is edited; all alike if not given."""
        for number, agent in enumerate(self.agents, 1):
            agent.stop()
            agent.play(script(number, seconds, per_second, kinds), free_on)
        with ThreadPoolExecutor(max_workers=len(self.agents)) as pool:
            list(pool.map(lambda agent: agent.start(probe.wait), self.agents))

    def stop(self):
        with ThreadPoolExecutor(max_workers=len(self.agents)) as pool:
            list(pool.map(lambda agent: agent.stop(), self.agents))


def agent_name(fleet, number):
    return f"{fleet}-{number:02}"


def script(seed, seconds, per_second=PER_SECOND, kinds=None):
    """What one of the agents plays: edits for its share of the messages, for so long."""
    made = {
        "seed": seed,
        "edits_per_second": round(per_second / AGENTS * EDITS_PER_MESSAGE),
        "duration_ms": int(seconds * 1000),
        "devices": [{"id": "tv", "count": DEVICES, "model": "Scripted TV", "esn": "NFSCRIPT-0"}],
    }
    return {**made, "kinds": kinds} if kinds else made
