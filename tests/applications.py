"""Applications for tests: put together once a process and given to one desk after another, because that takes longest."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

import wsgi
from portal.runtime import Runtime

MOST = 4  # journeys have an address each; a heap of applications would slow every later test down
_made: dict[str, Flask] = {}


class Templates(BytecodeCache):
    """Templates that this process has compiled, for whichever application."""

    def __init__(self) -> None:
        self.compiled: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        known = self.compiled.get(bucket.key + bucket.checksum)
        if known:
            bucket.bytecode_from_string(known)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.compiled[bucket.key + bucket.checksum] = bucket.bytecode_to_string()


_templates = Templates()


def app_for(runtime: Runtime) -> Flask:
    """The application of these settings, over this desk; whoever held it before has lost it."""
    settings = runtime.settings
    known = {**vars(settings), "data": Path(), "database_url": "", "keys": Path()}
    known["limit_overrides"] = sorted(settings.limit_overrides.items())
    name = repr(known)
    app = _made.pop(name, None)
    if app is None:
        app = wsgi.create_app(runtime=runtime)
        app.jinja_env.bytecode_cache = _templates
    # the one that was used last is the last to go
    _made[name] = app
    if len(_made) > MOST:
        del _made[next(iter(_made))]
    app.extensions["kaijo"] = runtime
    app.config["SECRET_KEY"] = runtime.vault.keys.session
    return app
