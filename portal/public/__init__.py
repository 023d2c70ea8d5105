"""The window for owners: one blueprint under /<language>/, and the door in front of it that chooses a language."""

from __future__ import annotations

from typing import cast

from flask import Flask, Response, redirect, url_for

from portal import i18n
from portal.public import (
    account_settings,
    cancel,
    confirm,
    credentials,
    drafting,
    find,
    iam_users,
    mfa,
    new_device,
    pages,
    papers,
    request_form,
    reset,
    reset_call,
    reset_link,
    responding,
    sign_in,
    status,
    status_call,
    triage,
    verify,
    visit,
)

# Each of them registers its pages on the blueprint.
PAGES = (
    pages,
    triage,
    request_form,
    drafting,
    papers,
    confirm,
    status,
    status_call,
    responding,
    cancel,
    find,
    account_settings,
    iam_users,
    reset,
    reset_call,
    reset_link,
    sign_in,
    mfa,
    credentials,
    new_device,
    verify,
)


def init_app(app: Flask) -> None:
    """Open the window on an application."""
    app.url_map.converters["token"] = visit.TokenConverter
    app.jinja_env.filters["typed"] = visit.typed
    app.register_blueprint(visit.owners)
    app.add_url_rule("/", "front_door", front_door)


def front_door() -> Response:
    """To the pages of the language that was chosen before, or that the browser asks for."""
    return cast(Response, redirect(url_for("owners.start", lang=i18n.select())))
