"""A state folder for one test, owned by whoever would run the servers here."""

import contextlib
import os
import tempfile
import unittest

from compose import account
from compose.pki import Authority
from compose.state import State


@contextlib.contextmanager
def state():
    """Made in /var/tmp, which every user reaches; gone afterwards."""
    owner = account.choose(None, os.environ)
    folder = tempfile.mkdtemp(prefix="dmp-compose-test-", dir="/var/tmp")
    os.chown(folder, owner.uid, owner.gid)
    owner.become()
    made = State(folder, owner)
    made.make()
    made.write(made.root / "ports.json", "{}\n")
    try:
        yield made
    finally:
        made.remove()


class WithAuthority(unittest.TestCase):
    """One state folder and one certificate authority for all tests of a class."""

    @classmethod
    def setUpClass(cls):
        context = state()
        cls.state = context.__enter__()
        cls.addClassCleanup(context.__exit__, None, None, None)
        cls.authority = Authority(cls.state)
        cls.authority.make()


class Ports(dict):
    """Fixed name -> port, where a test needs no file."""

    def known(self, name):
        return name in self
