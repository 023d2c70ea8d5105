"""Ties one database session to one web request, and gives the windows their runtime."""

from __future__ import annotations

from typing import Any, cast

from flask import Flask, current_app, g
from sqlalchemy.orm import Session

from portal.runtime import Runtime


def init_app(app: Flask, runtime: Runtime) -> None:
    """Attach a runtime to the application; the request's session ends with the request."""
    app.extensions["kaijo"] = runtime
    app.teardown_appcontext(_close)


def runtime() -> Runtime:
    """The runtime of the application that serves this request."""
    return runtime_of(current_app)


def runtime_of(app: Flask) -> Runtime:
    """The runtime that was attached to an application."""
    return cast(Runtime, app.extensions["kaijo"])


def this_app() -> Flask:
    """The application itself, for whatever outlives the request or command: the proxy of it would not."""
    return cast(Flask, cast(Any, current_app)._get_current_object())


def session() -> Session:
    """The request's session, opened at first use."""
    if "session" not in g:
        g.session = runtime().sessions()
    return cast(Session, g.session)


def _close(_error: BaseException | None) -> None:
    opened: Session | None = g.pop("session", None)
    if opened is not None:
        opened.close()
