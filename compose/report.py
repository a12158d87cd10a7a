"""What people see while `./dmp` works: one line per step, and failures that say where to look."""

import contextlib
import os
import sys
import threading
import time
from pathlib import Path

from compose.log_extract import telling_lines


class Failure(Exception):
    """An expected failure: what went wrong, the log that tells more, and the way out."""

    def __init__(self, what, way_out="", log=None):
        super().__init__(what)
        self.what = what
        self.way_out = way_out
        self.log = log

    def text(self):
        lines = [self.what]
        if self.log is not None:
            lines.append(f"log: {self.log}")
            lines += [f"  | {line}" for line in telling_lines(self.log)]
        if self.way_out:
            lines.append(f"way out: {self.way_out}")
        return "\n".join(lines)


@contextlib.contextmanager
def quiet():
    """A report that nobody reads."""
    with Path(os.devnull).open("w") as nowhere:
        yield Report(nowhere)


class Report:
    """Progress lines on `stream`. Steps may run on several threads: each prints when it ends.

    On a terminal the steps under way are shown in one line that is overwritten; elsewhere (CI) a
    long step repeats its last news every `quiet_s`, so that silence always means trouble.
    """

    def __init__(self, stream=None, quiet_s=20.0):
        self._stream = stream or sys.stdout
        self._tty = self._stream.isatty()
        self._quiet_s = quiet_s
        self._lock = threading.Lock()
        self._under_way = {}
        self._said_at = time.monotonic()

    def say(self, text=""):
        with self._lock:
            self._print(text)

    def note(self, text):
        """A plain sentence beside the results; on stderr, where no program reads them."""
        print(text, file=sys.stderr)

    @contextlib.contextmanager
    def step(self, name):
        """Times the block. The block sets `step.result`, the few words shown when it ends well."""
        step = Step(self, name)
        self._show(name, "")
        try:
            yield step
        except KeyboardInterrupt:
            self.end(name, self._line(name, self.yellow("interrupted"), step))
            raise
        except BaseException:
            self.end(name, self._line(name, self.red("failed"), step))
            raise
        self.end(name, self._line(name, step.result, step))

    def news(self, name, text):
        """Where a long step stands; cheap to call often."""
        self._show(name, text)

    def bold(self, text):
        return self._coloured("1", text)

    def red(self, text):
        return self._coloured("31", text)

    def green(self, text):
        return self._coloured("32", text)

    def yellow(self, text):
        return self._coloured("33", text)

    def _coloured(self, code, text):
        return f"\033[{code}m{text}\033[0m" if self._tty else text

    def _line(self, name, result, step):
        return f"  {name:<14} {result:<44} {time.monotonic() - step.started:6.1f} s".rstrip()

    def _show(self, name, text):
        with self._lock:
            self._under_way[name] = text
            if self._tty:
                busy = ", ".join(f"{n} {t}".strip() for n, t in self._under_way.items())
                self._stream.write(f"\r\033[K  … {busy[:100]}")
                self._stream.flush()
            elif text and time.monotonic() - self._said_at > self._quiet_s:
                self._print(f"  {name:<14} … {text}")

    def end(self, name, line):
        """The line that stays of what `news` told."""
        with self._lock:
            self._under_way.pop(name, None)
            self._print(line)

    def _print(self, text):
        if self._tty:
            self._stream.write("\r\033[K")
        self._stream.write(text + "\n")
        self._stream.flush()
        self._said_at = time.monotonic()


class Step:
    """One step under way."""

    def __init__(self, report, name):
        self._report = report
        self.name = name
        self.result = "done"
        self.started = time.monotonic()

    def news(self, text):
        self._report.news(self.name, text)
