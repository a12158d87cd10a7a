"""The parts of a stack, in the order they need each other."""

from concurrent.futures import ThreadPoolExecutor

from compose import canary_access, probe, process, programs
from compose.haproxy import Haproxy
from compose.kafka import Kafka
from compose.mosquitto import Mosquitto
from compose.part import Part
from compose.pki import Authority
from compose.ports import Ports
from compose.postgres import Postgres
from compose.rest import Rest
from compose.virtual_lab import ADMIN_PORT, VirtualLab

ALL, WITHOUT_LAB, SERVERS = "all", "without-lab", "servers"  # how much `up` is asked to start


class Stack:
    """Knows every part; starts, stops and describes them."""

    def __init__(self, state, report):
        self.state = state
        self.report = report
        self.ports = Ports(state)
        self.authority = Authority(state)
        self.postgres = Postgres(state, self.ports)
        self.kafka = Kafka(state, self.ports)
        self.mosquitto = Mosquitto(state, self.ports, self.authority)
        self.bridge = programs.Bridge(state, self.ports, self.authority, self.mosquitto, self.kafka)
        self.registry = programs.Registry(state, self.ports, self.kafka, self.postgres)
        self.haproxy = Haproxy(state, self.ports, self.authority)
        self.lab = VirtualLab(state, self.ports, self.authority, self.mosquitto)
        self.servers = (self.postgres, self.kafka, self.mosquitto)
        self.programs = (self.bridge, self.registry, self.haproxy)
        self.parts = self.servers + self.programs
        self._asked = state.etc / "asked"

    def ask(self, extent):
        """Notes what is to run from now on, whatever becomes of starting it."""
        self.state.write(self._asked, f"{extent}\n")

    def start_servers(self, servers=None):
        """PostgreSQL, Kafka and Mosquitto, or those named, at once: they do not need each other."""
        self._make_certificates()
        self._reserve_ports()
        self._start(servers or self.servers)

    def start_programs(self):
        """Migrations, then our programs, then the edge that checks them."""
        with self.report.step("migrate") as step:
            step.result = self.registry.migrate()
        self._start((self.bridge, self.registry))
        self._start((self.haproxy,))

    def stop(self):
        """Consumers before what they consume from, servers last. Returns how many ran."""
        with self.report.step("lab") as step:
            ran = self.lab.stop()
            step.result = "stopped" if ran else "did not run"
        groups = (self._guests(), (self.haproxy,), (self.bridge, self.registry), self.servers)
        return ran + sum(self._each(group, self._stop_one) for group in groups if group)

    def _guests(self):
        """Whatever else was started in this stack: a demo's agents, though a killed demo's."""
        names = process.names(self.state.run) - {part.name for part in self.parts}
        return [Part.named(name, self.state, self.ports) for name in sorted(names)]

    def status(self):
        """Facts by part; `asked`: whether the last `up` was to start it."""
        found = {part.name: part.status() for part in self.parts} | self.lab.status()
        unasked = self._unasked(found)
        return {name: {**facts, "asked": name not in unasked} for name, facts in found.items()}

    def _unasked(self, names):
        extent = self._asked.read_text().strip() if self._asked.exists() else ALL
        asked = {
            SERVERS: {part.name for part in self.servers},
            WITHOUT_LAB: {part.name for part in self.parts},
        }
        return set(names) - asked[extent] if extent in asked else set()

    def environment(self):
        """What `./dmp env` prints."""
        return {
            "DMP_API": self.api,
            "DMP_TOKEN": self.registry.token(),
            "DMP_MQTT": self.mosquitto.uri,
            "DMP_KAFKA": self.kafka.brokers,
            "DMP_DATABASE": self.postgres.uri(),
            "DMP_STATE": str(self.state.root),
            "DMP_PKI": str(self.state.pki),
            "DMP_CA": str(self.authority.certificate),
            **canary_access.environment(self),
        }

    def rest(self):
        """The REST API as people use it."""
        return Rest(self.api, self.registry.token(), self.authority.certificate)

    @property
    def api(self):
        return f"https://127.0.0.1:{self.haproxy.port}"

    def _make_certificates(self):
        with self.report.step("certificates") as step:
            self.authority.make()
            self.authority.issue(programs.BRIDGE_NAME)
            step.result = f"below {self.state.pki}"

    def _reserve_ports(self):
        idle = [name for part in self.parts if not part.process() for name in part.port_names]
        if not self.lab.runs():
            idle.append(ADMIN_PORT)
        for name, old, new in self.ports.reserve(idle):
            self.report.say(f"  port {old} ({name}) is in use by somebody else: now {new}")

    def _start(self, parts):
        self._each(parts, self._start_one)

    def _start_one(self, part):
        with self.report.step(part.name) as step:
            step.result = part.start(probe.wait)
        return True

    def _stop_one(self, part):
        if part.process() is None:
            part.stop()  # forgets what is known of a dead one
            return False
        with self.report.step(part.name) as step:
            step.result = part.stop()
        return True

    @staticmethod
    def _each(parts, action):
        """Runs `action` for all parts at once; the first failure is raised when all have ended."""
        with ThreadPoolExecutor(max_workers=len(parts)) as pool:
            return sum(
                [future.result() for future in [pool.submit(action, part) for part in parts]]
            )
