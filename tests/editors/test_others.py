"""Other editors that speak LSP, with the configuration of docs/editors.md: they start the server, offer its suggestion and write it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.editors.conftest import ASSAY, until
from tests.editors.tools import ROOT, Tools

PAGE = (ROOT / "docs" / "editors.md").read_text("utf-8")


def configuration(title: str, language: str) -> str:
    """The block of docs/editors.md below a heading: what is documented is what is tested."""
    section = PAGE.split(f"\n## {title}", 1)[1].split("\n## ", 1)[0]
    found = re.search(rf"```{language}\n(.*?)```", section, re.S)
    assert found, title
    return found[1]


@pytest.fixture
def environment(tmp_path: Path, sums: Path) -> dict[str, str]:
    """A home of nobody, `assay` on the PATH, a scripted model, no sandbox; `return ` stands in line 3 of sums.py."""
    file = sums / "sums.py"
    file.write_text(file.read_text("utf-8").replace("    \n", "    return \n"), "utf-8")
    programs, script = tmp_path / "bin", tmp_path / "script.json"
    programs.mkdir()
    (programs / "assay").symlink_to(ASSAY)
    script.write_text('{"answers": [{"after": "return", "text": "a + b"}]}', "utf-8")
    own = {
        "HOME": str(tmp_path),
        "PATH": f"{programs}:{os.environ['PATH']}",
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
    }
    assay = {"HOME": str(tmp_path / "assay"), "ENGINE_SCRIPT": str(script), "SANDBOX_ENABLED": "false"}
    return {**os.environ, **own, **{f"ASSAY_{name}": value for name, value in assay.items()}}


DRIVER = """
(find-file (pop command-line-args-left))
(let ((eglot-sync-connect t)) (call-interactively #'eglot))
(forward-line 2) (end-of-line)
(let* ((capf (run-hook-with-args-until-success 'completion-at-point-functions))
       (first (car (all-completions "" (nth 2 capf))))
       (annotate (plist-get (nthcdr 3 capf) :annotation-function)))
  (princ (format "offered first: %s %s\\n" (substring-no-properties first) (funcall annotate first)))
  (insert first)
  (funcall (plist-get (nthcdr 3 capf) :exit-function) first 'finished))
(save-buffer)
(eglot-shutdown (eglot-current-server))
"""


def test_emacs_with_eglot_offers_and_writes_the_suggestion(
    sums: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    emacs = shutil.which("emacs")
    if emacs is None:
        pytest.skip("Emacs is not here: `apt install emacs-nox elpa-eglot`.")
    (tmp_path / "init.el").write_text(configuration("Emacs", "elisp"), "utf-8")
    (tmp_path / "driver.el").write_text(DRIVER, "utf-8")
    command = [emacs, "--batch", "-f", "package-initialize", "-l", tmp_path / "init.el", "-l", tmp_path / "driver.el"]
    done = subprocess.run(
        [*command, sums / "sums.py"], env=environment, capture_output=True, text=True, timeout=50, check=False
    )
    if "void-function eglot" in done.stderr or "Cannot open load file" in done.stderr:
        pytest.skip("Emacs is here without eglot: `apt install elpa-eglot`.")
    assert "offered first: a + b" in done.stdout, done.stdout + done.stderr
    assert "Assay: names ✓" in done.stdout
    assert "    return a + b\n" in (sums / "sums.py").read_text("utf-8")


class Terminal:
    """A program in a terminal of its own, by tmux: keys in, screen out."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._tmux = ["tmux", "-S", str(folder / "tmux.sock"), "-f", "/dev/null"]
        self._environment = environment

    def start(self, *command: str) -> None:
        quoted = " ".join(f"'{word}'" for word in command)
        self._run("new-session", "-d", "-s", "one", "-x", "100", "-y", "24", quoted)

    def keys(self, *keys: str) -> None:
        self._run("send-keys", "-t", "one", *keys)

    def screen(self) -> str:
        return self._run("capture-pane", "-p", "-t", "one")

    def until(self, text: str) -> None:
        until(lambda: text in self.screen())

    def close(self) -> None:
        subprocess.run([*self._tmux, "kill-server"], capture_output=True, check=False)

    def _run(self, *words: str) -> str:
        done = subprocess.run([*self._tmux, *words], env=self._environment, capture_output=True, text=True, check=False)
        return done.stdout


@pytest.fixture
def terminal(tmp_path: Path, environment: dict[str, str]) -> Iterator[Terminal]:
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not here: `apt install tmux`.")
    one = Terminal(tmp_path, environment)
    yield one
    one.close()


def as_saved(path: Path) -> str:
    """What is on the disk; "" for the moment in which an editor has moved the file away and not yet written it anew."""
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return ""


def test_helix_offers_and_writes_the_suggestion(
    sums: Path, tmp_path: Path, the_tools: Tools, terminal: Terminal
) -> None:
    if not the_tools.helix.is_file():
        pytest.skip("Helix is not here: run `make editors`, which says why.")
    folder = tmp_path / ".config" / "helix"
    folder.mkdir(parents=True)
    (folder / "languages.toml").write_text(configuration("Helix", "toml"), "utf-8")
    terminal.start(str(the_tools.helix), "-v", f"{sums / 'sums.py'}:3")
    log = tmp_path / ".cache" / "helix" / "helix.log"
    until(
        lambda: (
            log.is_file() and '"name": "assay"' in log.read_text("utf-8").replace('"name":"assay"', '"name": "assay"')
        )
    )
    terminal.keys("A", "C-x")
    terminal.until("a + b")
    terminal.keys("C-n")
    terminal.until("Assay:")
    terminal.keys("Enter")
    terminal.until("return a + b")
    terminal.keys("Escape")
    terminal.until("NOR")
    terminal.keys(":wq", "Enter")
    until(lambda: "    return a + b\n" in as_saved(sums / "sums.py"))
