"""Ending early: a command asked to end unwinds, and what it cleans up is not cut short."""

import contextlib
import os
import signal

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_asked = []  # the signal that came first


class Interrupted(KeyboardInterrupt):
    """Somebody asked the command to end."""

    def __init__(self, number):
        super().__init__(signal.Signals(number).name)
        self.exit_code = 128 + number


def unwind():
    """`kill`, CI's timeouts and a closed terminal end a command as Ctrl-C does."""
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup asked for that
            signal.signal(number, _interrupt)


def is_asked():
    return bool(_asked)


def exit_code(otherwise):
    """The signal's, whatever else failed while the command unwound."""
    return Interrupted(_asked[0]).exit_code if _asked else otherwise


def end_if_asked():
    """For whoever caught a failure: one while unwinding must not take the interruption's place."""
    if _asked:
        raise Interrupted(_asked[0])


def _interrupt(asked, _frame):
    """Once: another signal on the way to the clean-up would cut it short before it began."""
    for number in SIGNALS:
        signal.signal(number, lambda *_: None)  # children do not inherit it
    _asked.append(asked)
    _say_at_once()
    raise Interrupted(asked)


def _say_at_once():
    """Past sys.stderr, which may be in the middle of a line of its own."""
    with contextlib.suppress(OSError):  # the terminal may be gone
        os.write(2, b"\ninterrupted\n" if os.isatty(2) else b"interrupted\n")


@contextlib.contextmanager
def undisturbed(say):
    """The block goes on whoever asks again; they are told why."""

    def ask_for_patience(*_):
        say("stopping what was started; this takes some seconds")

    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        signal.signal(number, ask_for_patience)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
