"""A visitor of the owners' window: a browser without script, at a desk on each kind of database."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from tests.applications import app_for
from tests.public.visitor import Visitor
from tests.world import World


@pytest.fixture
def app(world: World) -> Flask:
    settings = replace(world.runtime.settings, windows=("public",))
    return app_for(replace(world.runtime, settings=settings))


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    return Visitor(app)


@pytest.fixture(params=["ja", "en"])
def lang(request: pytest.FixtureRequest) -> str:
    return str(request.param)
