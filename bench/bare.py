"""The floors on the web's side: the least that Flask can answer with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from flask import Flask, render_template_string

ROWS = 25
# As many columns as the queue has.
TABLE = """<!DOCTYPE html>
<html lang="en"><title>Queue</title><table>
{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}</table></html>"""


def one_route() -> Flask:
    """An application with one route, for gunicorn."""
    app = Flask("bench")

    @app.route("/", methods=["GET", "POST"])
    def answer() -> str:
        return "sent"

    return app


def one_table() -> Flask:
    """An application with one page: a table from a template, its rows at hand."""
    app = Flask("bench")
    start = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
    rows = [
        (f"MR-{number:04d}", "queued", start + timedelta(hours=number), "Claim", "ja", "standard", "–", start)
        for number in range(ROWS)
    ]

    @app.get("/")
    def answer() -> str:
        return render_template_string(TABLE, rows=rows)

    return app
