"""What every part of a stack is: a process with ports, settings, a command and a probe."""

import signal

from compose import process
from compose.report import Failure

KILLED_WITHIN_S = 15.0


class Part:
    """One long-running process of the stack. Subclasses say what differs."""

    name = ""
    port_names = ()  # the first is the one shown to people
    ready_within_s = 30.0
    stop_signal = signal.SIGTERM
    stops_within_s = 10.0

    def __init__(self, state, ports):
        self.state = state
        self.ports = ports

    @classmethod
    def named(cls, name, state, ports):
        """A process of which no more is known than that it was started: it can be stopped."""
        part = cls(state, ports)
        part.name = name
        return part

    @property
    def log(self):
        return self.state.log / f"{self.name}.log"

    @property
    def port(self):
        return self.ports[self.port_names[0]]

    def prepare(self):
        """Writes settings and makes first-time data. Called before every start; changes nothing the
        second time."""

    def command(self):
        raise NotImplementedError(self.name)

    def inputs(self):
        """Files that decide how it runs: a change in one of them restarts it at the next `up`."""
        return ()

    def environment(self):
        return {}

    def why_not_ready(self):
        """'' when it serves, else one line saying why not."""
        raise NotImplementedError(self.name)

    def after_start(self):
        """What can only be done once it serves."""

    def process(self):
        return process.find(self.state.run, self.name)

    def start(self, wait):
        """Starts it if it does not run, or runs with other settings. Returns what was done."""
        self.prepare()
        running = self.process()
        done = "started"
        if running and not self._is_current():
            self.stop()
            running, done = None, "restarted, its settings or its program changed"
        if running:
            done = "already runs"
        else:
            running = process.launch(
                self.state,
                self.name,
                self.command(),
                environment=self.environment(),
                inputs=self.inputs(),
            )
        wait(self.name, self.why_not_ready, running, self.ready_within_s, self.log)
        self.after_start()
        return f"{done} (pid {running.pid}, port {self.port})"

    def stop(self):
        """Ends it. Returns what was done, '' if it did not run."""
        running = self.process()
        if running is None:
            process.forget(self.state.run, self.name)
            return ""
        asked = running.stop(self.stop_signal, self.stops_within_s)
        if not asked and running.alive():
            raise self._survival(running)
        process.forget(self.state.run, self.name)
        return "stopped" if asked else f"killed: did not stop within {self.stops_within_s:.0f} s"

    def kill(self):
        """kill -9; returns when it is gone. Failure if it had ended before."""
        running = self.process()
        if running is None:
            raise Failure(f"{self.name} ended before it could be killed", log=self.log)
        running.send(signal.SIGKILL)
        if not running.wait(KILLED_WITHIN_S):
            raise self._survival(running)

    @property
    def admin(self):
        """Where /livez, /readyz, /metrics and /stop are, if it is a program of ours."""
        port = f"{self.name}-admin"
        known = port in self.port_names and self.ports.known(port)
        return f"http://127.0.0.1:{self.ports[port]}" if known else None

    def status(self):
        """Facts for `./dmp status`."""
        running = self.process()
        known = all(map(self.ports.known, self.port_names))
        why = "not running" if running is None else self.why_not_ready()
        return {
            "pid": running.pid if running else None,
            "port": self.port if known else None,
            "admin": self.admin,
            "ready": not why,
            "why": why,
        }

    def _survival(self, running):
        return Failure(f"{self.name} (pid {running.pid}) survives SIGKILL", log=self.log)

    def _is_current(self):
        made_of = process.made_of(self.command(), self.inputs())
        try:
            return (self.state.run / f"{self.name}.made-of").read_text() == made_of
        except FileNotFoundError:
            return False
