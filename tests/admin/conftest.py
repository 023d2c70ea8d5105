"""The back office with its cast: a browser for each colleague, at a desk on each kind of database."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.admin.clerk import Clerk
from tests.applications import app_for
from tests.casework.staffroom import Staffroom, use_cheap_hashes
from tests.world import World

Hire = Callable[..., Clerk]


@pytest.fixture
def app(world: World) -> Flask:
    return app_for(world.runtime)


@pytest.fixture
def room(world: World) -> Staffroom:
    use_cheap_hashes()
    return Staffroom(world)


@pytest.fixture
def clerk(app: Flask, room: Staffroom, request: pytest.FixtureRequest) -> Hire:
    """`clerk("alice")`, `clerk("bob", "en")`: a colleague who has signed in, with the mark `door` through its pages."""

    def hire(name: str, language: str = "ja") -> Clerk:
        made = Clerk(app, room, name, language)
        if request.node.get_closest_marker("door"):
            made.sign_in()
            assert made.cookie, made.page and made.page.text
        else:
            made.arrive()
        return made

    return hire


@pytest.fixture
def stranger(app: Flask, room: Staffroom) -> Hire:
    """The same browser before it has signed in."""
    return lambda name="alice", language="ja": Clerk(app, room, name, language)


@pytest.fixture(params=["ja", "en"])
def lang(request: pytest.FixtureRequest) -> str:
    return str(request.param)
