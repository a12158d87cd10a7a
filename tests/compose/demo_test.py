"""How the demo tells what it saw, and reads what others tell it."""

import contextlib
import io
import json
import subprocess
import time
import unittest
from types import SimpleNamespace

from compose import comparison, fleet, kafka_records
from compose.demo import away_promises, command, lab_promises
from compose.demo import scene as scenes
from compose.demo.promise import Broken, Promise, sentence, wait
from compose.demo.result import NAME_COLUMNS, Result
from compose.demo.scene import FULL, SHORT, fleet_name
from compose.main import parser
from compose.report import Failure, Report


class Scene:
    """As much of it as running a promise needs."""

    def __init__(self, form=FULL, ended=()):
        self.form = form
        self.mended = 0
        self._ended = ended

    def mend(self):
        self.mended += 1

    def ended(self):
        return self._ended

    def logs(self, names):
        return [f"{name}.log" for name in names]


class Logs:
    def place(self, log):
        return f"kept/{log}" if log else ""


def told(keep, *about, **of_scene):
    """(what programs read, what people read, the scene) after one promise."""
    out, written, scene = io.StringIO(), io.StringIO(), Scene(**of_scene)
    report = Report(out)
    result = Result(report, 1, as_json=True)
    command.decide(scene, Promise("name", "it holds", keep, about), report, Logs(), result)
    text = out.getvalue()
    with contextlib.redirect_stdout(written):
        result.tell()
    return json.loads(written.getvalue()), text, scene


def breaking(error):
    def keep(_scene):
        raise error

    return keep


class TellingTest(unittest.TestCase):
    def test_a_kept_promise_is_a_timed_line_with_what_was_seen(self):
        facts, text, _ = told(lambda _scene: "42 devices")
        self.assertTrue(facts["kept"])
        self.assertRegex(text, r"\APASS +0\.\d s  name +it holds\n +42 devices\n\Z")

    def test_a_broken_one_says_what_was_expected_seen_and_which_log_to_read(self):
        facts, text, _ = told(breaking(Broken("online", "offline", "bridge.log")))
        self.assertFalse(facts["kept"])
        for part in ("FAIL", "expected: online", "seen:     offline", "log:      kept/bridge.log",
                     "./dmp demo --only name"):  # fmt: skip
            self.assertIn(part, text)

    def test_what_fails_underneath_breaks_the_promise_too(self):
        for error in (Failure("kafka ended"), ConnectionError("kafka ended")):
            facts, text, _ = told(breaking(error))
            self.assertFalse(facts["kept"])
            self.assertIn("kafka ended", text)

    def test_a_broken_one_names_the_log_of_each_part_it_is_about_the_telling_one_first(self):
        error = Broken("online", "offline", "registry.log")
        facts, text, _ = told(breaking(error), "bridge", "registry", "kafka")
        logs = [f"kept/{name}.log" for name in ("registry", "bridge", "kafka")]
        self.assertEqual(facts["promises"][0]["logs"], logs)
        self.assertEqual([line.split()[1] for line in text.splitlines() if "log:" in line], logs)

    def test_a_broken_one_names_the_parts_that_have_ended_and_their_logs(self):
        error = Broken("online", "offline", "registry.log")
        facts, text, _ = told(breaking(error), "bridge", ended=("mosquitto", "bridge"))
        self.assertEqual(facts["promises"][0]["ended"], ["mosquitto", "bridge"])
        self.assertIn("ended:    mosquitto, bridge\n", text)
        logs = [f"kept/{name}.log" for name in ("registry", "mosquitto", "bridge")]
        self.assertEqual(facts["promises"][0]["logs"], logs)

    def test_a_broken_one_can_be_tried_again_as_it_was(self):
        for form, words in ((FULL, "demo --only"), (SHORT, "demo --short --only")):
            facts, text, _ = told(breaking(Broken("a", "b", None)), form=form)
            self.assertIn(f"again:    ./dmp {words} name\n", text)
            self.assertEqual(facts["promises"][0]["again"], f"./dmp {words} name")

    def test_programs_read_what_people_read_in_seconds_of_three_decimals(self):
        facts, _, _ = told(lambda _scene: "42 devices")
        promise = facts["promises"][0]
        for seconds in (facts.pop("seconds"), promise.pop("seconds")):
            self.assertEqual(seconds, round(seconds, 3))
        self.assertEqual(promise, {"name": "name", "promise": "it holds", "kept": True,
                                   "seen": "42 devices", "expected": "", "ended": [], "logs": [],
                                   "again": ""})  # fmt: skip
        del facts["promises"]
        self.assertEqual(facts, {"kept": True, "interrupted": False, "failure": ""})

    def test_the_stack_is_mended_after_each_promise(self):
        for keep in (lambda _scene: "", breaking(Broken("a", "b", None))):
            self.assertEqual(told(keep)[2].mended, 1)

    def test_a_bug_in_a_promise_is_no_broken_promise(self):
        with self.assertRaises(ZeroDivisionError):
            told(lambda _scene: 1 / 0)

    def test_the_function_is_the_sentence(self):
        self.assertEqual(sentence("a_lost_rae_and_its_esn"), "a lost RAE and its ESN")

    def test_every_promise_has_a_name_and_a_sentence_of_its_own(self):
        for one in ("name", "sentence"):
            values = [getattr(promise, one) for promise in command.PROMISES]
            self.assertEqual(len(set(values)), len(values), values)

    def test_every_promise_names_its_parts_and_its_name_fits_into_its_column(self):
        agents = {fleet.agent_name(fleet_name(word), 1) for word in ("confirm", "puback")}
        servers = {"postgres", "kafka", "mosquitto"}
        parts = {"lab", "local-registry", "bridge", "registry", *servers, *agents}
        for promise in command.PROMISES:
            self.assertLessEqual(len(promise.name), NAME_COLUMNS)
            self.assertTrue(promise.about, promise.name)
            self.assertLessEqual(set(promise.about), parts)

    def test_the_help_of_json_says_what_it_holds(self):
        out = io.StringIO()
        with contextlib.redirect_stdout(out), self.assertRaises(SystemExit):
            parser().parse_args(["demo", "--help"])
        facts, _, _ = told(lambda _scene: "")
        for field in (*facts, *facts["promises"][0]):
            self.assertIn(field, out.getvalue().partition("--json ")[2])

    def test_only_known_promises_can_be_asked_for(self):
        asked = parser().parse_args(["demo", "--only", "plug", "--only", "lost"])
        self.assertEqual(asked.only, ["plug", "lost"])
        with contextlib.redirect_stderr(io.StringIO()), self.assertRaises(SystemExit):
            parser().parse_args(["demo", "--only", "plgu"])


class SceneTest(unittest.TestCase):
    def setUp(self):
        ended = SimpleNamespace(name="mosquitto", log="mosquitto.log", process=lambda: None)
        runs = SimpleNamespace(name="kafka", process=lambda: "a process")
        stack = SimpleNamespace(lab=None, parts=[ended, runs])
        self.ended, self.scene = ended, scenes.Scene(stack, FULL)

    def test_it_knows_which_parts_have_ended(self):
        self.assertEqual(self.scene.ended(), ["mosquitto"])

    def test_what_has_ended_already_breaks_the_promise_that_would_kill_or_freeze_it(self):
        for harm in (self.scene.kill, lambda part: self.scene.frozen(part).__enter__()):
            with self.assertRaises(Broken) as broken:
                harm(self.ended)
            self.assertEqual(broken.exception.log, "mosquitto.log")


class WaitTest(unittest.TestCase):
    def test_it_returns_once_there_is_no_objection(self):
        objections = iter(["not yet", "not yet", ""])
        self.assertGreater(wait(lambda: next(objections), "it", 60, None), 0)
        self.assertRaises(StopIteration, next, objections)

    def test_the_last_objection_is_what_was_seen(self):
        with self.assertRaises(Broken) as broken:
            wait(lambda: "still wrong", "right", 0, "a.log")
        self.assertEqual(
            (broken.exception.seen, broken.exception.log), ("still wrong", "a.log")
        )

    def test_a_server_that_does_not_answer_is_an_objection(self):
        answers = iter([ConnectionRefusedError("refused"), Failure("unreadable"), ""])

        def why_not():
            answer = next(answers)
            if isinstance(answer, Exception):
                raise answer
            return answer

        wait(why_not, "it", 60, None)


class ReadingTest(unittest.TestCase):
    def test_kcat_records_are_split_into_key_headers_and_value(self):
        text = "a/b\x1fdmp-reason=no, it is,dmp-refused-by=bridge\x1f{}\x1ec\x1f\x1f\x1e"
        self.assertEqual(
            kafka_records.parse(text),
            [
                ("a/b", {"dmp-reason": "no, it is", "dmp-refused-by": "bridge"}, "{}"),
                ("c", {}, ""),
            ],
        )

    def test_a_record_cut_short_is_not_there_yet(self):
        self.assertEqual(kafka_records.parse("a/b\x1fhea"), [])

    def follow(self, script):
        """A Follower of a shell script in place of kcat."""
        process = subprocess.Popen(
            ["/bin/sh", "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        self.addCleanup(process.__exit__, None, None, None)
        follower = kafka_records.Follower(process, "topic", "kafka.log")
        self.addCleanup(follower.join)
        self.addCleanup(process.kill)
        return follower

    def test_a_follower_gives_each_record_once_it_is_whole_with_the_moment_it_came(self):
        before = time.monotonic()
        script = r"printf 'a\037\037\303'; printf '\244\036b\037\0372\036c\037'; exec sleep 300"
        follower = self.follow(script)
        (first, first_at), (second, second_at) = follower.next(60), follower.next(60)
        self.assertEqual((first, second), (("a", {}, "ä"), ("b", {}, "2")))
        self.assertTrue(before < first_at <= second_at < time.monotonic())
        self.assertIsNone(follower.next(0))

    def test_a_follower_whose_kcat_ends_fails_with_its_words(self):
        with self.assertRaises(Failure) as failure:
            self.follow("echo no broker >&2").next(60)
        self.assertEqual(failure.exception.what, "kcat cannot read topic: no broker")
        self.assertEqual(failure.exception.log, "kafka.log")

    def test_a_comparison_is_equal_only_if_nothing_differs(self):
        same = {"lost": 0, "stale": 0, "phantom": 0, "differences": []}
        same["agents"] = [{"facets": 3}, {"facets": 4}]
        found = comparison.parse(json.dumps(same))
        self.assertTrue(found.is_equal)
        self.assertEqual(found.compared, 7)
        for kind in ("lost", "stale", "phantom"):
            self.assertFalse(comparison.parse(json.dumps({**same, kind: 1})).is_equal)


class LostRae:
    """A scene whose RAE is still shown online for a moment after its agent was killed."""

    lab_database = None

    def __init__(self):
        lost = {"status": "unknown", "reason": "rae_lost"}
        blockers = [{"code": "rae_lost", "message": "nobody can know"}]
        online, gone = [self._item({"status": "online"}, [])], [self._item(lost, blockers)]
        self._looks = [online, online, gone, gone, online]
        self.lab = self

    def _item(self, presence, blockers):
        return {"device_id": "d", "presence": presence, "blockers": blockers,
                "schedulable": not blockers}  # fmt: skip

    def items(self):
        return self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]

    def order(self, *_, **__):
        pass

    def log(self, part):
        return part

    def compare(self, *_, **__):
        same = {"lost": 0, "stale": 0, "phantom": 0, "differences": []}
        return comparison.parse(json.dumps({**same, "agents": []}))


class LabPromisesTest(unittest.TestCase):
    def test_a_list_that_learns_late_of_the_loss_is_waited_for(self):
        scene = LostRae()
        seen = lab_promises.a_lost_rae_makes_its_devices_unknown_never_offline_until_it_is_back
        self.assertIn("nobody can know", seen.keep(scene))


class Away:
    """A scene whose bridge answers so late for who is not there, and passes on what comes next, or
    does not."""

    def __init__(self, late_s=0.0, passes_on=True):
        self._late_s, self._passes_on = late_s, passes_on
        self.written = []

    @contextlib.contextmanager
    def client(self, _name):
        yield SimpleNamespace(
            subscribe=lambda _topic: 0, publish=lambda *_: 0, receive=self._receive
        )

    @contextlib.contextmanager
    def following(self, _topic):
        yield SimpleNamespace(next=self._next)

    def write(self, topic, records, headers):
        self.written.append((topic, records, headers))

    def records(self, _topic, _since_s):
        return [kafka_records.Record("dmp/v1/rae-gone/agent/presence", {}, '{"status": "offline"}')]

    def log(self, part):
        return part

    def _receive(self, _within_s):
        if not self._passes_on:
            raise TimeoutError
        key, value = self.written[-1][1][1]
        return key, value.encode()

    def _next(self, within_s):
        key, value = self.written[-1][1][0]
        reply = {**json.loads(value), "state": "away"}
        record = kafka_records.Record(key.replace("/command", "/reply"), {}, json.dumps(reply))
        return (record, time.monotonic() + self._late_s) if self._late_s < within_s else None


class AwayPromiseTest(unittest.TestCase):
    def broken(self, scene):
        with self.assertRaises(Broken) as broken:
            away_promises.AWAY.keep(scene)
        return broken.exception

    def test_it_tells_the_milliseconds_of_who_was_never_heard_of_and_of_who_went_offline(self):
        scene = Away(late_s=0.5)
        seen = away_promises.AWAY.keep(scene)
        one = r"`away` after 5\d\d ms, the next command there after \d+ ms"
        self.assertRegex(seen, rf"\Anever heard of: {one}; gone offline: {one}\Z")
        asked = [records[0][0].split("/")[2] for _, records, _ in scene.written]
        self.assertEqual(asked[-2:], ["rae-unheard", "rae-gone"])

    def test_an_answer_that_is_late_breaks_it_and_says_how_late(self):
        broken = self.broken(Away(late_s=2.0))
        self.assertIn("within 1 s", broken.expected)
        self.assertRegex(broken.seen, r"`away` after 2\d{3} ms, the next .* after \d+ ms")
        self.assertEqual(broken.log, "bridge")

    def test_so_does_a_command_that_waits_behind_the_one_for_nobody(self):
        broken = self.broken(Away(passes_on=False))
        self.assertRegex(broken.seen, r"`away` after \d+ ms, the next .* not within 60 s")

    def test_and_no_answer_at_all(self):
        self.assertIn("`away` not within 60 s", self.broken(Away(late_s=1e6)).seen)


class FleetTest(unittest.TestCase):
    def test_together_the_agents_make_the_whole_load(self):
        scripts = [fleet.script(seed, 1.5) for seed in range(fleet.AGENTS)]
        edits = sum(s["edits_per_second"] for s in scripts)
        self.assertEqual(910, edits)  # 900 messages: one in 90 shares a transaction
        self.assertEqual({s["duration_ms"] for s in scripts}, {1500})

    def test_the_short_form_of_the_demo_is_lighter_on_the_machine(self):
        full, short = (
            fleet.script(1, 10 * form.pace, form.per_second) for form in (FULL, SHORT)
        )
        for amount in ("edits_per_second", "duration_ms"):
            self.assertLess(short[amount], full[amount])


if __name__ == "__main__":
    unittest.main()
