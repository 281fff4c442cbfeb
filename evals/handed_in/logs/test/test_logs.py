import tempfile
import unittest
from pathlib import Path

from logs import files, stats
from logs.parse import BadLine, Record, duration, record, records

TEXT = "60 INFO up\n61 WARN slow\n\n125 INFO down\n"


class TestParse(unittest.TestCase):
    def test_record(self):
        self.assertEqual(record("60 INFO all is up"), Record(60, "INFO", "all is up"))

    def test_bad_line(self):
        with self.assertRaises(BadLine):
            record("nothing of the kind")

    def test_records(self):
        self.assertEqual([one.level for one in records(TEXT)], ["INFO", "WARN", "INFO"])

    def test_duration(self):
        self.assertEqual(duration("90m"), 5400)
        self.assertEqual(duration("15s"), 15)
        with self.assertRaises(ValueError):
            duration("15")


class TestStats(unittest.TestCase):
    def test_levels(self):
        self.assertEqual(stats.levels(records(TEXT)), {"INFO": 2, "WARN": 1})

    def test_busiest(self):
        self.assertEqual(stats.busiest(records(TEXT)), 60)
        with self.assertRaises(ValueError):
            stats.busiest([])

    def test_median_gap(self):
        self.assertAlmostEqual(stats.median_gap(records(TEXT)), 32.5, places=3)
        self.assertEqual(stats.median_gap([]), 0)


class TestFiles(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())

    def test_load(self):
        path = self.folder / "a.log"
        path.write_text(TEXT)
        self.assertEqual(len(files.load(path)), 3)

    def test_newest(self):
        with self.assertRaises(FileNotFoundError):
            files.newest(self.folder)
        (self.folder / "a.log").write_text(TEXT)
        self.assertEqual(files.newest(self.folder).name, "a.log")

    def test_rotate(self):
        path = self.folder / "a.log"
        for number in range(5):
            path.write_text(str(number))
            files.rotate(path)
        self.assertEqual(sorted(one.name for one in self.folder.iterdir()), ["a.1", "a.2", "a.3"])
        self.assertEqual((self.folder / "a.1").read_text(), "4")
