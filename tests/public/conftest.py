"""A visitor of the owners' window: a browser without script, at a desk on each kind of database."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache

import wsgi
from tests.public.visitor import Visitor
from tests.world import World


@pytest.fixture
def app(world: World, shelf: Path) -> Flask:
    made = wsgi.create_app(runtime=world.runtime)
    # Compiling all templates anew for each test would take longer than the tests.
    made.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(shelf))
    return made


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    return Visitor(app)


@pytest.fixture(params=["ja", "en"])
def lang(request: pytest.FixtureRequest) -> str:
    return str(request.param)
