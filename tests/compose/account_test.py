"""Who a stack runs as, and what people are told when it cannot be."""

import os
import pwd
import unittest
from unittest import mock

from compose import account
from compose.report import Failure

USERS = {
    name: pwd.struct_passwd((name, "x", uid, uid, "", "/", ""))
    for name, uid in (("root", 0), ("postgres", 104), ("ann", 1000), ("bob", 1001))
}


def chosen(uid, wanted, **environment):
    by_uid = {entry.pw_uid: entry for entry in USERS.values()}
    with (
        mock.patch.object(os, "getuid", lambda: uid),
        mock.patch.object(pwd, "getpwnam", USERS.__getitem__),
        mock.patch.object(pwd, "getpwuid", by_uid.__getitem__),
    ):
        return account.choose(wanted, environment).name


class ChooseTest(unittest.TestCase):
    def assert_told(self, uid, wanted, what, way_out):
        with self.assertRaises(Failure) as caught:
            chosen(uid, wanted)
        self.assertIn(what, caught.exception.what)
        self.assertIn(way_out, caught.exception.way_out)
        self.assertNotIn("./dmp up", caught.exception.way_out)  # it may be another command

    def test_root_is_somebody_else_and_others_are_themselves(self):
        self.assertEqual(chosen(0, None), "postgres")
        self.assertEqual(chosen(0, None, SUDO_USER="ann"), "ann")
        self.assertEqual(chosen(0, "bob", SUDO_USER="ann"), "bob")
        self.assertEqual(chosen(1000, None), "ann")
        self.assertEqual(chosen(1000, "ann"), "ann")

    def test_for_a_user_that_will_not_do_root_hears_who_it_is_without(self):
        for wanted, what in (("nosuch", "no user 'nosuch'"), ("root", "cannot run as root")):
            self.assert_told(0, wanted, what, "without --user it is 'postgres'")

    def test_sudo_is_proposed_only_where_it_would_help(self):
        self.assert_told(1000, "bob", "only root", "the same with sudo; without --user it is you")
        for wanted, what in (("nosuch", "no user 'nosuch'"), ("root", "cannot run as root")):
            self.assert_told(1000, wanted, what, "without --user it is you, 'ann'")


if __name__ == "__main__":
    unittest.main()
