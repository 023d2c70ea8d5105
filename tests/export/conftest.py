"""Applications for the tests of exports: over the desk of a test, and one without any for what only writes."""

from __future__ import annotations

import pytest
from flask import Flask

from tests import web
from tests.applications import app_for
from tests.world import World


@pytest.fixture
def app(world: World) -> Flask:
    return app_for(world.runtime)


@pytest.fixture(scope="session")
def writing(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An application that knows its words and has no database."""
    return web.portal(web.demo_settings(tmp_path_factory.mktemp("writing")))
