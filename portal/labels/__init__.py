"""The words for every key that the rules speak in: a table for each kind, and nothing else.

A test walks the rules and asks for words in every language. Contexts such as "status" keep apart what English
says with one word and Japanese with two.
"""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask
from flask_babel import LazyString

from portal import i18n
from portal.labels import (
    acts,
    answers,
    calls,
    checks,
    desk,
    evidence,
    exports,
    papers,
    records,
    register,
    reports,
    retention,
    risks,
    self_service,
    stages,
    training,
)

TABLES: Mapping[str, Mapping[str, LazyString]] = {
    **stages.TABLES,
    **acts.TABLES,
    **calls.TABLES,
    **checks.TABLES,
    **answers.TABLES,
    **records.TABLES,
    **desk.TABLES,
    **evidence.TABLES,
    **exports.TABLES,
    **papers.TABLES,
    **register.TABLES,
    **self_service.TABLES,
    **risks.TABLES,
    **training.TABLES,
    **retention.TABLES,
    **reports.TABLES,
}


def init_app(app: Flask) -> None:
    app.jinja_env.globals["label"] = word


def word(kind: str, key: str, language: str | None = None, **values: object) -> str:
    """The words for a key, in the language spoken now or in a named one; `values` fill the placeholders."""
    words = TABLES[kind][key]
    if language is None:
        return _filled(str(words), values)
    with i18n.spoken_in(language):
        return _filled(str(words), values)


def _filled(text: str, values: Mapping[str, object]) -> str:
    return text % values if values else text
