#!/usr/bin/env python3
"""Every statement that the product sent in the tests that ran before this one is parsed by
CockroachDB's own parser (its language of 23.2), and holds nothing that the parser lets pass and
CockroachDB cannot do. Needs Go 1.21 and its modules: without them only the second half is done,
and the test counts as skipped.

    cockroach_test.py STATEMENTS BUILD   the folder of tests/fixtures/sent_statements.h; where to build
"""

import json
import re
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PARSER = ROOT / "tests/tidy/cockroach"
GO_MIN = (1, 21)
SKIPPED = 77  # what CTest is told

APPLICATION = re.compile(r'"(dmp-registry-[a-z]+|dmpctl)"')
# Accepted by the parser, and then refused, ignored or different.
ELSEWHERE_ONLY = (
    r"\bpg_(try_)?advisory",
    r"\b(ctid|xmin|xmax)\b",
    r"\bCREATE (EXTENSION|UNLOGGED|TRIGGER|FUNCTION|RULE|DOMAIN|TEMP)",
    r"\bLIKE INCLUDING\b",
    r"\b(fillfactor|autovacuum_\w+)\b",
    r"\btstzrange\b",
    r"\bJSON_(VALUE|QUERY|EXISTS|TABLE)\b",
    r"\bjsonb_path_\w+|@@",
    r"\bNOT VALID\b",
    r"\bCONCURRENTLY\b",
    r"\bsynchronous_commit\b",
    r"::JSONB\[\]|\bJSONB\[\]",
    r"\b(LISTEN|NOTIFY|VACUUM|MERGE INTO|COPY)\b",
)
PLANTED = {
    "SELECT 1; SELECT 2": True,
    "INSERT INTO t SELECT * FROM unnest($1::TEXT[]) AS u(a) ON CONFLICT (a) DO NOTHING": True,
    "LISTEN changes": False,
    "SELECT * FROM t TABLESAMPLE system (1)": False,
    "MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE": False,
}


def sent(folder):
    """text -> applications that sent it."""
    senders = {}
    for path in sorted(folder.iterdir()):
        parts = path.read_bytes().decode().split("\0")
        for application, text in zip(parts[0::2], parts[1::2]):
            senders.setdefault(text, set()).add(application)
    return senders


def senders_in_the_code():
    files = [path for part in ("registry", "ctl") for path in ROOT.glob(f"{part}/adapters/pqxx_*")]
    return {name for path in files for name in APPLICATION.findall(path.read_text())}


def why_no_parser(binary):
    """Builds it; empty if it is there."""
    go = shutil.which("go") or shutil.which("go", path="/usr/local/go/bin")
    if go is None:
        return "go is not installed"
    version = subprocess.run([go, "env", "GOVERSION"], capture_output=True, text=True).stdout
    found = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if found < GO_MIN:
        return f"{version.strip()} is older than go{GO_MIN[0]}.{GO_MIN[1]}"
    for what, within_s, command in (
        ("its modules cannot be had", 240, ("list", "-deps", ".")),
        ("it cannot be built", 500, ("build", "-buildvcs=false", "-o", binary, ".")),
    ):
        try:
            done = subprocess.run(
                [go, *command], cwd=PARSER, capture_output=True, text=True, timeout=within_s
            )
        except subprocess.TimeoutExpired:
            return f"{what} within {within_s} s"
        if done.returncode:
            return f"{what}: {done.stderr.strip()[-300:]}"
    return ""


def refused(binary, texts):
    """What the parser says of those it refuses."""
    done = subprocess.run([binary], input=json.dumps(texts), capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise AssertionError(done.stderr)
    return done.stdout.splitlines()


class Statements(unittest.TestCase):
    def setUp(self):
        self.sent = sent(STATEMENTS)

    def test_every_program_that_connects_was_heard(self):
        heard = set().union(*self.sent.values())
        self.assertLessEqual(senders_in_the_code(), heard)

    def test_nothing_sent_is_what_only_postgresql_can_do(self):
        for text in self.sent:
            for pattern in ELSEWHERE_ONLY:
                self.assertIsNone(re.search(pattern, text, re.IGNORECASE), text)

    def test_cockroachdb_parses_everything_sent(self):
        if WHY_NOT:
            self.skipTest(WHY_NOT)
        self.assertEqual(refused(BINARY, list(self.sent)), [])
        print(f"{len(self.sent)} statements parsed")

    def test_the_parser_refuses_what_only_postgresql_can_do(self):
        if WHY_NOT:
            self.skipTest(WHY_NOT)
        for text, is_good in PLANTED.items():
            self.assertEqual(not refused(BINARY, [text]), is_good, text)


if __name__ == "__main__":
    STATEMENTS = Path(sys.argv[1])
    BINARY = Path(sys.argv[2]).resolve() / "cockroach-parser"
    WHY_NOT = why_no_parser(BINARY)
    passed = unittest.main(argv=sys.argv[:1], exit=False).result.wasSuccessful()
    if WHY_NOT:
        print(f"skipped: CockroachDB's parser: {WHY_NOT}")
    sys.exit(1 if not passed else SKIPPED if WHY_NOT else 0)
