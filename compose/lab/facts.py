"""What the lab is told by whoever starts it, and where it keeps things in the state folder."""

import dataclasses
import os

from .files import as_owner, write

CHECKOUT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
_FOLDERS = ("etc", "etc/profiles", "data/lab", "log", "run/lab")


@dataclasses.dataclass(frozen=True)
class Facts:
    """`user` is set when root starts the lab for somebody else: the owner of the state folder."""

    state: str
    mode: str = "namespaces"  # or "loopback"
    user: str = ""
    agent: str = ""  # path of dmp-local-registry; empty: no agent
    profiles: str = ""  # folder of its probe profiles
    serial: str = "rae-lab-1"
    broker_port: int = 0  # the MQTT broker's, on this machine's loopback
    ca: str = ""
    certificate: str = ""
    key: str = ""
    admin_port: int = 0  # where the agent's admin pages appear on loopback; 0: any free port

    @property
    def devices(self):
        return os.path.join(self.state, "data", "lab")

    @property
    def leases(self):
        return os.path.join(self.devices, "dnsmasq.leases")

    @property
    def log(self):
        return os.path.join(self.state, "log", "lab.log")

    @property
    def agent_log(self):
        return os.path.join(self.state, "log", "local-registry.log")

    def config(self, name):
        return os.path.join(self.state, "etc", name)

    def address_file(self, device):
        return os.path.join(self.state, "run", "lab", f"{device}.address")

    @property
    def lock(self):
        return os.path.join(self.state, "run", "lab.lock")

    @property
    def socket(self):
        return os.path.join(self.state, "run", "lab.sock")

    def make_folders(self):
        """Creates what is missing below the state folder."""
        with as_owner(self.user):
            for folder in _FOLDERS:
                os.makedirs(os.path.join(self.state, folder), mode=0o700, exist_ok=True)

    def write_config(self, name, text, mode=0o600):
        """Writes etc/NAME and returns its path."""
        path = self.config(name)
        write(self.user, path, text, mode)
        return path
