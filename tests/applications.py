"""Applications for tests: put together once a process and given to one desk after another, because that takes longest."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

import wsgi
from portal.runtime import Runtime

_made: dict[str, Flask] = {}


def app_for(runtime: Runtime) -> Flask:
    """The application of these settings, over this desk; whoever held it before has lost it."""
    settings = runtime.settings
    known = {**vars(settings), "data": Path(), "database_url": "", "keys": Path()}
    known["limit_overrides"] = sorted(settings.limit_overrides.items())
    name = repr(known)
    if name not in _made:
        _made[name] = wsgi.create_app(runtime=runtime)
    app = _made[name]
    app.extensions["kaijo"] = runtime
    app.config["SECRET_KEY"] = runtime.vault.keys.session
    return app
