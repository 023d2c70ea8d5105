"""The back office with its cast: a browser for each colleague, at a desk on each kind of database."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache

import wsgi
from tests.admin.clerk import Clerk
from tests.casework.staffroom import Staffroom, use_cheap_hashes
from tests.world import World

Hire = Callable[..., Clerk]


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Compiled templates, because every test has an application of its own."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


@pytest.fixture
def app(world: World, compiled: FileSystemBytecodeCache) -> Flask:
    made = wsgi.create_app(runtime=world.runtime)
    made.jinja_env.bytecode_cache = compiled
    return made


@pytest.fixture
def room(world: World) -> Staffroom:
    use_cheap_hashes()
    return Staffroom(world)


@pytest.fixture
def clerk(app: Flask, room: Staffroom) -> Hire:
    """`clerk("alice")`, `clerk("bob", "en")`: a colleague who has signed in."""

    def hire(name: str, language: str = "ja") -> Clerk:
        made = Clerk(app, room, name, language)
        made.sign_in()
        assert made.cookie, made.page and made.page.text
        return made

    return hire


@pytest.fixture
def stranger(app: Flask, room: Staffroom) -> Hire:
    """The same browser before it has signed in."""
    return lambda name="alice", language="ja": Clerk(app, room, name, language)


@pytest.fixture(params=["ja", "en"])
def lang(request: pytest.FixtureRequest) -> str:
    return str(request.param)
