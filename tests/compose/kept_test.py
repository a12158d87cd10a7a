"""Who needs a folder that another ./dmp is fetching waits for it, and is told."""

import tempfile
import threading
import unittest
from pathlib import Path

from compose import kept
from tests.compose.steps import Step


class EnsureTest(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory())) / "cache" / "jars"
        self.fetched = 0

    def fetch(self, fresh, _log, _step):
        self.fetched += 1
        fresh.mkdir()

    def test_it_is_fetched_once(self):
        for _ in range(2):
            self.assertEqual(kept.ensure(self.folder, self.fetch, Step()), self.folder)
        self.assertEqual(self.fetched, 1)

    def test_the_second_says_so_and_takes_what_the_first_has_fetched(self):
        second = Step()
        thread = threading.Thread(target=kept.ensure, args=(self.folder, self.fetch, second))

        def fetch_while_the_second_waits(*of_fetch):
            thread.start()
            self.assertTrue(second.told.wait(60))
            self.fetch(*of_fetch)

        kept.ensure(self.folder, fetch_while_the_second_waits, Step())
        thread.join(60)
        self.assertEqual(self.fetched, 1)


if __name__ == "__main__":
    unittest.main()
