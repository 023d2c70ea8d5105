"""Who may import whom: the contracts of setup.cfg hold, and the rules need nothing but Python."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RULES = sorted((ROOT / "portal" / "domain").glob("**/*.py"))


def imported(source: str) -> Iterator[str]:
    """Name the modules that a file of `portal.domain` imports, wherever in the file it does so."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = {0: "", 1: "portal.domain.", 2: "portal."}[node.level]
            yield from (f"{above}{node.module or alias.name}" for alias in node.names)


def is_plain(module: str) -> bool:
    own = module == "portal.domain" or module.startswith("portal.domain.")
    return own or module.partition(".")[0] in sys.stdlib_module_names


def test_import_contracts_hold():
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_rules_import_only_the_standard_library(path: Path):
    assert [module for module in imported(path.read_text("utf-8")) if not is_plain(module)] == []


@pytest.mark.parametrize(
    "line",
    [
        "import flask",
        "from portal import db",
        "from portal.casework import intake",
        "from .. import models",
        "def late():\n    import sqlalchemy",
    ],
)
def test_a_rule_that_reaches_out_is_seen(line: str):
    assert not all(is_plain(module) for module in imported(line))
