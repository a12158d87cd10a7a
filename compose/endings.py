"""Ending early: a command asked to end unwinds, and what it cleans up is not cut short."""

import contextlib
import signal

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def unwind():
    """`kill`, CI's timeouts and a closed terminal end a command as Ctrl-C does."""
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:  # nohup asked for that
            signal.signal(number, _interrupt)


def _interrupt(*_):
    """Once: another signal on the way to the clean-up would cut it short before it began."""
    for number in SIGNALS:
        signal.signal(number, lambda *_: None)  # children do not inherit it
    raise KeyboardInterrupt


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
