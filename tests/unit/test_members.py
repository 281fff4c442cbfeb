"""Names after a dot: what was seen after the same receiver comes first, and nothing is said where there is no dot."""

from __future__ import annotations

import pytest

from analyzers import members
from analyzers.members import Project
from assay.assistant.suggest import popup

EMPTY = members.of_project({})


def names(text: str, project: Project = EMPTY, most: int = 5) -> list[str]:
    """The names at the place that is marked with |."""
    offset = text.index("|")
    return [name for name, _ in members.ranked(text.replace("|", ""), offset, "m.py", project, most)]


def test_what_follows_the_same_receiver_comes_before_what_follows_others() -> None:
    text = "box.open()\nbox.open()\ncar.drive()\nbox.|\n"
    assert names(text)[:2] == ["open", "drive"]
    assert names(text.replace("box.|", "box.d|")) == ["drive"]


def test_the_line_itself_says_what_is_meant() -> None:
    text = "self.size()\nself.colour()\n"
    assert names(f"{text}colour = self.|")[0] == "colour"
    assert names(f"{text}paint(colour=self.|")[0] == "colour"
    assert names("class C:\n    def twist(self): ...\n\n    def f(self):\n        self.|") == ["twist", "f"]


def test_what_stands_behind_the_cursor_on_its_line_is_not_looked_at() -> None:
    assert names("a.one()\na.|two()\n") == ["one"]


def test_a_habit_is_followed() -> None:
    text = "".join(f"f.open({n})\nf.read({n})\nf.close({n})\n" for n in range(4))
    assert names(f"{text}f.open(9)\nf.|")[0] == "read"


def test_the_project_knows_more_than_the_file() -> None:
    project = members.of_project(
        {"a.py": "session.commit()\nsession.commit()\nsession.close()\n", "m.py": "other.thing()\n"}
    )
    assert names("session.|", project)[0] == "commit"


@pytest.mark.parametrize("text", ["|", "abc|", "3.|", "...|", "a .|", "\n.|", "a.b\n|"])
def test_where_no_name_has_a_dot_nothing_is_said(text: str) -> None:
    assert names(f"x.one()\nx.two()\n{text}") == []


def test_jedis_names_are_all_there_and_guesses_are_few_and_told_apart() -> None:
    ranked = [(f"guess{n}", 5.0 - n) for n in range(9)] + [("real", 1.0)]
    found = popup.listed(ranked, ["other", "real"])
    assert [name for name, is_known in found if is_known] == ["real", "other"]
    assert sum(not is_known for _, is_known in found) == popup.GUESSES
    assert popup.listed([], ["b", "a"]) == [("b", True), ("a", True)]


def test_names_of_a_package_that_was_not_fitted_on_are_ranked_well() -> None:
    """Two hundred places; `python -m evals.members` measures twelve packages, beside jedi."""
    from evals import members as measured

    files = measured.load(("packaging", "pluggy", "parso"))
    project = members.of_project(files)
    places = measured.places(files, 200)
    lists = [[name for name, _ in members.ranked(files[p.file], p.offset, p.file, project, 5)] for p in places]
    assert sum(p.truth in found for p, found in zip(places, lists, strict=True)) > 100
    assert sum(p.truth in found[:1] for p, found in zip(places, lists, strict=True)) > 50
