"""Build, check, open, using: what a student meets."""

from __future__ import annotations

import linecache
import sys

import numpy as np
import pytest

from tests.tinytorch.workshop.alternatives import alternatives
from tinytorch import backends
from tinytorch.workshop import (
    CheckFailed,
    build,
    check,
    draft,
    progress,
    remembered,
    session,
    store,
    using,
)
from tinytorch.workshop import open as open_lesson

ADD = "backends.LoopsBackend.add"
MATMUL = "backends.LoopsBackend.matmul"


def cell(source: str, name: str = "<cell>"):
    """Run a cell's source as a notebook would, so that its lines can be shown."""
    lines = source.splitlines(keepends=True)
    linecache.cache[name] = (len(source), None, lines, name)
    exec(compile(source, name, "exec"), {"build": build})


def write(address: str, source: str) -> None:
    cell(f'@build("{address}")\n{source.lstrip()}')


def verdict(address: str, capsys) -> str:
    """Return what `check` says: an error for a grader, a panel in a browser."""
    capsys.readouterr()
    try:
        check(address)
    except CheckFailed as error:
        assert sys.platform != "emscripten", "an error would end Run All Cells"
        return str(error)
    return capsys.readouterr().out


BODIES = {
    "stub": ("raise NotImplementedError", "still to be written"),
    "none": ("a + b", "is there a return?"),
    "endless": ("while True:\n        pass", "does its loop ever stop?"),
    "mutated": ("a += 1\n    return a + b", "changed its argument 'a'"),
    "shape": ("return (a + b)[..., :1]", "shape (2, 1) instead of (2, 2)"),
    "dtype": ("return (a + b).astype(np.float64)", "dtype float64 instead of float32"),
    "type": ("return (a + b).tolist()", "a list came back instead of a ndarray"),
    "values": ("return a - b", "instead of 11.0"),
    "name": ("return helper(a, b)", "not the notebook's"),
    "raised": ("return a + b + np.ones(7)", "in line 3: return a + b + np.ones(7)"),
    "syntax-like": ("return a.nothing", "AttributeError"),
}


@pytest.mark.parametrize("kind", BODIES)
def test_each_mistake_has_its_own_words(kind, home, capsys):
    body, words = BODIES[kind]
    write(ADD, f"def add(self, a, b):\n    {body}\n")
    shown = capsys.readouterr().out
    assert f"{ADD}: not yet" in shown
    assert words in shown
    assert session.mine() == []
    assert not home.exists(), "what fails is not saved"
    assert "not yet" in verdict(ADD, capsys)


def test_a_failure_shows_case_expected_got_and_hint(capsys):
    write(ADD, "def add(self, a, b):\n    return a - b\n")
    shown = capsys.readouterr().out
    for words in ("a row and a column", "a = [1., 2.]", "[[11., 12.]", "hint"):
        assert words in shown


def test_another_signature_is_refused(capsys):
    write(ADD, "def add(self, a, c):\n    return a + c\n")
    assert "expected the signature add(self, a, b)" in capsys.readouterr().out


def test_what_passes_runs_everywhere_and_is_saved(capsys):
    write(ADD, "def add(self, a, b):\n    return np.add(a, b)\n")
    assert "now yours" in capsys.readouterr().out
    assert "np.add" in store.load(ADD)
    check(ADD)
    seen = []

    write(ADD, "def add(self, a, b):\n    print('mine')\n    return a + b\n")
    with backends.use("loops") as loops:
        loops.add(np.ones(2), np.ones(2))
        seen.append("mine" in capsys.readouterr().out.splitlines())
        with using("reference"):
            loops.add(np.ones(2), np.ones(2))
            seen.append("mine" in capsys.readouterr().out.splitlines())
        loops.add(np.ones(2), np.ones(2))
        seen.append("mine" in capsys.readouterr().out.splitlines())
    assert seen == [True, False, True]


def test_a_worse_attempt_does_not_undo_a_better_one(capsys):
    write(ADD, "def add(self, a, b):\n    return np.add(a, b)\n")
    write(ADD, "def add(self, a, b):\n    return a - b\n")
    assert session.mine() == [ADD]
    assert "np.add" in store.load(ADD)
    assert "not yet" in verdict(ADD, capsys)


def test_saved_parts_come_back_in_a_new_kernel(capsys):
    write(ADD, alternatives()[ADD])
    session.forget()
    assert session.mine() == []
    open_lesson(2)
    assert session.mine() == [ADD]
    assert "1 of 7 parts are yours" in capsys.readouterr().out


DAMAGE = {
    "truncated": (lambda text: text[: text.index("zip(") + 4], "in line"),
    "emptied": (lambda text: "", "no part has this name"),
    "wrong": (lambda text: text.replace("x + y", "x - y"), "instead of"),
    "another function": (
        lambda text: text.replace("def add", "def sub"),
        "one function",
    ),
    "endless": (
        lambda text: text.replace("    flat =", "    while True: pass\n    flat ="),
        "loop ever stop",
    ),
    "renamed part": (lambda text: text.replace("Backend.add", "Backend.ad"), "perhaps"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_part_is_named_and_left_aside(kind, capsys):
    damage, words = DAMAGE[kind]
    write(ADD, alternatives()[ADD])
    write(MATMUL, alternatives()[MATMUL])
    path = store.path_of(ADD)
    path.write_text(damage(path.read_text()))
    before = path.read_text()
    session.forget()
    capsys.readouterr()
    open_lesson(2)
    assert session.mine() == [MATMUL]
    shown = capsys.readouterr().out
    assert "left aside" in shown
    assert words in shown
    assert path.read_text() == before, "a student's file is never touched"


def test_unreadable_bytes_do_not_stop_a_lesson(home, capsys):
    home.mkdir()
    (home / "noise.py").write_bytes(b"\xff\xfe\x00\x9f")
    open_lesson(2)
    assert "left aside" in capsys.readouterr().out


def test_progress_shows_the_question_and_what_is_reached(capsys):
    progress()
    assert "Can I hold n-dimensional data and multiply it?" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: build("backends.loops.LoopsBackend.mul"), "did you mean"),
        (lambda: check("nothing.like.it"), "there is no part"),
        (lambda: open_lesson(99), "there is no lesson"),
        (lambda: using("yours"), "'mine' or 'reference'"),
    ],
)
def test_bad_use_says_what_was_expected(call, words):
    with pytest.raises((KeyError, ValueError), match=words):
        call()


def test_a_notebook_s_version_stands_in_its_metadata(tmp_path):
    path = tmp_path / "02_tensor.ipynb"
    path.write_text('{"metadata": {"tinytorch": {"source": "abc"}}, "cells": []}')
    assert store.version_of(path) == "abc"
    for broken in ("", "[]", '{"metadata": {}}'):
        path.write_text(broken)
        assert store.version_of(path) == ""
    assert store.version_of(tmp_path / "not_there.ipynb") == ""


@pytest.mark.parametrize("execution", ["autograde", "validate"])
def test_under_nbgrader_the_notebook_alone_counts(tmp_path, monkeypatch, execution):
    write(ADD, "def add(self, a, b):\n    return np.add(a, b)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NBGRADER_EXECUTION", execution)
    assert tmp_path not in store.root().parents
    session.restore_parts()
    assert session.mine() == []


def test_an_exercise_called_sum_does_not_hide_pythons_own(capsys):
    names = {"build": build}
    source = '@build("backends.LoopsBackend.sum")\ndef sum(self, x, axis, keepdims):\n'
    source += "    raise NotImplementedError\n"
    lines = source.splitlines(keepends=True)
    linecache.cache["<sum>"] = (len(source), None, lines, "<sum>")
    exec(compile(source, "<sum>", "exec"), names)
    assert "not yet" in capsys.readouterr().out
    assert names["sum"] is sum


def test_a_draft_is_run_and_nothing_else(home, capsys):
    names = {"draft": draft}
    source = f'@draft("{ADD}")\ndef add(self, a, b):\n    return np.subtract(a, b)\n'
    lines = source.splitlines(keepends=True)
    linecache.cache["<draft>"] = (len(source), None, lines, "<draft>")
    exec(compile(source, "<draft>", "exec"), names)
    loops = backends.LoopsBackend()
    assert names["add"](loops, np.ones(2), np.ones(2)).tolist() == [0, 0]
    assert loops.add(np.ones(2), np.ones(2)).tolist() == [2, 2]
    assert capsys.readouterr().out == ""
    assert not home.exists()


def test_a_function_without_a_text_says_what_to_do():
    names: dict = {}
    exec("def add(self, a, b):\n    return a + b\n", names)
    with pytest.raises(OSError, match="without a magic"):
        build(ADD)(names["add"])


PRODUCT = "def matmul(self, a, b):\n    return np.einsum('...ij,...jk->...ik', a, b)\n"


def test_a_loop_that_is_handed_to_numpy_is_right_and_not_yet_theirs(home, capsys):
    write(MATMUL, PRODUCT)
    shown = capsys.readouterr().out
    assert "right, and not yet yours: write the loop" in shown
    assert "times as fast as our loop, measured here" in shown
    assert session.mine() == []
    assert not home.exists()
    assert "not yet yours" in verdict(MATMUL, capsys)
    assert session.verdict(MATMUL, PRODUCT) is None, "it is right"


def test_after_the_loop_its_vectorised_form_is_a_second_achievement(capsys):
    write(MATMUL, alternatives()[MATMUL])
    write(MATMUL, PRODUCT)
    shown = capsys.readouterr().out
    assert "right without a loop, too" in shown
    assert "times as fast as your loop, measured here" in shown
    assert session.mine() == [MATMUL]
    assert "products" in store.load(MATMUL), "the loop stays"
    assert "5 of 5 points" in verdict(MATMUL, capsys)


def test_what_passed_these_checks_is_not_judged_again(home, monkeypatch):
    write(ADD, alternatives()[ADD])
    write(MATMUL, alternatives()[MATMUL])
    session.restore_parts()
    judged = []
    monkeypatch.setattr(session, "_judge", lambda part, body: judged.append(part))
    session.forget()
    session.restore_parts()
    assert judged == []
    assert session.mine() == [ADD, MATMUL]
    path = store.path_of(ADD)
    path.write_text(path.read_text() + "    # changed\n")
    session.restore_parts()
    assert [part.address for part in judged] == [ADD]


def test_another_package_judges_all_again(home, monkeypatch):
    write(ADD, alternatives()[ADD])
    session.restore_parts()
    assert len(remembered.passed()) == 1
    monkeypatch.setattr(remembered, "_checks", lambda: "another")
    assert remembered.passed() == set()
    (home / remembered.FILE).write_text("[1, 2")
    assert remembered.passed() == set()
