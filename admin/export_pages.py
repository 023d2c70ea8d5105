"""The files of compliance: asking for one, how far it is, and taking it away while it is there. Nobody sees a colleague's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from flask import Response, jsonify, render_template, request, url_for
from flask_admin import expose
from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _l
from werkzeug.http import dump_options_header

from admin import export_form, report_form
from admin.base import StaffView, ctx, see
from admin.door_forms import paint, say
from admin.forms import built, code_field
from portal import db, i18n, labels, report_words
from portal.casework import exports
from portal.casework.context import NotFound, Refused
from portal.casework.exports import DATA, PIECE
from portal.domain.lifecycle import Role
from portal.domain.reports import REPORTS
from portal.export.building import DICTIONARY_ENDING, FORMS
from portal.models import Export

SAID: Mapping[str, LazyString] = {
    "asked": _l("Your file is being prepared. It appears here when it is completed."),
    "over": _l("This file is not available any more. Ask for it again."),
}
# How the tag of a state looks: its colour and its icon.
LOOK: Mapping[str, tuple[str, str]] = {
    "waiting": ("blue", "clock"),
    "building": ("blue", "clock"),
    "ready": ("green", "check"),
    "failed": ("red", "warning"),
    "expired": ("grey", "hourglass"),
}
FOLLOWED_EVERY = 3  # seconds
SANDBOX = "sandbox; default-src 'none'"
KILO, MEGA = 1024, 1024 * 1024


class ExportsView(StaffView):
    """For compliance alone: it is all that compliance may make, beside its own settings."""

    roles = frozenset({Role.COMPLIANCE})
    readers_send = frozenset({"ask", "fetch"})
    icon = "download"

    @expose("/")
    def index(self) -> Response:
        found = exports.own(ctx(), request.args.get("before"))
        shown = found[: exports.SHOWN]
        older = shown[-1].id if len(found) > exports.SHOWN else None
        return _page(
            "exports",
            200,
            rows=[entry(one) for one in shown],
            older=url_for("exports.index", before=older) if older else None,
            life=ctx().limits.export_life,
            unfinished=sum(one.state in exports.UNFINISHED for one in shown),
            every=FOLLOWED_EVERY,
            look=LOOK,
            said=SAID.get(request.args.get("said", "")),
        )

    @expose("/live")
    def live(self) -> Response:
        """What the script of an open page is told."""
        return jsonify([_told(entry(one)) for one in exports.own(ctx())[: exports.SHOWN]])

    @expose("/new", methods=("GET", "POST"))
    def ask(self) -> Response:
        given = dict(request.form.items()) if request.method == "POST" else export_form.linked(request.args)
        if given.get("report") not in REPORTS:
            missing = request.method == "POST"
            return _page(
                "export_choose", 422 if missing else 200, groups=report_form.groups(), has_errors=missing
            )
        asked, wrong = export_form.read(ctx(), given)
        form, headers = export_form.of(given, asked), {}
        is_whole = request.method == "POST" and form.validate()
        if wrong is not None:
            export_form.place(ctx(), form, wrong)
        elif is_whole and asked is not None:
            try:
                exports.ask(ctx(), **export_form.wanted(form, asked))
            except Refused as refused:
                headers = say(form, refused)
            else:
                return see("exports.index", said="asked")
        return paint("export_ask", form, headers=headers, **export_form.around(ctx(), given, asked))

    @expose("/<export_id>/<part>", methods=("GET", "POST"))
    def fetch(self, export_id: str, part: str) -> Response:
        """A file, or the code that one with personal data takes each time."""
        form, headers = built(("code", code_field())), {}
        try:
            export = exports.find(ctx(), export_id, part)
            is_asked_for = not exports.needs_code(export, part)
            if is_asked_for or (request.method == "POST" and form.validate()):
                return _handed_out(exports.fetch(ctx(), export_id, part, form["code"].data), part)
        except NotFound:
            raise
        except Refused as refused:
            if refused.reason == "export_over":
                return see("exports.index", said="over")
            headers = say(form, refused)
        return paint("export_fetch", form, headers=headers, line=entry(export))


class File(Response):
    """A file that must not run in our origin. Its policy is set last, over the one that all pages get."""

    def get_wsgi_headers(self, environ: Any) -> Any:
        headers = super().get_wsgi_headers(environ)
        headers["Content-Security-Policy"] = SANDBOX
        return headers


def _handed_out(export: Export, part: str) -> Response:
    pieces = _pieces(export, part)
    form, name = FORMS[export.form], export.file_name or ""
    if part == DATA:
        response = File(pieces, content_type=form.mimetype)
        response.content_length = export.size or 0
    else:
        response = File(b"".join(pieces), content_type=FORMS["csv"].mimetype)
        name = name.removesuffix(form.ending) + DICTIONARY_ENDING
    response.headers["Content-Disposition"] = dump_options_header("attachment", {"filename": name})
    return response


def _pieces(export: Export, part: str) -> Iterator[bytes]:
    """Piece by piece, each read by itself: however slow the browser, no transaction stays open for it."""
    runtime = db.runtime()
    number = -(-(export.size or 0) // PIECE) if part == DATA else 1

    def read() -> Iterator[bytes]:
        for place in range(number):
            with runtime.sessions() as session:
                data = exports.piece(session, runtime.vault, export, part, place)
            if data is None:
                raise RuntimeError("the file has expired while it was handed out")
            yield data

    return read()


def entry(export: Export) -> dict[str, Any]:
    """One line of the list, in words."""
    is_open = exports.is_open(ctx(), export)
    state = "expired" if export.state == "ready" and not is_open else export.state
    return {
        "export": export,
        "state": state,
        "title": labels.TABLES["report"].get(export.report, export.report),
        "period": report_words.span(*(date.fromisoformat(export.settings[end]) for end in ("start", "end"))),
        "said": _how_far(export, state),
        "purpose": exports.purpose_of(ctx(), export),
        "rows": _rows(export),
        "size": size_words(export.size) if export.size else "",
        "files": _files(export) if is_open else [],
    }


def _how_far(export: Export, state: str) -> str:
    if state == "failed":
        return labels.word("export_error", export.error or "not_built")
    if state == "building" and export.rows_in_all is not None:
        rows, whole = f"{export.rows:,}", f"{export.rows_in_all:,}"
        return str(gettext("%(rows)s of %(all)s rows", rows=rows, all=whole))
    return ""


def _rows(export: Export) -> str:
    if export.sha256 is None:
        return ""
    rows, whole = f"{export.rows:,}", f"{export.rows_in_all or 0:,}"
    return rows if rows == whole else str(gettext("%(rows)s of %(all)s", rows=rows, all=whole))


def _files(export: Export) -> list[tuple[str, str]]:
    names = {"data": gettext("Download"), "dictionary": gettext("Column dictionary (CSV)")}
    return [
        (words, url_for("exports.fetch", export_id=export.id, part=part)) for part, words in names.items()
    ]


def _told(line: Mapping[str, Any]) -> dict[str, Any]:
    state = line["state"]
    return {
        "id": line["export"].id,
        "state": labels.word("export_state", state),
        "look": LOOK[state][0],
        "over": state not in exports.UNFINISHED,
        "said": line["said"],
        "rows": line["rows"],
        "size": line["size"],
        "until": i18n.when(line["export"].expires_at, zone=False) if line["files"] else "",
        "title": str(line["title"]),
        "files": [{"words": words, "url": url} for words, url in line["files"]],
    }


def size_words(size: int) -> str:
    """How large a file is, as people say it."""
    if size < MEGA:
        return str(gettext("%(size)s KB", size=max(1, round(size / KILO))))
    return str(gettext("%(size)s MB", size=f"{size / MEGA:.1f}"))


def _page(template: str, code: int, **values: Any) -> Response:
    html = render_template(f"staff/{template}.html", **values)
    return Response(html, code, mimetype="text/html")
