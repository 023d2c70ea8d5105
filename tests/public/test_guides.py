"""The guides that lead to this portal's own pages where people can help themselves here, and to AWS where they cannot."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from tests.applications import app_for
from tests.public.visitor import Visitor
from tests.world import World

GUIDES = ("update_phone", "ask_administrator")


@pytest.fixture(params=["none", "demo"])
def telephone(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def world(database_url: str, tmp_path: Path, telephone: str) -> Iterator[World]:
    made = World(database_url, tmp_path, telephone=telephone)
    yield made
    made.close()


@pytest.fixture
def app(world: World) -> Flask:
    settings = replace(world.runtime.settings, windows=("public",))
    return app_for(replace(world.runtime, settings=settings))


@pytest.mark.parametrize("key", GUIDES)
def test_a_guide_names_this_portals_page_where_it_helps_and_aws_where_not(
    app: Flask, telephone: str, key: str, lang: str
) -> None:
    browser = Visitor(app, lang)
    browser.get("/")
    text = browser.get(f"/guide/{key}").text

    assert (f"/{lang}/sign-in" in text) is (telephone == "demo")


def test_the_text_for_the_administrator_can_be_copied_whole(app: Flask, telephone: str) -> None:
    page = Visitor(app, "en").get("/guide/ask_administrator")

    assert "My IAM user name:" in page.text
    assert ("one-use pass" in page.text) is (telephone == "demo")
