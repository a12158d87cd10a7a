"""Two commands that build in one checkout take turns."""

import tempfile
import threading
import unittest
from pathlib import Path
from unittest import mock

from compose import build, turns
from compose.report import Failure
from tests.compose.steps import Step


class AloneTest(unittest.TestCase):
    def setUp(self):
        self.checkout = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def test_the_second_says_so_and_begins_when_the_first_has_ended(self):
        second = Step()
        began = []

        def build_too():
            with build.alone(self.checkout, "dev", second):
                began.append(self.first_has_ended)

        self.first_has_ended = False
        thread = threading.Thread(target=build_too)
        with build.alone(self.checkout, "dev", Step()) as folder:
            self.assertEqual(folder, self.checkout / "build/dev")
            thread.start()
            self.assertTrue(second.told.wait(60))
            self.first_has_ended = True
        thread.join(60)
        self.assertEqual(began, [True])

    def test_another_preset_waits_for_nobody(self):
        with build.alone(self.checkout, "dev", Step()):
            other = Step()
            with build.alone(self.checkout, "release", other):
                self.assertFalse(other.told.is_set())

    def test_after_an_hour_the_second_gives_up_and_says_where_the_other_builds(self):
        with (
            build.alone(self.checkout, "dev", Step()),
            mock.patch.object(turns, "LONGEST_S", -1),
            self.assertRaisesRegex(Failure, "another ./dmp has been building in .*build/dev"),
            build.alone(self.checkout, "dev", Step()),
        ):
            pass


if __name__ == "__main__":
    unittest.main()
