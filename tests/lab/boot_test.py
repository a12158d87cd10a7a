"""A lab that is interrupted while it comes up leaves nobody behind."""

import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from compose.lab.lab import Lab  # noqa: E402
from tests.compose.processes import naming  # noqa: E402


class BootTest(unittest.TestCase):
    def test_whoever_is_interrupted_before_it_listens_ends_it(self):
        with tempfile.TemporaryDirectory() as folder:
            with mock.patch.object(Lab, "_listens", side_effect=KeyboardInterrupt):
                self.assertRaises(KeyboardInterrupt, Lab(folder).start, "loopback")
            self.assertEqual(naming(folder), [])


if __name__ == "__main__":
    unittest.main()
