"""Ports are chosen once, kept, and given up only to somebody who really listens there."""

import contextlib
import socket
import tempfile
import unittest
from pathlib import Path

from compose.ports import HIGHEST, LOWEST, Ports, is_free
from compose.report import Failure


class Folder:
    """What Ports needs of a state folder."""

    def __init__(self, root):
        self.root = Path(root)

    def write(self, path, text):
        path.write_text(text)


class PortsTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Folder(folder.name)
        self.taken = set()

    def ports(self):
        return Ports(self.folder, free=lambda port: port not in self.taken, seed=7)

    def test_each_name_gets_its_own_port_within_the_range(self):
        names = [f"part-{i}" for i in range(50)]
        ports = self.ports()
        self.assertEqual(ports.reserve(names), [])
        chosen = {ports[name] for name in names}
        self.assertEqual(len(chosen), 50)
        self.assertTrue(all(LOWEST <= port < HIGHEST for port in chosen))

    def test_a_port_is_kept_from_start_to_start(self):
        first = self.ports()
        first.reserve(["mqtt"])
        second = self.ports()
        self.assertEqual(second.reserve(["mqtt"]), [])
        self.assertEqual(second["mqtt"], first["mqtt"])

    def test_a_port_somebody_took_meanwhile_is_replaced_and_reported(self):
        first = self.ports()
        first.reserve(["mqtt", "rest"])
        old = first["mqtt"]
        self.taken.add(old)
        second = self.ports()
        self.assertEqual(second.reserve(["mqtt", "rest"]), [("mqtt", old, second["mqtt"])])
        self.assertNotEqual(second["mqtt"], old)
        self.assertEqual(second["rest"], first["rest"])

    def test_a_damaged_file_means_new_ports_not_a_crash(self):
        for damage in ("", "[]", '{"mqtt": "x"}', "{"):
            (self.folder.root / "ports.json").write_text(damage)
            ports = self.ports()
            ports.reserve(["mqtt"])
            self.assertTrue(LOWEST <= ports["mqtt"] < HIGHEST)

    def test_an_unknown_name_says_what_to_do(self):
        with self.assertRaises(Failure) as caught:
            self.ports()["mqtt"]
        self.assertIn("./dmp up", caught.exception.text())

    def test_no_free_port_ends_in_an_error_instead_of_a_loop(self):
        self.taken = set(range(LOWEST, HIGHEST))
        with self.assertRaisesRegex(Failure, "no free TCP port"):
            self.ports().reserve(["mqtt"])

    def test_a_listening_socket_makes_a_port_not_free(self):
        with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as server:
            port = server.getsockname()[1]
            self.assertFalse(is_free(port))
        self.assertTrue(is_free(port))


if __name__ == "__main__":
    unittest.main()
