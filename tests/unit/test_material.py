"""What a model may be taught from, and what is left out of it."""

from __future__ import annotations

import gzip
import io
import json
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest
from dulwich import porcelain
from typer.testing import CliRunner

from assay.cli.commands import app
from assay.engine.dialects import DIALECTS, by_name
from assay.tune import way
from assay.tune.material import (
    accepted,
    alike,
    asked,
    benchmarks,
    card,
    cleaned,
    histories,
    licences,
    prepare,
    samples,
    sources,
)
from assay.tune.material.prepare import Wanted
from assay.tune.material.sources import SourceError, Text
from assay.tune.training import plan as plans
from assay.tune.training.plan import Plan, Progress

MIT = "Permission is hereby granted, free of charge, to any person obtaining a copy of this software"
GPL = "GNU GENERAL PUBLIC LICENSE\nVersion 3, 29 June 2007"


def module(name: str, lines: int = 14) -> str:
    """Code that is like no other module's."""
    words = [f"{name}_{number}" for number in range(lines)]
    body = "\n\n".join(
        f'def {word}(given, limit={number}):\n    """Return what {word} makes of it."""\n    found = given.{word}(limit + {number * 7})\n    if found is None:\n        return {name}.fallback(given)\n    return found.{name}_size'
        for number, word in enumerate(words)
    )
    return f'"""The {name} of the shop."""\n\nimport os\n\n\n{body}\n'


def project(root: Path, names: str, licence: str = MIT) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    (root / "LICENSE").write_text(licence)
    for name in names.split():
        (root / f"{name}.py").write_text(module(name))
    return root


@pytest.mark.parametrize(
    ("expression", "licence"),
    [
        ("MIT", "MIT"),
        ("Apache-2.0 OR GPL-3.0-only", "Apache-2.0"),
        ("MIT AND GPL-2.0-or-later", "GPL-3.0"),
        ("BSD-3-Clause AND MIT", "BSD-3-Clause"),
        ("LGPL-2.1-or-later", "LGPL-3.0"),
        ("LicenseRef-Proprietary", "other"),
        ("(MIT OR Apache-2.0) AND GPL-3.0-only", "GPL-3.0"),
        ("MIT OR (Apache-2.0 AND LGPL-2.1-only)", "MIT"),
        ("GPL-3.0-only AND (MIT OR BSD-3-Clause)", "GPL-3.0"),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "GPL-3.0"),
        ("(MIT", "other"),
        ("MIT OR", "other"),
        ("MIT) OR Apache-2.0", "other"),
        ("((MIT))", "MIT"),
        ("(" * 100_000 + "MIT" + ")" * 100_000, "other"),
        ("MIT License", "MIT"),
        ("", ""),
    ],
)
def test_an_expression_is_its_strictest_part(expression: str, licence: str) -> None:
    assert licences.of_expression(expression) == licence


@pytest.mark.parametrize(
    "head",
    [
        "#!/usr/bin/env python\n# -*- coding: utf-8 -*-\n",
        "",
        "\n\n# What it is for\n\n",
    ],
)
@pytest.mark.parametrize("quotes", ['"""', "'''"])
def test_a_docstring_says_under_which_licence_a_file_is(head: str, quotes: str) -> None:
    notice = "Tools.\n\nThis program is free software: under the terms of the GNU General Public\nLicense as published."
    assert licences.of_head(f"{head}{quotes}{notice}{quotes}\nimport os\n") == "GPL-3.0"
    assert licences.of_head(f"{head}{quotes}Tools.{quotes}\nNAMES = {{'gpl': 'the license'}}\n") == ""


def test_a_distribution_is_what_its_metadata_or_its_files_say() -> None:
    assert licences.of_distribution("Name: x\nLicense-Expression: MIT\n", []) == "MIT"
    assert licences.of_distribution("Name: x\nClassifier: License :: OSI Approved :: BSD License\n", []) == "BSD"
    assert licences.of_distribution("Name: x\nLicense: GPLv3\n", []) == "GPL-3.0"
    assert licences.of_distribution("Name: x\nClassifier: License :: OSI Approved :: MIT License\n", [GPL]) == "GPL-3.0"
    assert licences.of_distribution("Name: x\nLicense-Expression: MIT\n", [GPL]) == "GPL-3.0", "the strictest counts"
    python = (
        "PYTHON SOFTWARE FOUNDATION LICENSE VERSION 2\n"
        + "All of them but one go together with it. " * 12
        + "GNU General Public License"
    )
    assert licences.of_distribution("Name: x\nLicense-Expression: MIT\n", [MIT, python]) == "MIT", "it only names it"
    assert licences.of_distribution("Name: x\n", []) == licences.UNKNOWN
    assert licences.of_distribution("Name: x\nSummary: permits and limits\nLicense: see submitted file\n", []) == ""


@pytest.mark.parametrize(
    ("head", "licence"),
    [
        ("# SPDX-License-Identifier: GPL-2.0-only\nx = 1\n", "GPL-3.0"),
        ("# This file is under the GNU General Public License, version 2\nx = 1\n", "GPL-3.0"),
        ("# SPDX-License-Identifier: MIT\n", "MIT"),
        ("x = 'a text about the GPL'\n", ""),
    ],
)
def test_a_file_says_its_own_licence(head: str, licence: str) -> None:
    assert licences.of_head(head) == licence


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (module("till"), ""),
        ("x = 1\n", "too short"),
        ("# This file is generated by tables.py. Do not edit.\n" + module("till"), "generated"),
        (module("till") + "x = [" + "1, " * 900 + "]\n", "minified or a table"),
        ("x = [\n" + "    1, 2, 3, 'a',\n" * 60 + "]\n", "minified or a table"),
        (module("till") + "def f(:\n", "does not parse"),
        (module("till") + 'API_KEY = "sk-9aX2kQ8vLm41Zt7RbYc0WdEf"\n', "has a secret"),
    ],
)
def test_a_file_is_refused_for_one_reason(text: str, why: str) -> None:
    assert cleaned.refusal(text) == why


def test_people_are_put_out_of_a_text() -> None:
    text, count = cleaned.impersonal(
        'AUTHOR = "Ann <ann.bee@mail.shop.de>"\nTRY = "me@example.com"\nCALL = "+49 30 901 820"\n'
    )
    assert count == 2
    assert "ann" not in text and "901" not in text and "me@example.com" in text


def test_near_duplicates_are_one_and_what_is_alike_belongs_together() -> None:
    first, other = module("till", 30), module("stock", 30)
    same = first.replace("limit=3", "limit=4")
    related = module("till", 22) + module("depot", 8)
    repeats, together = alike.groups([first, other, same, related])
    assert repeats == [0, 1, 0, 3]
    assert together[3] == together[0] != together[1]


def test_text_of_benchmarks_is_known_in_any_surroundings(data: Path) -> None:
    """Planted into a module, whole tasks of both kinds; the modules alone are nobody's."""
    marks = benchmarks.known()
    assert not benchmarks.hits(module("till"), marks)
    with gzip.open(data / "HumanEval.jsonl.gz", "rt") as file:
        tasks = [json.loads(line) for line in file]
    for row in tasks[::9]:
        assert benchmarks.hits(f"{module('till')}\n\n{row['prompt']}{row['canonical_solution']}\n", marks), row[
            "task_id"
        ]
    with gzip.open(data / "mbpp_sanitized.jsonl.gz", "rt") as file:
        rows = [json.loads(line) for line in file]
    found = [
        benchmarks.hits(f"{module('till')}\n\n{row['prompt']}{row['canonical_solution']}\n", marks) for row in rows
    ]
    assert sum(found) >= 0.97 * len(found)


def test_a_benchmark_of_ones_own_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "own.jsonl").write_text(json.dumps({"task": module("till")[:900]}) + "\n")
    assert benchmarks.hits(module("till"), benchmarks.known([tmp_path / "own.jsonl"]))


def test_the_card_adds_up_and_names_all_that_was_planted(tmp_path: Path, data: Path) -> None:
    """GPL, secrets, benchmark tasks, generated files, twins: none of it is taught, each counts once."""
    root = project(tmp_path / "shop", "till stock cart depot desk lamp chair door sink")
    other = project(tmp_path / "copyleft", "gnu gnat", GPL)
    with gzip.open(data / "HumanEval.jsonl.gz", "rt") as file:
        task = json.loads(next(iter(file)))
    (root / "planted.py").write_text(module("planted") + "\n\n" + task["prompt"] + task["canonical_solution"])
    (root / "secret.py").write_text(module("secret") + 'TOKEN = "ghp_9aX2kQ8vLm41Zt7RbYc0WdEf9aX2kQ8vLm41"\n')
    (root / "copied.py").write_text("# Licensed under the GNU General Public License version 3\n" + module("copied"))
    (root / "made.py").write_text("# Generated by make.py, do not edit\n" + module("made"))
    (root / "twin.py").write_text(module("till") + "# the same\n")
    (root / "odd.py").write_bytes(b"x = '\xff'\n")
    found = [sources.folder(root, is_own=False), sources.folder(other, is_own=False)]
    made = prepare.prepare(found, tmp_path / "out", Wanted(rows=400, held=60), lambda _: None)
    assert made.adds_up and made.found == 17
    assert made.left_out == {
        "of a benchmark": 1, "has a secret": 1, "licence GPL-3.0": 3, "generated": 1, "nearly the same as another": 1, "not UTF-8": 1,
    }  # fmt: skip
    taught = (tmp_path / "out" / "texts.jsonl").read_text()
    assert all(word not in taught for word in (task["entry_point"], "ghp_", "gnu_1", "copied_1", "made_1"))
    page = (tmp_path / "out" / "card.md").read_text()
    assert "| all of these | 8 |" in page and "| MIT | 9 |" in page
    assert card.page(json.loads((tmp_path / "out" / "card.json").read_text())) == page


def test_ones_own_is_taken_without_a_licence_and_a_strangers_is_not(tmp_path: Path) -> None:
    root = project(tmp_path / "mine", "till stock cart depot desk", "All rights reserved.")
    with pytest.raises(SourceError, match="licence not known 5"):
        prepare.prepare([sources.folder(root, is_own=False)], tmp_path / "out", Wanted(), lambda _: None)
    made = prepare.prepare([sources.folder(root, is_own=True)], tmp_path / "out", Wanted(), lambda _: None)
    assert made.kept == {"own": 5}


def test_nothing_that_is_taught_is_held_out(tmp_path: Path) -> None:
    """Of one project by files, of several by projects; what is alike stays on one side, or is left out."""
    one = project(tmp_path / "one", " ".join(f"part{number}" for number in range(20)))
    (one / "near.py").write_text(module("part3", 11) + module("near", 4))
    prepare.prepare([sources.folder(one, is_own=True)], tmp_path / "a", Wanted(), lambda _: None)
    found = prepare.load(tmp_path / "a")
    sides = [{found.texts[row.text].path for row in rows} for rows in (found.train, found.held)]
    assert all(sides) and not sides[0] & sides[1]
    assert any({"near.py", "part3.py"} <= side for side in sides)
    assert not set(found.looked_at) & set(found.judged) and {*found.looked_at, *found.judged} == set(found.held)
    several = [
        sources.folder(project(tmp_path / name, f"{name}a {name}b {name}c"), is_own=False)
        for name in "ant bee cat dog".split()
    ]
    prepare.prepare(several, tmp_path / "b", Wanted(), lambda _: None)
    found = prepare.load(tmp_path / "b")
    by_project = [{found.texts[row.text].project for row in rows} for rows in (found.train, found.held)]
    assert all(by_project) and not by_project[0] & by_project[1]


@pytest.mark.parametrize("seed", range(1, 5))
def test_ones_own_house_is_on_both_sides_whatever_stands_beside_it(tmp_path: Path, seed: int) -> None:
    """Packages beside it are held out whole, and its own files in part; a stranger's file that is like a held-out one is taught nowhere."""
    own = sources.folder(project(tmp_path / "shop", "till stock cart depot desk lamp chair door"), is_own=True)
    others = [
        sources.folder(project(tmp_path / name, f"{name}a {name}b {name}c"), is_own=False)
        for name in "ant bee cat".split()
    ]
    for one in others:  # each has a copy of nearly all of the house
        one.texts += [
            Text(one.project, f"copy_of_{at.path}", at.text.replace("shop", one.project), "MIT") for at in own.texts[:3]
        ]
    made = prepare.prepare([own, *others], tmp_path / "out", Wanted(seed=seed), lambda _: None)
    assert made.adds_up
    found = prepare.load(tmp_path / "out")
    assert "shop" in made.projects["train"] and "shop" in made.projects["held"]
    taught = {found.texts[row.text].text for row in found.train}
    assert not any(
        alike.groups([text, found.texts[row.text].text])[1] == [0, 0] for row in found.held[::10] for text in taught
    )


def test_two_sources_of_one_name_are_two(tmp_path: Path) -> None:
    found = [
        sources.folder(project(tmp_path / side / "src", f"{side}1 {side}2 {side}3 {side}4"), is_own=True)
        for side in ("ant", "bee")
    ]
    made = prepare.prepare(found, tmp_path / "out", Wanted(), lambda _: None)
    assert {name: one["kept"] for name, one in made.sources.items()} == {"src": 4, "src-2": 4}
    assert made.sources["src-2"]["root"].endswith("bee/src")


def test_what_is_all_alike_has_no_two_sides(tmp_path: Path) -> None:
    root = tmp_path / "shop"
    project(root, "")
    for number in range(6):
        (root / f"a{number}.py").write_text(module("till", 20) + module(f"own{number}", 6))
    with pytest.raises(SourceError, match="one side of the split would have nothing"):
        prepare.prepare([sources.folder(root, is_own=True)], tmp_path / "out", Wanted(), lambda _: None)


def test_a_benchmark_that_was_cut_off_is_one_sentence(home: Path, tmp_path: Path) -> None:
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(b'"text"\n' * 1000)[:-12])
    root = project(tmp_path / "shop", "till stock cart depot desk")
    done = CliRunner().invoke(app, ["tune", "prepare", "--own", str(root), "--benchmark", str(tmp_path / "b.jsonl.gz")])
    assert done.exit_code == 2 and "is no whole gzip file" in done.output


def test_samples_are_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was there before stays; and what is not what its card tells of is no samples."""
    root, out = project(tmp_path / "shop", "till stock cart depot desk"), tmp_path / "out"
    prepare.prepare([sources.folder(root, is_own=True)], out, Wanted(), lambda _: None)
    before = prepare.load(out).mark

    def full(_: object) -> str:
        raise OSError("no space")

    with monkeypatch.context() as broken:
        broken.setattr(prepare, "page", full)
        with pytest.raises(OSError, match="no space"):
            prepare.prepare([sources.folder(root, is_own=True)], out, Wanted(seed=2), lambda _: None)
    assert prepare.load(out, before).mark == before and [one.name for one in tmp_path.iterdir() if one != root] == [
        "out"
    ]
    prepare.prepare([sources.folder(root, is_own=True)], out, Wanted(seed=2), lambda _: None)
    with pytest.raises(SourceError, match="others than those that this run began with"):
        prepare.load(out, before)
    with (out / "held.jsonl").open("a") as file:
        file.write((out / "train.jsonl").read_text())
    with pytest.raises(SourceError, match="not those that their card tells of"):
        prepare.load(out)


def test_samples_that_a_run_waits_for_are_not_made_anew(home: Path, tmp_path: Path) -> None:
    root = project(tmp_path / "shop", "till stock cart depot desk")
    command = ["tune", "prepare", "--own", str(root)]
    assert CliRunner().invoke(app, command).exit_code == 0
    data, run = home / "state" / "tune" / "data" / "shop", home / "state" / "tune" / "runs" / "first"
    plans.write(run, Plan("/m", str(data), "mark", "model", "taught"), Progress())
    refused = CliRunner().invoke(app, command)
    assert refused.exit_code == 2 and "The run first is taught by the samples shop" in refused.output
    (run / way.GATE).write_text("{}")
    assert CliRunner().invoke(app, command).exit_code == 0


def test_code_that_moved_is_not_taught_from_its_history(tmp_path: Path) -> None:
    """An edit of a file that is taught holds what a held-out file has now, where the code went from one to the other."""
    names = "till stock cart depot desk lamp"
    root = project(tmp_path / "shop", names)
    made = prepare.prepare([sources.folder(root, is_own=True)], tmp_path / "first", Wanted(), lambda _: None)
    assert made.left_out["nearly the same as another"] == 0
    first = prepare.load(tmp_path / "first")
    out_of = next(first.texts[row.text].path for row in first.held)
    into = next(first.texts[row.text].path for row in first.train)
    porcelain.init(str(root))

    def commit(**texts: str) -> None:
        for name, text in texts.items():
            (root / f"{name}.py").write_text(text)
        porcelain.add(str(root), [str(one) for one in root.glob("*.py")])
        porcelain.commit(str(root), message=b"x", author=b"Ann <a@x>", committer=b"Ann <a@x>")

    taught, held = into.removesuffix(".py"), out_of.removesuffix(".py")
    moving = "\n\ndef moved(given, limit):\n    first = given.rise(limit, 17)\n    second = first.fall(given, limit * 3)\n    return combine(first, second, given)\n"
    commit(**{taught: module(taught)})
    commit(**{taught: module(taught) + moving})
    commit(**{taught: module(taught) + moving + "\n\nLATER = 12345\n"})
    commit(**{taught: module(taught) + "\n\nLATER = 12345\n", held: module(held) + moving})
    commit(**{taught: module(taught) + "\n\nLATER = 12345\nLAST = 6789\n"})
    prepare.prepare([sources.folder(root, is_own=True)], tmp_path / "out", Wanted(has_history=True), lambda _: None)
    found = prepare.load(tmp_path / "out")
    assert {found.texts[row.text].path for row in found.held} >= {out_of}, "the same split"
    edits = [row.answer for row in found.train if row.kind == "edit"]
    assert any("LAST = 6789" in one for one in edits)
    assert not any("given.rise(limit, 17)" in found.texts[row.text].text + row.answer for row in found.train)


def test_a_wheel_that_lies_of_its_size_is_not_unpacked(tmp_path: Path) -> None:
    """Ten times what a file may have, packed into some kilobytes, and told of as a thousand bytes."""
    wheel = tmp_path / "shop-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("shop/till.py", "#" * sources.FILE_LIMIT * 10)
    size = struct.pack("<I", sources.FILE_LIMIT * 10)
    data = wheel.read_bytes()
    assert data.count(size) == 2
    wheel.write_bytes(data.replace(size, struct.pack("<I", 1000)))
    with pytest.raises(SourceError, match="cannot be read as an archive"):
        sources.archive(wheel)
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_LZMA) as opened:
        opened.writestr("shop/till.py", "x = 1\n")
    with pytest.raises(SourceError, match="packed in another way"):
        sources.archive(wheel)


def test_a_tar_with_a_large_header_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "shop-1.tar.gz"
    with tarfile.open(path, "w:gz", format=tarfile.PAX_FORMAT) as opened:
        one = tarfile.TarInfo("shop-1/till.py")
        one.pax_headers = {"comment": "x" * 3 * sources.PIECE_LIMIT}
        opened.addfile(one, io.BytesIO(b""))
    with pytest.raises(SourceError, match="a part of it is larger"):
        sources.archive(path)
    with tarfile.open(path, "w:gz") as opened:
        data = module("till").encode()
        one = tarfile.TarInfo("shop-1/till.py")
        one.size = len(data)
        opened.addfile(one, io.BytesIO(data))
    assert [text.path for text in sources.archive(path).texts] == ["till.py"]


def test_a_product_of_matrices_is_no_address() -> None:
    text = 'y = x@self.weight + W@model.layers  # ask ann@shop.de\nMAIL = "bob@shop.de"\n'
    masked, count = cleaned.impersonal(text)
    assert count == 2 and masked.startswith("y = x@self.weight + W@model.layers  # ask name@example.com\n")
    assert cleaned.impersonal("ann@shop.de is no Python (( at all") == ("name@example.com is no Python (( at all", 1)


def test_files_that_are_not_read_are_counted_by_their_reason(tmp_path: Path) -> None:
    root = project(tmp_path / "shop", "till stock cart depot desk")
    (root / "large.py").write_text("x = 1\n" * 80_000)
    (root / "larger.py").write_text("x = 1\n" * 200_000)
    (tmp_path / "outside.py").write_text("x = 1\n")
    (root / "link.py").symlink_to(tmp_path / "outside.py")
    found = sources.folder(root, is_own=True)
    assert found.left_out == {"too long": 2, "a link that leads out": 1}
    card = prepare.prepare([found], tmp_path / "out", Wanted(), lambda _: None)
    assert card.adds_up and card.found == 8


def test_a_secret_of_long_ago_is_not_taught(tmp_path: Path) -> None:
    """A history has what a file no longer has: in what was written, and in what it was written into."""
    root = project(tmp_path / "shop", "till stock cart depot desk")
    porcelain.init(str(root))
    secret = 'API_KEY = "sk-9aX2kQ8vLm41Zt7RbYc0WdEf"\nMAIL = "ann.bee@mail.shop.de"\n'
    for text in (
        module("till"),
        f"{module('till')}\n\n{secret}",
        f"{module('till')}\n\n{secret}LATER = 12345\n",
        module("till") + "\n\nLIMIT = 123\n",
    ):
        (root / "till.py").write_text(text)
        porcelain.add(str(root), [str(one) for one in root.glob("*.py")])
        porcelain.commit(str(root), message=b"x", author=b"Ann <a@x>", committer=b"Ann <a@x>")
    prepare.prepare([sources.folder(root, is_own=True)], tmp_path / "out", Wanted(has_history=True), lambda _: None)
    written = "".join(one.read_text() for one in (tmp_path / "out").iterdir())
    assert "sk-9a" not in written and "ann.bee" not in written
    assert "LIMIT = 123" in written


@pytest.mark.parametrize(
    ("name", "version"),
    [("git+https://evil.example/r.git#", "1"), ("shop", "1 --index-url x"), ("-r", "1"), ("shop @ file:///x", "1")],
)
def test_a_list_names_packages_and_nothing_that_pip_would_build(tmp_path: Path, name: str, version: str) -> None:
    (tmp_path / "list.toml").write_text(f'[packages]\n"{name}" = "{version}"\n')
    with pytest.raises(SourceError, match="is no package with a version"):
        sources.listed(tmp_path / "list.toml")
    with pytest.raises(SourceError, match="is no package with a version"):
        sources.fetched(name, version, tmp_path)


def test_a_table_with_a_name_at_its_end_comes_to_an_end() -> None:
    """Quoted numbers before what is no literal: a form that could read them in two ways would try both for each, and never end."""
    text = module("till") + "x = [\n" + "    " + "'1', " * 30 + "name,\n" + "]\n"
    assert cleaned.refusal(text) == ""


def test_the_same_sources_and_seed_make_the_same_samples(tmp_path: Path) -> None:
    root = project(tmp_path / "shop", "till stock cart depot desk")
    marks = set()
    for name in "ab":
        prepare.prepare([sources.folder(root, is_own=True)], tmp_path / name, Wanted(), lambda _: None)
        marks.add(prepare.load(tmp_path / name).mark)
    prepare.prepare([sources.folder(root, is_own=True)], tmp_path / "c", Wanted(seed=2), lambda _: None)
    assert len(marks) == 1 and prepare.load(tmp_path / "c").mark not in marks


def test_a_row_puts_its_answer_back(tmp_path: Path) -> None:
    text = module("till")
    rows = samples.of_text(0, "till.py", text, samples.Definitions({"till.py": text}), seed=1)
    assert len({row.kind for row in rows}) > 4
    assert any(row.answer.startswith("    ") and text[row.start - 1] == "\n" for row in rows), (
        "a line with its indentation"
    )
    assert all(text[row.start : row.end] == row.answer for row in rows)


def test_definitions_of_other_files_lead_a_sample() -> None:
    texts = {
        "shop/tax.py": "def rate_of(country):\n    return RATES[country]\n",
        "shop/cart.py": "from shop.tax import rate_of\n\n\ndef total(x):\n    return x * rate_of(x)\n",
    }
    found = samples.Definitions(texts).before("shop/cart.py", texts["shop/cart.py"], len(texts["shop/cart.py"]) - 4)
    assert found == (("shop/tax.py:1", "def rate_of(country):\n    return RATES[country]"),)
    row = samples.Row(0, "line", 60, 67, "return x", found)
    text = texts["shop/cart.py"]
    prompt = asked.asked(row, text, by_name("qwen"), seed=1, token_limit=384).prompt
    assert prompt.startswith("<|fim_prefix|># shop/tax.py\ndef rate_of")


@pytest.mark.parametrize("dialect", [one for one in DIALECTS if "{suffix}" in one.template], ids=lambda one: one.name)
def test_both_orders_of_markers_are_asked(dialect) -> None:
    other = asked.swapped(dialect)
    places = [one.template.find("{suffix}") - one.template.find("{prefix}") for one in (dialect, other)]
    assert places[0] * places[1] < 0
    assert sorted(other.template.replace("{", " {").split()) == sorted(
        dialect.template.replace("{", " {").split()
    ) or all(mark in other.template for mark in dialect.markers[:3])
    again = asked.swapped(other).template
    assert again == dialect.template or again.removesuffix(dialect.markers[-1]) == dialect.template


def test_an_answer_goes_on_where_its_prompt_ends() -> None:
    """Prompt and answer are the text around the gap, in either order and from left to right."""
    text = module("till")
    rows = samples.of_text(0, "till.py", text, samples.Definitions({}), seed=3)
    seen = set()
    for row in rows:
        one = asked.asked(row, text, by_name("taught"), seed=1)
        if row.kind == "onward":
            assert text[: row.end].endswith((one.prompt + one.answer)[-60:])
            assert not one.is_ended
            continue
        begun, _, behind = one.prompt.partition("<jupyter_start>")
        if behind and begun:
            seen.add("own")
            assert text[: row.end].endswith((behind + one.answer)[-60:]), "no marker stands between them"
        else:
            seen.add("other")
            begun = one.prompt.partition("<jupyter_code>")[2]
            line = text.rfind("\n", 0, row.start) + 1
            assert begun + one.answer == text[line : row.end]
    assert seen == {"own", "other"}


def test_edits_are_those_of_the_history_in_order(tmp_path: Path) -> None:
    root = tmp_path / "shop"
    project(root, "till stock cart depot desk")
    porcelain.init(str(root))

    def commit(text: str) -> None:
        (root / "till.py").write_text(text)
        porcelain.add(str(root), [str(one) for one in root.glob("*.py")])
        porcelain.commit(str(root), message=b"x", author=b"Ann <a@x>", committer=b"Ann <a@x>")

    before = module("till")
    after = before.replace("import os\n", "import os\nimport sys\n").replace(
        "    return found.till_size\n", "    return found.till_size or sys.maxsize\n", 1
    )
    commit(before)
    commit(after)
    found = list(histories.edits(root, ["till.py"]))
    assert list(histories.edits(root, ["stock.py"])) == []
    assert [one.text for one in found] == ["import sys", "return found.till_size or sys.maxsize"]
    assert "import sys" not in found[0].before and "import sys" in found[1].before
    for one in found:
        whole = one.before[: one.at] + one.text + one.before[one.at :]
        assert one.before[: one.at].rpartition("\n")[2].strip() == ""
        assert whole.startswith(after[: one.at + len(one.text)])
    made = prepare.prepare(
        [sources.folder(root, is_own=True)], tmp_path / "out", Wanted(has_history=True), lambda _: None
    )
    assert sum(side["edit"] for side in made.sides.values()) == 2


def test_what_a_team_kept_is_taught_where_it_stands_now(tmp_path: Path) -> None:
    """By an export of its record: the texts of those who agreed, taken, and found in one place."""
    root = project(tmp_path / "shop", "till stock cart depot desk")
    (root / "own.py").write_text(
        module("own") + "\n\ndef twice(cart):\n    return sum(one.price for one in cart) * 2\n"
    )
    shown = {
        "a": "    return sum(one.price for one in cart) * 2\n",
        "b": "import os",
        "c": "return never_kept(1, 2)",
        "d": "found = given.till_3(limit + 21)",
        "e": None,
    }
    rows = [
        {"kind": "suggestion", "suggestion": one, "plain": {}, "personal": {"text": "hash"}}
        | ({"text": text} if text else {})
        for one, text in shown.items()
    ]
    rows += [
        {"kind": "fate", "suggestion": one, "plain": {"fate": fate}}
        for one, fate in (("a", "kept"), ("b", "accepted"), ("c", "rejected"), ("d", "accepted"), ("e", "kept"))
    ]
    export = tmp_path / "record.jsonl"
    export.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    assert accepted.texts(export) == [shown["a"], shown["d"]]
    prepare.prepare([sources.folder(root, is_own=True)], tmp_path / "out", Wanted(kept_files=(export,)), lambda _: None)
    found = prepare.load(tmp_path / "out")
    taken = [row for row in (*found.train, *found.held) if row.kind == "kept"]
    assert sorted(row.answer for row in taken) == [
        "found = given.till_3(limit + 21)",
        "return sum(one.price for one in cart) * 2",
    ]
    assert all(found.texts[row.text].text[row.start : row.end] == row.answer for row in taken)
    export.write_text("no json\n")
    with pytest.raises(SourceError, match="is no export of a team's record"):
        accepted.texts(export)


def test_archives_are_read_and_never_unpacked_or_run(tmp_path: Path) -> None:
    wheel = tmp_path / "shop-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as made:
        made.writestr("shop/till.py", module("till"))
        made.writestr("../outside.py", module("outside"))
        made.writestr("shop/_vendor/x.py", module("other"))
        made.writestr("shop/_vendor/x-1.dist-info/licenses/LICENSE", GPL)
        made.writestr("shop/_vendor/x-1.dist-info/METADATA", "Name: x\nLicense-Expression: GPL-3.0-only\n")
        made.writestr("shop-1.0.dist-info/METADATA", "Name: shop\nLicense-Expression: MIT\n")
    found = sources.archive(wheel)
    assert (found.project, found.licence, [one.path for one in found.texts]) == ("shop", "MIT", ["shop/till.py"])
    assert found.left_out == {"outside its archive": 1, "brought along of others": 1}
    packed = tmp_path / "shop-1.0.tar.gz"
    with tarfile.open(packed, "w:gz") as made_tar:
        for name, text in (
            ("shop-1.0/setup.py", "raise SystemExit('run')\n"),
            ("shop-1.0/PKG-INFO", "Name: shop\nLicense: MIT\n"),
        ):
            info = tarfile.TarInfo(name)
            info.size = len(text)
            made_tar.addfile(info, io.BytesIO(text.encode()))
    assert [one.path for one in sources.archive(packed).texts] == ["setup.py"]
    (tmp_path / "broken.whl").write_bytes(b"PK\x03\x04 not really")
    with pytest.raises(SourceError, match="cannot be read as an archive"):
        sources.archive(tmp_path / "broken.whl")


def test_the_list_of_the_default_is_within_its_bounds() -> None:
    assert len(sources.listed(Path(prepare.__file__).parents[1] / "default.toml")) == sources.LISTED


def test_the_command_makes_samples_of_a_package_and_again_without_one(tmp_path: Path, home: Path) -> None:
    run = CliRunner().invoke
    done = run(
        app,
        [
            "tune",
            "prepare",
            "--package",
            "typer",
            "--package",
            "pluggy",
            "--rows",
            "300",
            "--held",
            "60",
            "--name",
            "two",
        ],
    )
    assert done.exit_code == 0, done.output
    assert "samples to be taught" in done.output
    again = run(app, ["tune", "prepare", "--like", "two", "--without", "pluggy", "--name", "one"])
    assert again.exit_code == 0, again.output
    told = json.loads((home / "state" / "tune" / "data" / "one" / "card.json").read_text())
    assert told["without"] == ["pluggy"] and list(told["sources"]) == ["typer"]
    assert told["wanted"]["rows"] == 300, "made in the same way"
    nameless = run(app, ["tune", "prepare", "--like", "two", "--without", "pluggy"])
    assert nameless.exit_code == 2 and "a name of their own" in nameless.output
    odd = run(app, ["tune", "prepare", "--package", "typer", "--without", "typer"])
    assert odd.exit_code == 2 and "--without goes with --like" in odd.output
    wrong = run(app, ["tune", "prepare", "--package", "no-such-package"])
    assert wrong.exit_code == 2 and "No package no-such-package is installed here" in wrong.output
    nothing = run(app, ["tune", "prepare"])
    assert nothing.exit_code == 2 and "Name what samples are made of" in nothing.output
    assert "samples: one, two" in run(app, ["tune", "status"]).output


def test_a_text_is_of_its_project() -> None:
    assert prepare._refused(Text("pygls", "x.py", module("till"), "MIT"), frozenset()) == "of a benchmark"
