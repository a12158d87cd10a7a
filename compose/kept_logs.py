"""What stays of a private stack when it is gone: the logs of a run that did not go well."""

import shutil
from pathlib import Path

from compose.account import Owner
from compose.report import Failure


class KeptLogs:
    """The logs of `state`, to be kept below build/log/PURPOSE in place of an earlier run's."""

    def __init__(self, checkout, state, purpose):
        self._from = state.log
        self._account = state.account
        self._folder = Path(checkout) / "build" / "log" / purpose
        self._owner = Owner(checkout)

    def place(self, log):
        """Where this log is once they are kept; as text, empty for none."""
        if log is None:
            return ""
        log = Path(log)
        return str(self._folder / log.name if log.parent == self._from else log)

    def drop_old(self):
        """Logs of an earlier run would be read as this one's. What else lies there is not ours."""
        with self._account.as_root():  # the checkout may be another user's
            for log in (*self._folder.glob("*.log"), *self._folder.glob("*.log.1")):
                log.unlink()

    def keep(self):
        self.drop_old()
        with self._account.as_root():
            shutil.copytree(self._from, self._folder, dirs_exist_ok=True)
            for path in (*self._folder.parents[:2], self._folder, *self._folder.rglob("*")):
                self._owner.give(path)

    def instead(self, failure):
        """The failure, naming the kept log instead of the one that is about to go."""
        self.keep()
        return Failure(failure.what, failure.way_out, self.place(failure.log) or None)
