"""The benches' own programs (tests/bench): built when asked for, run in one of their roles."""

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
        argv = [self.binary, command]
        for name, value in options.items():
            argv += [f"--{name.replace('_', '-')}", str(value)]
        done = self._stack.state.account.run(argv, seconds=DONE_WITHIN_S)
        if done.returncode:
            raise Failure(f"{self.name} {command} failed: {done.stderr.strip()}")
        return done.stdout


class Role(Part):
    """A role that runs until it is stopped, with an admin port of its own."""

    def __init__(self, stack, binary):
        super().__init__(stack.state, stack.ports)
        self.binary = binary
        stack.ports.reserve(self.port_names)

    def why_not_ready(self):
        return probe.admin(self.port)
