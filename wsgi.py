"""Puts the portal together. The only module that knows both windows; a setting says which are open."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from datetime import timedelta
from types import TracebackType

import click
from flask import Flask
from flask.cli import NoAppException
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

import admin
from portal import cli, db, endpoints, errors, i18n, install, labels, public, security
from portal.config import Settings, SettingsError, from_environment
from portal.runtime import Runtime, build, check_installation

WINDOWS: Mapping[str, Callable[[Flask], None]] = {"public": public.init_app, "admin": admin.init_app}


class Portal(Flask):
    """Flask, except that an unexpected error is logged by its route: paths carry the tokens of links."""

    request_class = security.InMemory

    def log_exception(
        self,
        exc_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None],
    ) -> None:
        errors.report(exc_info)


def create_app(settings: Settings | None = None, runtime: Runtime | None = None) -> Flask:
    """The application for a server, the command line or a test. Without arguments the environment decides."""
    if runtime:
        return assemble(runtime)
    on_command_line = click.get_current_context(silent=True) is not None
    try:
        settings = settings or from_environment(os.environ)
        install.make_demo_keys(settings)
        runtime = build(settings)
        # a command may be the one that makes the database; it asks for itself
        if not on_command_line:
            check_installation(runtime)
            install.check_paper_key(runtime)
            install.record_start(runtime)
    except SettingsError as problem:
        if on_command_line:
            # `flask --help` goes on without the application's commands; a command cannot
            stops = NoAppException if "--help" in sys.argv else click.ClickException
            raise stops(str(problem)) from None
        raise
    return assemble(runtime)


def assemble(runtime: Runtime) -> Flask:
    """Every part in the order in which it sees a request: what is refused early comes first."""
    settings = runtime.settings
    app = Portal("portal")
    app.config.from_mapping(flask_config(settings, runtime.vault.keys.session))
    security.init_app(app, settings)
    db.init_app(app, runtime)
    i18n.init_app(app, settings)
    labels.init_app(app)
    errors.init_app(app)
    CSRFProtect(app)
    for window in settings.windows:
        WINDOWS[window](app)
    endpoints.init_app(app)
    cli.init_app(app)
    if settings.proxies:
        hops = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    return app


def flask_config(settings: Settings, secret: str) -> dict[str, object]:
    """Flask's own settings, all of them derived from ours."""
    return {
        "SECRET_KEY": secret,
        "TESTING": False,
        "SESSION_COOKIE_NAME": "kaijo" if settings.demo else "__Host-kaijo",
        "SESSION_COOKIE_SECURE": not settings.demo,
        "SESSION_COOKIE_HTTPONLY": True,
        # Lax, not Strict: whoever comes from a link in a mail still has the draft of this browser
        "SESSION_COOKIE_SAMESITE": "Lax",
        "PERMANENT_SESSION_LIFETIME": timedelta(days=1),
        "MAX_CONTENT_LENGTH": security.MAX_BODY,
        "MAX_FORM_MEMORY_SIZE": security.MAX_BODY,
        "MAX_FORM_PARTS": security.MAX_FIELDS,
        "TRUSTED_HOSTS": list(settings.host_names),
        # a form lives as long as its session; the draft behind it has its own 24 hours
        "WTF_CSRF_TIME_LIMIT": None,
        # our pages send no referrer, so it cannot be asked for; `security` asks for Origin and Sec-Fetch-Site
        "WTF_CSRF_SSL_STRICT": False,
    }
