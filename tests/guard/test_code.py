"""What a reviewer would have to remember about the code: where a status changes, who commits, who reads a clock."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def below(*folders: str, kinds: str) -> list[str]:
    found = (path for folder in folders for path in (ROOT / folder).rglob(kinds))
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


FILES = [*below("portal", "admin", "migrations", kinds="*.py"), "wsgi.py"]
TEMPLATES = below("portal/templates", "admin/templates", kinds="*.*")

LONGEST_MODULE = 350
LONG_MODULES = {
    "portal/domain/lifecycle.py": "the life-cycle is one table, and its guards are read beside it",
    "migrations/versions/0001_first.py": "the whole first schema",
}
LONGEST_FUNCTION = 40
LONG_FUNCTIONS = {
    "portal/casework/account_objection.py:object_without_case": "one line for each column",
    "migrations/versions/0001_first.py:upgrade": "the whole first schema",
}
ASSIGNS_STATUS = {"portal/casework/transition.py": "the one door through which a status changes"}
COMMITS = {"portal/engine.py": "the end of a write transaction, and of a part of one"}
READS_THE_CLOCK = {"portal/engine.py": "where a context gets its time from"}
MAKES_MARKUP = {
    "portal/i18n.py": "<time> around a moment",
    "portal/public/visit.py": "<bdi> around what was typed",
    "portal/public/answers.py": "line breaks between answers",
    "admin/case_queue.py": "marks in a list",
}
NOT_ESCAPED = {"portal/templates/macros/icons.html": "the drawings stand in the same file"}
GUESSES = {"portal/outbox.py": "spreads retries"}

VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "service", "services", "misc"}


def tree(name: str) -> ast.Module:
    return ast.parse((ROOT / name).read_text("utf-8"))


def called(node: ast.AST) -> str:
    """The last name of what is called."""
    if not isinstance(node, ast.Call):
        return ""
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def changes_status(source: ast.Module) -> Iterator[int]:
    """Lines that give some object a status: by assignment, by setattr, or with an UPDATE of cases."""
    for node in ast.walk(source):
        if isinstance(node, ast.Attribute) and node.attr == "status" and isinstance(node.ctx, ast.Store):
            yield node.lineno
        if called(node) == "setattr" and isinstance(node, ast.Call):
            yield from (each.lineno for each in node.args[1:2] if getattr(each, "value", None) == "status")
        if called(node) in {"values", "apply"} and isinstance(node, ast.Call):
            yield from (each.value.lineno for each in node.keywords if each.arg == "status")


def commits(source: ast.Module) -> Iterator[int]:
    for node in ast.walk(source):
        if called(node) in {"commit", "begin_nested"}:
            yield node.lineno  # type: ignore[attr-defined]


CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")}
CLOCKS |= {("time", "time"), ("time", "time_ns"), ("time", "localtime"), ("time", "gmtime"), ("func", "now")}


def reads_clock(source: ast.Module) -> Iterator[int]:
    for node in ast.walk(source):
        if isinstance(node, ast.Attribute) and (getattr(node.value, "id", ""), node.attr) in CLOCKS:
            yield node.lineno
        if isinstance(node, ast.Constant) and re.search(r"clock_timestamp|CURRENT_TIME", str(node.value)):
            yield node.lineno


def makes_markup(source: ast.Module) -> Iterator[int]:
    for node in ast.walk(source):
        if called(node) in {"Markup", "mark_safe"}:
            yield node.lineno  # type: ignore[attr-defined]


def markup_of_a_value(source: ast.Module) -> Iterator[int]:
    """Lines where Markup gets anything but a text that stands there: what is typed would not be escaped."""
    for node in ast.walk(source):
        if not isinstance(node, ast.Call) or called(node) != "Markup":
            continue
        if len(node.args) != 1 or not isinstance(node.args[0], ast.Constant):
            yield node.lineno


def imports_random(source: ast.Module) -> Iterator[int]:
    """Lines that want chance but not `Random`, which is made from a seed and gives the same every time."""
    for node in ast.walk(source):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module == "random":
            names = ["random" for alias in node.names if alias.name != "Random"]
        if "random" in names:
            yield node.lineno  # type: ignore[attr-defined]


RULES = {
    "a status changes": (changes_status, ASSIGNS_STATUS),
    "a transaction is committed": (commits, COMMITS),
    "a clock is read": (reads_clock, READS_THE_CLOCK),
    "markup is made": (makes_markup, MAKES_MARKUP),
    "chance is not from `secrets`": (imports_random, GUESSES),
}


@pytest.mark.parametrize("rule", RULES)
def test_it_happens_only_in_its_place(rule: str) -> None:
    search, places = RULES[rule]
    found = {name: list(search(tree(name))) for name in FILES}
    elsewhere = {name: lines for name, lines in found.items() if lines and name not in places}
    assert elsewhere == {}, f"{rule} only in {sorted(places)}"
    assert {name for name in places if not found[name]} == set(), "a place that is no longer one"


BREACHES = {
    "a status changes": (
        "case.status = after",
        "case.status: str = after",
        "was, self.case.status = 1, 2",
        "setattr(case, 'status', after)",
        "session.execute(update(Case).values(status='ready'))",
        "transition.apply(ctx, case, act, status='ready')",
    ),
    "a transaction is committed": ("session.commit()", "db.session.commit()", "session.begin_nested()"),
    "a clock is read": (
        "datetime.now(UTC)",
        "date.today()",
        "time.time()",
        "select(func.now())",
        "text('SELECT clock_timestamp()')",
        "default=datetime.now",
    ),
    "markup is made": ("Markup(text)", "markupsafe.Markup('<b>')"),
    "chance is not from `secrets`": ("import random", "from random import choice"),
}


@pytest.mark.parametrize(("rule", "line"), [(rule, line) for rule in BREACHES for line in BREACHES[rule]])
def test_a_breach_is_seen(rule: str, line: str) -> None:
    assert list(RULES[rule][0](ast.parse(line)))


@pytest.mark.parametrize("name", MAKES_MARKUP)
def test_markup_is_made_of_our_own_words_only(name: str) -> None:
    assert list(markup_of_a_value(tree(name))) == []


@pytest.mark.parametrize(
    "line", ["Markup(name)", "Markup(f'<b>{name}</b>')", "Markup('<b>' + name)", "Markup()"]
)
def test_markup_of_a_value_is_seen(line: str) -> None:
    assert list(markup_of_a_value(ast.parse(line)))


def test_templates_escape_everything() -> None:
    unescaped = re.compile(r"\|\s*safe\b|{%-?\s*autoescape|\|\s*forceescape|\bMarkup\b")
    found = {name for name in TEMPLATES if unescaped.search((ROOT / name).read_text("utf-8"))}
    assert found == set(NOT_ESCAPED)


def test_modules_stay_short() -> None:
    lengths = {name: len((ROOT / name).read_text("utf-8").splitlines()) for name in FILES}
    assert {name: length for name, length in lengths.items() if length > LONGEST_MODULE} == {
        name: lengths[name] for name in LONG_MODULES
    }


def test_functions_stay_short() -> None:
    lengths = {
        f"{name}:{node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for name in FILES
        for node in ast.walk(tree(name))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION} == {
        name: lengths[name] for name in LONG_FUNCTIONS
    }


def test_no_module_has_a_name_that_says_nothing() -> None:
    assert [name for name in FILES if VAGUE & set(name.removesuffix(".py").split("/"))] == []


def test_nothing_is_left_for_later() -> None:
    later = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    assert [name for name in [*FILES, *TEMPLATES] if later.search((ROOT / name).read_text("utf-8"))] == []
