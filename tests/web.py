"""A portal with one plain window of its own, for tests of what holds on every page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, render_template_string, request, session
from sqlalchemy.exc import OperationalError

import wsgi
from portal import runtime, security
from portal.casework.context import NotFound, Refused, Stale, Throttled
from portal.config import Settings
from portal.runtime import Clock
from portal.vault import Keys

LIVE = "https://mfa.corp.example"
REFUSALS = {
    "refused": Refused("another_person"),
    "stale": Stale(by="Alice"),
    "throttled": Throttled(130),
    "not_found": NotFound(),
}


def demo_settings(folder: Path, **changes: Any) -> Settings:
    made = Settings(
        data=folder,
        database_url=f"sqlite:///{folder / 'kaijo.sqlite'}",
        keys=folder / "keys",
        demo=True,
        windows=(),
    )
    return replace(made, **changes)


def live_settings(folder: Path, **changes: Any) -> Settings:
    return demo_settings(folder, demo=False, base_url=LIVE, **changes)


def portal(settings: Settings, *, clock: Clock | None = None) -> Flask:
    if not settings.keys.exists():
        Keys.generate(settings.keys)
    app = wsgi.assemble(runtime.build(settings, clock=clock))
    app.register_blueprint(_window())
    return app


def _window() -> Blueprint:
    window = Blueprint("window", __name__)
    for add in (_showing, _taking, _breaking):
        add(window)
    return window


def _showing(window: Blueprint) -> None:

    @window.get("/<language:lang>/")
    @window.get("/<language:lang>/show/<path:name>")
    def show(name: str = "") -> str:
        return render_template_string(
            '<html lang="{{ lang }}"><a href="{{ switch_url }}">{{ _("Skip to main content") }}</a>'
            "{{ name }}|{{ request.args.get('q', '') }}|{{ csrf_token() }}</html>",
            name=name,
        )

    @window.get("/<language:lang>/now")
    def show_now() -> str:
        return render_template_string("{{ now|when }}|{{ now|when_tag }}|{{ now|day }}")

    @window.get("/desk/")
    def desk() -> str:
        return render_template_string("{{ lang }}|{{ switch_url }}|{{ _('Skip to main content') }}")

    @window.get("/address")
    def address() -> str:
        return security.client_ip(request)


def _taking(window: Blueprint) -> None:
    @window.post("/<language:lang>/take")
    def take() -> str:
        session["name"] = request.form.get("name", "")
        return f"taken {session['name']}"

    @window.post("/<language:lang>/choose")
    @security.may_repeat("item")
    def choose() -> str:
        return ",".join(request.form.getlist("item"))

    @window.post("/<language:lang>/upload")
    @security.may_upload(400_000)
    def upload() -> str:
        with request.files["file"].stream as stream:
            return str(len(stream.read()))


def _breaking(window: Blueprint) -> None:
    @window.get("/<language:lang>/refuse/<key>")
    def refuse(key: str) -> str:
        raise REFUSALS[key]

    @window.get("/<language:lang>/break/<token>")
    @window.get("/desk/break/<token>")
    def break_down(token: str) -> str:
        raise RuntimeError("the secret reason")

    @window.get("/<language:lang>/down")
    def down() -> str:
        raise OperationalError("SELECT 1", {}, RuntimeError("gone"))
