#!/usr/bin/env python3
"""The rules of docs/architecture.md that a compiler cannot check: which way includes point, how
long a file may be, which names and habits are refused. Each rule is also tried on a planted
violation, so that a rule which stopped working fails here too."""

import re
import subprocess
import unittest
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = ("local-registry", "bridge", "registry", "canary", "ctl")

# base <- schema <- core <- ports <- adapters, loop <- main
RANKS = {"base": 0, "schema": 1, "core": 2, "ports": 3, "adapters": 4, "loop": 4, "main": 5}

# Folders of the API, as docs/architecture.md lists them: each knows those before it, and none knows
# what joins them.
API = "registry/api/"
API_FOLDERS = re.findall(r"^\| `(\w+)/` \|", (ROOT / "docs/architecture.md").read_text(), re.MULTILINE)
API_JOINTS = ("service.h", "answers.h", "api_server.h")

# Libraries that may stand outside adapters: Result's, and none else.
FREE_LIBRARIES = ("tl/expected.hpp",)
LIBRARY_INCLUDE = re.compile(
    r"^#include <((?:mqtt|librdkafka|pqxx|cpprest|pplx|nlohmann|CLI|spdlog|prometheus|pugixml|"
    r"valijson|rapidcheck|rapidjson|gtest|openssl)[/.].*|(?:mosquitto|mqtt_protocol|sqlite3|httplib|pugixml|uuid/uuid|MQTTAsync|libpq-fe)"
    r"\.h(?:pp)?)>")
LIBRARY_HOMES = ("adapters", "base", "schema")
LIBRARY_ADDITIONS = "cmake/paho/"  # what we add to a library is for adapters, as the library is

LINES_MAX = {".h": 200, ".cc": 350, ".py": 350, "test": 500, "main.cc": 80}
COLUMNS_MAX = 100
BANNED_NAMES = re.compile(r"(^|[_./-])(util|utils|common|helper|helpers|manager|misc)([_./-]|$)")
BANNED_TEXT = (
    (re.compile(r"\bTODO\b|\bFIXME\b|\bXXX\b"), "finish it"),
    (re.compile(r"using namespace std;"), "name what you use"),
    (re.compile(r"#ifndef [A-Z_]+_H_?\b"), "#pragma once"),
    (re.compile(r"\bconsume_batch\(|rd_kafka_pause_partitions|rd_kafka_resume_partitions"),
     "nothing pauses; docs/decisions.md says why"),
    (re.compile(r"\bstart_consuming\b"), "Paho's consumer queue acknowledges on enqueue"),
    (re.compile(r"(?<!EXPECT_TRUE\()\brc::check\("), "EXPECT_TRUE(rc::check(...)): it only returns a bool"),
    (re.compile(r"/(root|home|work)/\w"), "no paths of one machine"),
)
TEST_BANNED_TEXT = (
    (re.compile(r"\bsleep_for\b|\bsleep_until\b|\busleep\(|\btime\.sleep\("),
     "wait for the event, with a bound"),
    (re.compile(r"\bDISABLED_\w"), "a test that does not run proves nothing"),
)
# Waiting loops of the test fixtures that poll a condition of another process, with a deadline.
WAITING_ALLOWED = ("tests/fixtures/", "tests/bench/", "tests/e2e/stack.py", "tests/lab/", "tests/compose/")


def layer(path):
    """(program or None, rank) of a source file."""
    parts = PurePosixPath(path).parts
    if parts[0] in ("base", "schema"):
        return None, RANKS[parts[0]]
    if parts[0] not in PROGRAMS:
        return None, None
    name = parts[-1]
    if name == "main.cc":
        return parts[0], RANKS["main"]
    if len(parts) > 2 and parts[1] in ("core", "adapters"):
        return parts[0], RANKS[parts[1]]
    if name == "ports.h":
        return parts[0], RANKS["ports"]
    return parts[0], RANKS["loop"]


def includes(text):
    """(line number, path) of each of our own files that is included."""
    for number, line in enumerate(text.splitlines(), 1):
        if found := re.match(r'#include "([^"]+)"', line):
            yield number, found[1]


def include_faults(path, text):
    program, rank = layer(path)
    if rank is None:
        return
    for number, other in includes(text):
        if other.startswith(LIBRARY_ADDITIONS) and "adapters" in PurePosixPath(path).parts:
            continue
        other_program, other_rank = (None, 0) if other.startswith("embedded/") else layer(other)
        if other_rank is None or other_rank > rank or other_program not in (None, program):
            yield f"{path}:{number}: may not include {other}"
    for number, line in enumerate(text.splitlines(), 1):
        library = LIBRARY_INCLUDE.match(line)
        if library and not set(PurePosixPath(path).parts) & set(LIBRARY_HOMES):
            if library[1] not in FREE_LIBRARIES:
                yield f"{path}:{number}: <{library[1]}> belongs inside an adapter"
        if library and path.startswith(("base/", "schema/")) and path.endswith(".h"):
            yield f"{path}:{number}: a header of {path.split('/')[0]} shows no library"


def api_faults(path, text):
    folder, _, rest = path.removeprefix(API).partition("/")
    if not path.startswith(API) or not rest:
        return
    if folder not in API_FOLDERS:
        yield f"{path}: docs/architecture.md lists no folder {folder}/ of {API}"
        return
    later = [f"{name}/" for name in API_FOLDERS[API_FOLDERS.index(folder) + 1:]]
    refused = tuple(API + name for name in (*later, *API_JOINTS))
    for number, other in includes(text):
        if other.startswith(refused):
            yield f"{path}:{number}: {folder}/ may not include {other}"


def size_faults(path, text):
    name = PurePosixPath(path)
    kind = "main.cc" if name.name == "main.cc" else "test" if path.startswith("tests/") else name.suffix
    lines = text.count("\n")
    if kind in LINES_MAX and lines > LINES_MAX[kind]:
        yield f"{path}: {lines} lines, at most {LINES_MAX[kind]}"
    if name.suffix in (".h", ".cc"):
        for number, line in enumerate(text.splitlines(), 1):
            if len(line) > COLUMNS_MAX:
                yield f"{path}:{number}: {len(line)} columns, at most {COLUMNS_MAX}"


def word_faults(path, text):
    if BANNED_NAMES.search(path):
        yield f"{path}: the name says nothing; name the idea"
    rules = BANNED_TEXT
    if path.startswith("tests/") and not path.startswith(WAITING_ALLOWED):
        rules = rules + TEST_BANNED_TEXT
    for number, line in enumerate(text.splitlines(), 1):
        for pattern, instead in rules:
            if pattern.search(line):
                yield f"{path}:{number}: {pattern.search(line)[0]!r}: {instead}"


def sources():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True,
                            capture_output=True, text=True).stdout.split()
    for path in listed:
        if PurePosixPath(path).suffix in (".h", ".cc", ".py", ".sh", ".cmake"):
            if path != "tests/tidy/tidy_test.py" and (ROOT / path).exists():
                yield path, (ROOT / path).read_text(encoding="utf-8")


class TidyTest(unittest.TestCase):
    def test_the_tree_keeps_its_rules(self):
        faults = [fault for path, text in sources()
                  for rule in (include_faults, api_faults, size_faults, word_faults)
                  for fault in rule(path, text)]
        self.assertEqual(faults, [], "\n" + "\n".join(faults))

    def test_each_rule_finds_a_planted_violation(self):
        planted = (
            (include_faults, "base/x.h", '#include "schema/ids.h"\n'),
            (include_faults, "schema/x.cc", '#include "bridge/core/route.h"\n'),
            (include_faults, "bridge/core/x.cc", '#include "bridge/adapters/paho_source.h"\n'),
            (include_faults, "bridge/core/x.cc", '#include "registry/core/fold.h"\n'),
            (include_faults, "bridge/ports.h", '#include "bridge/pump.h"\n'),
            (include_faults, "bridge/pump.cc", "#include <librdkafka/rdkafka.h>\n"),
            (include_faults, "bridge/pump.cc", '#include "cmake/paho/pubacks.h"\n'),
            (include_faults, "schema/x.h", "#include <nlohmann/json.hpp>\n"),
            (api_faults, "registry/api/query/x.cc", '#include "registry/api/watch/watch_hub.h"\n'),
            (api_faults, "registry/api/watch/x.cc", '#include "registry/api/service.h"\n'),
            (api_faults, "registry/api/unlisted/x.cc", ""),
            (size_faults, "base/x.h", "\n" * 201),
            (size_faults, "base/x.cc", "\n" * 351),
            (size_faults, "bridge/main.cc", "\n" * 81),
            (size_faults, "base/x.cc", "x" * 101 + "\n"),
            (word_faults, "base/string_util.h", ""),
            (word_faults, "base/x.cc", "// TO" + "DO later\n"),
            (word_faults, "tests/base/x_test.cc", "std::this_thread::sleep_for(1s);\n"),
            (word_faults, "tests/base/x_test.cc", "  rc::check(\"x\", [] {});\n"),
        )
        for rule, path, text in planted:
            self.assertTrue(list(rule(path, text)), f"{rule.__name__} missed {path}: {text[:60]!r}")


if __name__ == "__main__":
    unittest.main()
