"""What the benches make of what they measured."""

import argparse
import json
import os
import tempfile
import unittest
import xml.etree.ElementTree as xml
from pathlib import Path

from compose.bench import bridge, bridge_peers, canary, canary_peers, chart, command, cost, hops
from compose.bench import ingest, outage, rest, staleness, stall
from compose.report import Failure


class MeterTest(unittest.TestCase):
    def test_what_is_spent_after_its_making_is_told_by_name(self):
        meter = cost.Meter({"bench": [os.getpid()], "nobody": []})
        until = cost.cpu_s(os.getpid()) + 0.2
        while cost.cpu_s(os.getpid()) < until:
            pass
        seconds, spent = meter.spent()
        self.assertEqual(set(spent), {"bench", "nobody", "others", "stolen"})
        self.assertGreater(spent["bench"], 0.1)
        self.assertEqual(spent["nobody"], 0)
        self.assertGreater(seconds, 0)


    def test_what_is_spent_is_told_in_cores_and_never_as_less_than_none(self):
        cores = cost.cores(10.0, {"kafka": 4.0, "others": -0.1})
        self.assertEqual(cores, {"kafka": 0.4, "others": 0.0})


class StalenessTest(unittest.TestCase):
    def test_only_values_that_were_not_there_before_are_samples(self):
        before, now = {"a": 1_000, "b": 2_000}, {"a": 1_000, "b": 5_000, "c": 6_000}
        self.assertEqual(sorted(staleness.new_ages_ms(before, now, 16_000)), [10.0, 11.0])

    def test_a_percentile_is_a_value_that_was_seen(self):
        values = list(range(1, 101))
        for percent in (1, 50, 99, 100):
            self.assertEqual(staleness.percentile(values, percent), percent)
        self.assertEqual(staleness.percentile([7], 99), 7)
        self.assertEqual(staleness.percentile([1, 2, 3], 50), 2)


class CanaryPeersTest(unittest.TestCase):
    LIMIT = {"connects_per_s_limit": 1_000}
    FOUND = {
        "connected": canary_peers.CLIENTS, "connect_s": 2.0, "sent": 3_000, "cpu_s": 3.0,
        "puback_p50_ms": 1.0, "puback_p99_ms": 2.0, "rss_mib": 50.0,
    }  # fmt: skip

    def test_every_target_is_of_a_figure_the_bench_has(self):
        ours = canary_peers.figures("canary", self.FOUND, self.LIMIT)
        beside = canary_peers.beside(self.FOUND, {**self.FOUND, "cpu_s": 30.0}, self.LIMIT)
        self.assertLessEqual(set(canary_peers.TARGETS), {*ours, *beside})
        self.assertEqual(ours["canary_of_limit"], canary_peers.CLIENTS / 2.0 / 1_000)
        self.assertEqual(beside["cpu_ratio_to_locust"], 0.1)

    def test_a_rate_of_connects_needs_all_of_them(self):
        some = canary_peers.figures("locust", {**self.FOUND, "connected": 7}, self.LIMIT)
        self.assertIsNone(some["locust_connects_per_s"])

    def test_without_locust_its_figures_are_left_out_and_it_says_so(self):
        self.assertEqual(canary_peers.beside(self.FOUND, None, self.LIMIT), {"locust": "left out"})


class HopsTest(unittest.TestCase):
    def test_a_quantile_lies_in_the_bucket_that_holds_it(self):
        counts = {0.01: 50.0, 0.1: 98.0, 1.0: 100.0, float("inf"): 100.0}
        self.assertAlmostEqual(hops.quantile(counts, 25), 0.005)
        self.assertAlmostEqual(hops.quantile(counts, 50), 0.01)
        self.assertAlmostEqual(hops.quantile(counts, 99), 0.55)

    def test_beyond_the_last_bound_that_bound_is_told(self):
        self.assertEqual(hops.quantile({0.1: 1.0, float("inf"): 9.0}, 99), 0.1)

    def test_what_was_counted_before_does_not_count(self):
        before, after = {0.1: 5.0, float("inf"): 5.0}, {0.1: 5.0, float("inf"): 7.0}
        self.assertEqual(hops.since(before, after), {0.1: 0.0, float("inf"): 2.0})
        self.assertIsNone(hops.quantile(hops.since(before, before), 50))


class BridgeTest(unittest.TestCase):
    def rival(self, name):
        rival = bridge.Rival(argparse.Namespace(name=name), name, f"dmp_{name}")
        for rate in bridge.RATES:
            for _ in range(bridge.ROUNDS):
                rival.add_latencies(rate, {0.001: 50.0, 0.01: 100.0, float("inf"): 100.0})
        for _ in range(bridge.ROUNDS):
            rival.add_spent(10_000, 2.0, {"bridge": 1.0, "others": 2.0})
        rival.add_burst(messages=100, cpu_s=2.0, seconds=4.0)
        return rival

    def test_every_target_is_of_a_figure_the_bench_has(self):
        found = bridge.figures(self.rival("ours"), self.rival("naive"))
        self.assertLessEqual(set(bridge.TARGETS), set(found))
        self.assertEqual((found["bridge_cores_at_10k"], found["others_cores_at_10k"]), (0.5, 1.0))

    def test_the_rounds_of_a_rival_are_one_measurement(self):
        rival = self.rival("ours")
        self.assertAlmostEqual(rival.percentile_ms(50, 1_000), 1.0)
        rival.add_burst(messages=100, cpu_s=6.0, seconds=4.0)
        self.assertEqual(rival.messages_per_cpu_s(), 25)
        self.assertEqual(rival.messages_per_s(), 25)


class OutageTest(unittest.TestCase):
    def test_every_target_is_of_a_figure_the_bench_has_and_the_naive_bridge_must_lose(self):
        ours, naive = (bridge.Rival(argparse.Namespace(name=name), name, name) for name in "ab")
        naive.lost = 7
        found = outage.figures(ours, naive, 5.0)
        self.assertLessEqual(set(outage.TARGETS), set(found))
        lines = command.table("outage", outage, found)
        self.assertRegex("\n".join(lines), r"(?m)^  naive_lost +7  target > 0$")


class BridgePeersTest(unittest.TestCase):
    def peer(self, name, messages_per_cpu_s):
        peer = bridge_peers.Peer(argparse.Namespace(name=name), name)
        for p50_ms in (9.0, 1.0):
            peer.add_burst(messages_per_cpu_s, cpu_s=1.0, seconds=2.0)
            peer.add_latencies(p50_ms, 10 * p50_ms)
        return peer

    def peers(self, *names):
        return {name: self.peer(name, speed) for name, speed in names}

    def test_every_target_is_of_a_figure_the_bench_has(self):
        found = bridge_peers.figures(
            self.peers(("bridge", 150), ("naive", 200), ("telegraf", 100)))
        self.assertLessEqual(set(bridge_peers.TARGETS), set(found))
        self.assertEqual(found["ratio_to_telegraf"], 1.5)
        self.assertEqual(found["ratio_to_naive"], 0.75)
        self.assertEqual((found["p50_ms_at_1k"], found["p99_ms_at_1k"]), (1.0, 10.0))

    def test_without_telegraf_its_figures_are_left_out_and_it_says_so(self):
        found = bridge_peers.figures(self.peers(("bridge", 150), ("naive", 200)))
        self.assertEqual(found["telegraf"], "left out")
        self.assertNotIn("ratio_to_telegraf", found)


class ChartTest(unittest.TestCase):
    def test_the_picture_is_well_formed_and_holds_every_curve(self):
        samples = [(t, {"lag": t * 10, "rss": 50.5, "queued": 0}) for t in range(1000)]
        curves = {who: samples for who in stall.WHO}
        root = xml.fromstring(chart.svg([stall.panels("frozen", curves, (15.0, 75.0))] * 2))
        lines = [each for each in root.iter() if each.tag.endswith("polyline")]
        self.assertEqual(len(lines), 2 * len(stall.SERIES) * len(stall.WHO))
        self.assertLessEqual(len(lines[0].get("points").split()), chart.POINTS_MAX)

    def test_a_scale_ends_at_a_round_number(self):
        for value, end in ((0, 1), (1, 1), (3, 5), (5.1, 10), (60_000, 100_000)):
            self.assertEqual(chart.round_up(value), end)


class RestTest(unittest.TestCase):
    def test_every_target_is_of_a_figure_the_bench_has(self):
        names = [f"{kind}_{which}_ms" for kind in ("list", "get", "plain", "select1")
                 for which in ("p50", "p99")]  # fmt: skip
        def cpu_s(registry, postgres):
            return {"registry": registry, "postgres": postgres, "kafka": 5.0, "haproxy": 1.0}

        lists = dict.fromkeys(names, 4.0) | {
            "cpu_s": cpu_s(4.0, 10.0), "stolen_s": 1.0, "seconds": 20.0, "list_count": 1000, "list_bytes": 1024, "failed": 0
        }  # fmt: skip
        asked = dict.fromkeys(rest.PHASES, lists) | {
            "nothing": {"cpu_s": cpu_s(0.5, 1.5), "stolen_s": 5.0, "seconds": 10.0, "failed": 1}
        }  # fmt: skip
        watched = {"watchers": 10, "ended": 1, "changes": 5, "p99_ms": 300.0, "p50_ms": 100.0}
        kib = {"registry": 20.0, "edge": 5.0, "lists": 3.0}
        found = rest.figures(asked, watched, kib)
        self.assertLessEqual(set(rest.TARGETS), set(found))
        self.assertEqual(found["cpu_ms_per_list"], 10)
        self.assertEqual(found["kafka_cores_without_requests"], 0.5)
        self.assertEqual(found["cores_stolen"], 0.1)
        self.assertEqual(found["failed"], 2)


class CommandTest(unittest.TestCase):
    def test_only_benches_that_can_be_scaled_are(self):
        self.assertEqual(command.scale_of(("ingest", "staleness"), 1), {})
        self.assertEqual(command.scale_of(("ingest",), 0.1), {"scale": 0.1})
        for names, scale in ((("staleness",), 0.5), (("ingest",), 0), (("ingest",), 2)):
            with self.assertRaises(Failure):
                command.scale_of(names, scale)

    def test_every_target_is_of_a_figure_the_bench_has(self):
        round_ = {"records_per_s": 10.0, "cpu_s": 4.0, "own_cpu_s": 1.0, "peak_rss_mib": 50.0,
                  "commits_per_s": 1.0, "lost": 0, "stale": 0}  # fmt: skip
        found = ingest.figures(round_, round_, round_)
        self.assertLessEqual(set(ingest.TARGETS), set(found))
        self.assertEqual(found["ratio_to_database"], 1)

    def test_without_names_all_are_run_and_none_twice(self):
        self.assertEqual(command.checked([]), command.NAMES)
        self.assertEqual(command.checked(["staleness", "staleness"]), ("staleness",))

    def test_an_unknown_bench_names_the_nearest(self):
        with self.assertRaises(Failure) as failure:
            command.checked(["stalenes"])
        self.assertIn("./dmp bench staleness", failure.exception.text())

    def test_the_table_tells_the_target_beside_the_figure(self):
        lines = command.table("staleness", staleness, {"p50_ms": 20.5, "p99_ms": 61.0})
        self.assertRegex(lines[2], r"p99_ms +61 +target < 100\Z")
        self.assertNotIn("target", lines[1])

    def test_the_table_shows_words_and_what_is_missing(self):
        lines = command.table("canary", canary, {"verdict": "held", "s_to_lag_zero": None})
        self.assertRegex(lines[1], r"verdict +held\Z")
        self.assertRegex(lines[2], r"s_to_lag_zero +-  target <= 10\Z")

    def test_a_file_that_cannot_be_written_is_told_before_anything_is_measured(self):
        asked = argparse.Namespace(names=[], scale=1, json="/nowhere/figures.json")
        with self.assertRaises(FileNotFoundError):
            command.run(Path("/nowhere"), None, None, asked)

    def test_one_bench_is_an_object_of_figures_and_several_are_one_per_name(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "figures.json"
            for figures in ({"a": {"p50_ms": 1}}, {"a": {"p50_ms": 1}, "b": {"p50_ms": 2}}):
                command.write(file, figures)
                expected = figures["a"] if len(figures) == 1 else figures
                self.assertEqual(json.loads(file.read_text()), expected)


if __name__ == "__main__":
    unittest.main()
