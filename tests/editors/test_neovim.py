"""Neovim, the real one, with a scripted model: what a person types, and what stands on the screen."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.editors.conftest import Traces, child_named, slow, until
from tests.editors.neovim import Neovim

Script = Callable[..., str]
Open = Callable[..., Neovim]


def begun(neovim: Open, sums: Path, script: Script, text: str = "a + b", **options: object) -> Neovim:
    """A Neovim in which `return ` was just typed, and the model would go on with `text`."""
    editor = neovim(sums, "sums.py", engine__script=script(("return", text)), **options)
    editor.until_attached()
    editor.keys("3GA")
    editor.keys("return ")
    return editor


def test_ghost_text_is_taken_by_tab_and_its_verdict_stands_beside_it(neovim: Open, sums: Path, script: Script) -> None:
    editor = begun(neovim, sums, script)
    assert "return a + b   ? unverified: no-sandbox" in editor.until_screen("a + b")
    editor.keys("<Tab>")
    editor.until(lambda: editor.text()[2] == "    return a + b")
    editor.until_gone("unverified")


def test_a_word_is_taken_and_the_rest_stays(neovim: Open, sums: Path, script: Script) -> None:
    editor = begun(neovim, sums, script)
    editor.until_screen("return a + b")
    editor.keys("<C-Right>")
    editor.until(lambda: editor.text()[2] == "    return a")
    editor.until_screen("return a + b")
    editor.keys("<Tab>")
    editor.until(lambda: editor.text()[2] == "    return a + b")


def test_what_is_typed_through_stays(neovim: Open, sums: Path, script: Script) -> None:
    editor = begun(neovim, sums, script, "a + b - a + b")
    editor.until_screen("return a + b - a + b")
    for key in ("a", "<Space>", "+", "<Space>", "b"):
        editor.keys(key)
        editor.lua("vim.cmd.redraw()")
        assert any("return a + b - a + b" in line for line in editor.screen()), key
    editor.keys("x")
    editor.until_gone("- a + b")


def test_a_dismissed_text_is_not_offered_again(neovim: Open, sums: Path, script: Script, traces: Traces) -> None:
    editor = begun(neovim, sums, script)
    editor.until_screen("return a + b")
    editor.keys("<C-]>")
    editor.until_gone("a + b")
    before = len(traces())
    editor.keys("<BS><Space>")
    until(lambda: any("dismissed" in str(trace) for trace in traces()[before:]))
    assert not any("a + b" in line for line in editor.screen())


def test_an_older_answer_that_comes_late_does_not_stand_for_the_newer_request(
    neovim: Open, sums: Path, script: Script
) -> None:
    """A server may answer what was cancelled; the newer request can still be cancelled after that."""
    editor = neovim(sums, "sums.py", engine__script=script())
    editor.until_attached()
    if editor.lua("return vim.lsp.inline_completion ~= nil"):
        pytest.skip("this Neovim keeps its requests itself")
    editor.lua("""
        answers, cancelled = {}, {}
        local client = require("assay").client()
        local request = client.request
        client.request = function(self, method, params, handler, buffer)
          if method ~= "textDocument/inlineCompletion" then
            return request(self, method, params, handler, buffer)
          end
          answers[#answers + 1] = handler
          return true, 1000 + #answers
        end
        client.cancel_request = function(_, id) cancelled[#cancelled + 1] = id end
    """)
    editor.keys("3GA")
    editor.keys("r")
    editor.until(lambda: editor.lua("return #answers") >= 1)
    first = editor.lua("return #answers")
    editor.keys("e")
    editor.until(lambda: editor.lua("return #answers") > first)
    newest = editor.lua("return #answers")
    editor.lua(f"answers[{first}](nil, {{items = {{}}}})")
    editor.keys("t")
    editor.until(lambda: 1000 + newest in editor.lua("return cancelled"))


def test_the_server_is_told_where_the_cursor_rests(neovim: Open, sums: Path, script: Script) -> None:
    """The model reads what stands there before anything is typed."""
    editor = neovim(sums, "sums.py", engine__script=script())
    editor.until_attached()
    editor.lua("""
        told = {}
        local client = require("assay").client()
        local notify = client.notify
        client.notify = function(self, method, params)
          if method == "assay/cursor" then
            told[#told + 1] = params.position.line
          end
          return notify(self, method, params)
        end
    """)
    editor.keys("2G3G")
    editor.until(lambda: editor.lua("return told") == [2])


def test_tab_indents_where_there_is_no_ghost_text(neovim: Open, sums: Path, script: Script) -> None:
    editor = neovim(sums, "sums.py", engine__script=script())
    editor.until_attached()
    editor.keys("3G0C<Tab>if a:<Esc>")
    editor.until(lambda: editor.text()[2] == "    if a:")


def test_a_key_that_was_mapped_before_still_does_its_work(neovim: Open, sums: Path, script: Script) -> None:
    before = "vim.keymap.set('i', '<Tab>', function() return 'mine' end, { expr = true })\nvim.keymap.set('i', '<C-]>', 'also mine')"
    editor = neovim(sums, "sums.py", init=before, engine__script=script())
    editor.until_attached()
    editor.keys("3GS<Tab> <C-]><Esc>")
    editor.until(lambda: editor.text()[2].strip() == "mine also mine")


def test_an_expression_of_vimscript_that_was_mapped_before_still_does_its_work(
    neovim: Open, sums: Path, script: Script
) -> None:
    before = 'vim.cmd([[inoremap <expr> <C-Right> "\\<Left>\\<Left>"]])'
    editor = neovim(sums, "sums.py", init=before, engine__script=script())
    editor.until_attached()
    editor.keys("3GSabc<C-Right>X<Esc>")
    editor.until(lambda: editor.text()[2].strip() == "aXbc")


def test_where_a_menu_has_an_item_chosen_the_key_is_the_menus(neovim: Open, sums: Path, script: Script) -> None:
    menu = "vim.o.completeopt = 'menu,noinsert'\nvim.keymap.set('i', '<Tab>', function()\n"
    menu += "return vim.fn.pumvisible() == 1 and '<C-y>' or '<Tab>' end, { expr = true })"
    editor = neovim(sums, "sums.py", init=menu, engine__script=script(("return", "a + b")))
    editor.until_attached()
    editor.keys("3GAreturn ")
    editor.until_screen("return a + b")
    editor.keys("<C-n>")
    editor.until(lambda: editor.lua("return vim.fn.complete_info({ 'selected' }).selected") >= 0)
    editor.keys("<Tab>")
    editor.until(lambda: editor.lua("return vim.fn.pumvisible()") == 0)
    assert editor.text()[2] != "    return a + b"


def test_why_is_told_in_a_window(neovim: Open, sums: Path, script: Script) -> None:
    editor = begun(neovim, sums, script)
    editor.until_screen("return a + b")
    editor.keys("<C-o>:Assay why<CR>")
    editor.until_screen("candidate  a + b")


def test_why_there_is_nothing_is_told(neovim: Open, sums: Path, script: Script, traces: Traces) -> None:
    editor = begun(neovim, sums, script, "a +* b")
    until(lambda: any(f"{sums}/sums.py:3:12" in trace["where"] for trace in traces()))
    editor.keys("<Esc>:Assay why<CR>")
    editor.until_screen("invalid syntax")


def test_the_command_completes_its_words_and_refuses_others(neovim: Open, sums: Path, script: Script) -> None:
    editor = neovim(sums, "sums.py", engine__script=script())
    editor.until_attached()
    words = editor.lua("return vim.fn.getcompletion('Assay ', 'cmdline')")
    assert {"why", "verify", "doctor", "snooze", "restart"} <= set(words)
    editor.keys(":Assay nonsense<CR>")
    editor.until_screen("there is no `nonsense`")


def test_snoozed_it_suggests_nothing_until_it_is_woken(neovim: Open, sums: Path, script: Script) -> None:
    editor = neovim(sums, "sums.py", engine__script=script(("return", "a + b")))
    editor.until_attached()
    editor.keys(":Assay snooze 5<CR>")
    editor.until(lambda: "snoozed" in editor.lua("return require('assay').status()"))
    editor.keys("3GAreturn ")
    editor.lua("vim.wait(600)")  # longer than an answer takes in any editor here
    assert not any("a + b" in line for line in editor.screen())
    editor.keys("<Esc>:Assay wake<CR>A<BS><Space>")
    editor.until_screen("return a + b")


def test_the_status_line_has_a_word_for_each_state(neovim: Open, sums: Path, script: Script) -> None:
    editor = begun(neovim, sums, script)
    editor.until_screen("return a + b")
    assert editor.lua("return require('assay').status()") == "Assay ? unverified: no-sandbox"
    editor.keys("<Esc>")
    editor.until(lambda: editor.lua("return require('assay').status()") == "Assay: sandbox off")


def test_the_server_is_started_again_by_a_command(neovim: Open, sums: Path, script: Script) -> None:
    editor = neovim(sums, "sums.py", engine__script=script(("return", "a + b")))
    editor.until_attached()
    first = editor.lua("return require('assay').client().id")
    editor.keys(":Assay restart<CR>")
    editor.until(lambda: editor.lua("local c = require('assay').client(); return c and c.id") not in (None, first))
    editor.until_attached()
    editor.keys("3GAreturn ")
    editor.until_screen("return a + b")


def test_checkhealth_tells_how_everything_is(neovim: Open, sums: Path, script: Script) -> None:
    editor = neovim(sums, "sums.py", engine__script=script())
    editor.until_attached()
    editor.lua("vim.cmd.checkhealth('assay')")
    text = "\n".join(editor.text())
    assert "the server runs" in text
    assert "switched off by `sandbox.enabled`" in text, "the doctor knows what setup() was given"
    assert "ERROR" not in text


def test_a_killed_server_is_started_again_and_said_once(neovim: Open, sums: Path, script: Script) -> None:
    editor = neovim(sums, "sums.py", engine__script=script(("return", "a + b")))
    editor.until_attached()
    os.kill(until(lambda: child_named(editor.pid, "assay")), signal.SIGKILL)
    editor.until_message("started again")
    editor.until_attached()
    editor.keys("3GAreturn ")
    editor.until_screen("return a + b")
    assert editor.messages().count("started again") == 1


def test_settings_change_while_it_runs(neovim: Open, sums: Path, script: Script, traces: Traces) -> None:
    editor = neovim(sums, "sums.py", engine__script=script(("return", "a + b")))
    editor.until_attached()
    editor.lua("require('assay').configure({ complete = { enabled = false } })")
    editor.keys("3GAreturn ")

    def typed_again(holds: Callable[[], bool]) -> bool:
        """A request that was on its way had the older settings; the next key asks anew."""
        editor.keys("<BS><Space>")
        time.sleep(0.5)
        return holds()

    until(lambda: typed_again(lambda: any("complete.enabled" in str(t) for t in traces() if str(sums) in t["where"])))
    editor.lua("require('assay').configure({ complete = { enabled = true } })")
    until(lambda: typed_again(lambda: any("return a + b" in line for line in editor.screen())))


def test_no_model_is_a_state_with_its_way_out(neovim: Open, sums: Path) -> None:
    editor = neovim(sums, "sums.py", engine__url="http://127.0.0.1:9")
    editor.until_attached()
    editor.keys("3GAreturn ")
    editor.until_message(":Assay setup mends it")
    editor.until(lambda: editor.lua("return require('assay').status()") == "Assay: no model")


def test_a_test_that_passes_in_a_container_stands_beside_the_text(
    neovim: Open, sums: Path, script: Script, docker_url: str
) -> None:
    editor = begun(neovim, sums, script, sandbox__enabled=True)
    editor.until_screen("return a + b   ✓ 1 test")
    editor.keys("<Tab>")
    editor.until(lambda: editor.text()[2] == "    return a + b")
    editor.keys("<Esc>:Assay verify<CR>")
    editor.until_screen("✓ tests")


def test_a_verdict_that_comes_later_changes_what_is_shown(
    neovim: Open, sums: Path, script: Script, docker_url: str
) -> None:
    editor = begun(neovim, sums, script, sandbox__enabled=True, verify__policy="eager")
    editor.until_screen("return a + b   ✓ 1 test")


def test_a_text_that_fails_later_goes(neovim: Open, sums: Path, script: Script, docker_url: str) -> None:
    slow(sums, 1)
    editor = begun(neovim, sums, script, "a - b", sandbox__enabled=True, verify__policy="eager")
    editor.until_screen("return a - b   ? unverified")
    editor.until_gone("a - b")


def test_a_taken_text_that_fails_later_is_taken_out_on_request(
    neovim: Open, sums: Path, script: Script, docker_url: str
) -> None:
    slow(sums, 2)
    editor = begun(neovim, sums, script, "a - b", sandbox__enabled=True, verify__policy="eager")
    editor.until_screen("return a - b   ? unverified")
    editor.keys("<Tab>")
    editor.until(lambda: editor.text()[2] == "    return a - b")
    editor.keys("<Esc>")
    editor.until_message(":Assay undo takes out what fails")
    editor.keys(":Assay undo<CR>")
    editor.until(lambda: editor.text()[2].rstrip() == "    return")
