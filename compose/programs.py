"""Our own programs that run beside the servers: the bridge and the registry."""

import hashlib
import json

from compose import probe
from compose.part import Part
from compose.report import Failure

BRIDGE_NAME = "bridge-1"
NAMES = ("dmp-local-registry", "dmp-bridge", "dmp-registry", "dmp-canary", "dmpctl")


def install(built, state):
    """Copies freshly built programs into the stack, so that a later build does not pull the rug
    from under running ones. One whose bytes changed is restarted by the `up` that copied it."""
    for name in NAMES:
        source = built / name
        try:
            with state.account.as_root():  # the servers' user need not reach the checkout
                program = source.read_bytes()
        except FileNotFoundError:
            raise Failure(
                f"the build made no {source}", "rm -r build/release and ./dmp up again"
            ) from None
        state.write(state.bin / name, program, mode=0o755)


def settings(values):
    """A config file: one `name = value` a line; text is quoted, numbers are not."""
    lines = ["# Written by ./dmp up; changes here are overwritten."]
    lines += [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    return "\n".join(lines) + "\n"


class Program(Part):
    """A program of ours: one config file, one admin port whose /readyz is the probe."""

    def __init__(self, state, ports):
        super().__init__(state, ports)
        self.binary = state.bin / f"dmp-{self.name}"
        self.config = state.etc / f"{self.name}.toml"

    def values(self):
        raise NotImplementedError(self.name)

    def prepare(self):
        admin = {"admin-address": "127.0.0.1", "admin-port": self.ports[f"{self.name}-admin"]}
        self.state.write(self.config, settings({**self.values(), **admin}))

    def command(self):
        return [self.binary, "--config", self.config]

    def inputs(self):
        return [self.config, self.binary]

    def why_not_ready(self):
        return probe.admin(self.ports[f"{self.name}-admin"])


class Bridge(Program):
    """MQTT to Kafka."""

    name = "bridge"
    port_names = ("bridge-admin",)

    def __init__(self, state, ports, authority, mosquitto, kafka):
        super().__init__(state, ports)
        self._authority = authority
        self._mosquitto = mosquitto
        self._kafka = kafka

    def values(self):
        certificate, key = self._authority.files(BRIDGE_NAME)
        return {
            "name": BRIDGE_NAME,
            "mqtt-uri": self._mosquitto.uri,
            "mqtt-ca": str(self._authority.certificate),
            "mqtt-certificate": str(certificate),
            "mqtt-key": str(key),
            "kafka-brokers": self._kafka.brokers,
            "window-file": str(self.state.data / "bridge.window"),
        }

    def inputs(self):
        return [*super().inputs(), *self._authority.files(BRIDGE_NAME)]


class Registry(Program):
    """Kafka to the database, and the REST API on loopback."""

    name = "registry"
    port_names = ("registry-api", "registry-admin")
    roles = "ingest,api"

    def __init__(self, state, ports, kafka, postgres):
        super().__init__(state, ports)
        self._kafka = kafka
        self._postgres = postgres
        self._tokens = state.secrets / "tokens.json"

    def values(self):
        return {
            "roles": self.roles,
            "kafka-brokers": self._kafka.brokers,
            "kafka-group": "dmp-registry",
            "kafka-instance": "registry-1",
            "database": self._postgres.connection(),
            "api-address": "127.0.0.1",
            "api-port": self.ports["registry-api"],
            "tokens": str(self._tokens),
        }

    def prepare(self):
        digest = hashlib.sha256(self.token().encode()).hexdigest()
        person = {"sha256": digest, "subject": "lab", "role": "admin", "raes": ["*"]}
        self.state.write(self._tokens, json.dumps({"tokens": [person]}, indent=2) + "\n")
        super().prepare()

    def token(self):
        """What people send as `Authorization: Bearer`; the registry knows only its digest."""
        return self.state.secret("rest.token")

    def command(self):
        return [self.binary, "serve", "--config", self.config]

    def inputs(self):
        return [*super().inputs(), self._tokens]

    def migrate(self):
        """Brings the database's tables up to this program. Returns its last word."""
        self.prepare()
        log = self.state.log / "migrate.log"
        done = self.state.account.run([self.binary, "migrate", "--config", self.config])
        self.state.write(log, done.stdout + done.stderr)
        if done.returncode:
            raise Failure(f"dmp-registry migrate ended with {done.returncode}", log=log)
        return "database up to date"
