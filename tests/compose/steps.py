"""A step of a report, as the tests see it."""

import threading


class Step:
    """Under way; what it tells is seen by `told`."""

    def __init__(self):
        self.told = threading.Event()

    def news(self, _text):
        self.told.set()
