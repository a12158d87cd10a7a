"""The benches' own programs (tests/bench): built when asked for, run in one of their roles."""

import contextlib
import subprocess

from compose import build, probe
from compose.part import Part
from compose.report import Failure

DONE_WITHIN_S = 600.0


class Tool:
    """One program in one stack."""

    def __init__(self, stack, name):
        self._stack = stack
        self.name = name
        self.binary = stack.state.bin / name

    def install(self, checkout, step):
        state = self._stack.state
        with state.account.as_root():
            built = build.build(checkout, "release", step, (self.name,))
            program = (built / self.name).read_bytes()
        state.write(self.binary, program, mode=0o755)
        step.result = self.name

    def run(self, command, **options):
        """What a role that ends by itself printed."""
        done = self._stack.state.account.run(
            self._argv(command, options), seconds=DONE_WITHIN_S
        )
        if done.returncode:
            raise Failure(f"{self.name} {command} failed: {done.stderr.strip()}")
        return done.stdout

    @contextlib.contextmanager
    def beside(self, command, **options):
        """A role that ends by itself or is stopped, during the block at the longest; yields its
        Running."""
        account = self._stack.state.account
        process = subprocess.Popen(
            self._argv(command, options),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=account.environment(),
            **account.identity(),
        )
        try:
            yield Running(f"{self.name} {command}", process)
        finally:
            process.kill()
            process.communicate()

    def _argv(self, command, options):
        argv = [str(self.binary), command]
        for name, value in options.items():
            argv.append(f"--{name.replace('_', '-')}")
            argv += [] if value is True else [str(value)]
        return argv


class Running:
    """A role under way."""

    def __init__(self, name, process):
        self._name = name
        self._process = process

    def has_ended(self):
        return self._process.poll() is not None

    def stop(self):
        """What it printed. Failure if it had ended before."""
        if self.has_ended():
            raise Failure(f"{self._name} ended before what it goes on beside")
        self._process.terminate()
        return self.result()

    def result(self):
        """What it printed, once it has ended."""
        try:
            printed, complaint = self._process.communicate(timeout=DONE_WITHIN_S)
        except subprocess.TimeoutExpired:
            raise Failure(f"{self._name} did not end within {DONE_WITHIN_S:.0f} s") from None
        if self._process.returncode:
            raise Failure(f"{self._name} failed: {complaint.strip()}")
        return printed


class Role(Part):
    """A role that runs until it is stopped, with an admin port of its own."""

    def __init__(self, stack, binary):
        super().__init__(stack.state, stack.ports)
        self.binary = binary
        stack.ports.reserve(self.port_names)

    def why_not_ready(self):
        return probe.admin(self.port)
