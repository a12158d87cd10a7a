"""Which TCP ports a stack uses: free ones, chosen once and kept."""

import contextlib
import json
import random
import socket

from compose.report import Failure

# Below the range the kernel takes for outgoing connections, so that a port stays ours while down.
LOWEST, HIGHEST = 20000, 32000
ATTEMPTS = 200


def is_free(port):
    """Whether a server could listen there now."""
    with contextlib.closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Ports:
    """Name -> port, kept in `ports.json` of the state folder."""

    def __init__(self, state, free=is_free, seed=None):
        self._state = state
        self._file = state.root / "ports.json"
        self._free = free
        self._random = random.Random(seed)
        self._ports = self._read()

    def _read(self):
        try:
            return {
                str(name): int(port) for name, port in json.loads(self._file.read_text()).items()
            }
        except FileNotFoundError:
            return {}
        except (ValueError, AttributeError, TypeError):
            return {}  # damaged by hand: new ports are chosen, which every start can do

    def __getitem__(self, name):
        try:
            return self._ports[name]
        except KeyError:
            raise Failure(f"no port was chosen for {name} yet", "./dmp up") from None

    def known(self, name):
        return name in self._ports

    def reserve(self, names):
        """Gives every name a port that is free now; call it only for parts that do not run.
        Returns the (name, old, new) that had to move because somebody else listens there."""
        moved = []
        for name in names:
            old = self._ports.get(name)
            if old is not None and self._free(old):
                continue
            self._ports[name] = self._choose()
            if old is not None:
                moved.append((name, old, self._ports[name]))
        self._state.write(self._file, json.dumps(self._ports, indent=2, sort_keys=True) + "\n")
        return moved

    def _choose(self):
        taken = set(self._ports.values())
        for _ in range(ATTEMPTS):
            port = self._random.randrange(LOWEST, HIGHEST)
            if port not in taken and self._free(port):
                return port
        raise Failure(f"no free TCP port found in {LOWEST}-{HIGHEST} in {ATTEMPTS} attempts")
