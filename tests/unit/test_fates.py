"""What tests said of suspicions, remembered for whoever looks next."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from assay.assistant.hints.fates import Fates, may_be_tested, recalled
from assay.assistant.hints.kept import Kept
from tests.unit.test_standing import ONE, TEXT, TWO, judged


def fates(folder: Path, whole: str, tests: str) -> Fates:
    return Fates(Kept(folder, Path("/p")), whole, tests)


def test_a_fate_is_known_by_the_text_and_the_tests_and_a_run_by_all_of_the_project(tmp_path: Path) -> None:
    first = fates(tmp_path, "whole", "tests")
    first.put(ONE, TEXT, [])
    first.put(TWO, TEXT, [judged(TWO)])
    first.kept.save()
    again = fates(tmp_path, "another whole", "tests")
    assert recalled(again, {"m.py": TEXT}, [ONE, TWO]) == [TWO], "what was passed then may not be passed now"
    assert again.run(ONE, TEXT) is None
    assert fates(tmp_path, "whole", "x").run(ONE, TEXT) == []
    assert recalled(again, {"m.py": TEXT + "\n"}, [ONE]) == [ONE], "another text is another suspicion"
    assert recalled(fates(tmp_path, "whole", "other tests"), {"m.py": TEXT}, [ONE]) == [ONE]


def test_only_what_could_be_mended_is_put_to_the_test() -> None:
    assert may_be_tested(ONE)
    assert not may_be_tested(replace(ONE, fix=None))
    assert not may_be_tested(replace(ONE, kind="rule"))
