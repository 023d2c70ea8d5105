"""The audit log for compliance: what happened, newest first, what is known of the whole, and one event down to its bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Response, abort, render_template, request, url_for
from flask_admin import expose
from flask_babel import gettext, pgettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.http import dump_options_header
from wtforms import SelectField, StringField, ValidationError

from admin import report_form
from admin.base import StaffView, ctx
from admin.case_story import said_of
from admin.forms import DayField
from portal import db, labels
from portal.casework import log_reading
from portal.casework.context import Refused
from portal.casework.log_reading import COUNTED, Filters, Line
from portal.casework.lookup import Entry
from portal.choices import SelectChoice
from portal.domain.audit_tags import FACTS
from portal.domain.lifecycle import Status

# Who acts without a login, as the log names them.
OTHERS = ("owner", "contact", "system")
DAY_WORDS = _l("Enter a date such as 2026-04-01")


class FilterForm(FlaskForm):
    """Narrows the log. Sent by GET, so that a finding can be passed on as an address."""

    class Meta:
        csrf = False

    tag = SelectField(_l("Action"), validate_choice=False)
    actor = SelectField(_l("Actor"), validate_choice=False)
    case = StringField(
        _l("Receipt number"), render_kw={"autocapitalize": "characters", "spellcheck": "false"}
    )
    start = DayField(_l("Start date"))
    end = DayField(_l("End date"))

    @property
    def filters(self) -> Filters:
        return Filters(
            tag=self.tag.data or None,
            actor=self.actor.data or None,
            case=(self.case.data or "").strip() or None,
            start=self.start.day,
            end=self.end.day,
        )

    def validate_tag(self, field: SelectField) -> None:
        _offered(field)

    def validate_actor(self, field: SelectField) -> None:
        _offered(field)

    def validate_start(self, field: DayField) -> None:
        _refuse_no_day(field)
        if field.day and self.end.day and field.day > self.end.day:
            raise ValidationError(gettext("Start date must be the same as or before the end date"))

    def validate_end(self, field: DayField) -> None:
        _refuse_no_day(field)


def _refuse_no_day(field: DayField) -> None:
    if (field.data or "").strip() and field.day is None:
        raise ValidationError(str(DAY_WORDS))


def _offered(field: SelectField) -> None:
    # A value made by hand finds nothing, but must not be shown as if it were one of ours.
    if field.data and field.data not in {one.data for one in field}:
        abort(404)


class LogView(StaffView):
    """For compliance, who may see everything that everybody did. Their reading is written too."""

    roles = log_reading.READERS
    icon = "shield"

    @expose("/")
    def index(self) -> Response:
        form = _form()
        if not form.validate():
            return _paint(form, None, 422)
        try:
            place = log_reading.place_of(request.args.get("page"))
        except ValueError:
            abort(400)
        try:
            listed = log_reading.page(ctx(), form.filters, place)
        except Refused as refused:
            form.case.errors = [labels.word("refusal", refused.reason)]
            return _paint(form, None, 422)
        return _paint(form, listed, 200)

    @expose("/<event_id>")
    def event(self, event_id: str) -> Response:
        seen = log_reading.event(ctx(), event_id)
        html = render_template(
            "staff/log_event.html",
            seen=seen,
            line=_spoken(seen.line),
            integrity=log_reading.integrity(ctx()),
            emergency=db.runtime().settings.emergency,
        )
        return Response(html, mimetype="text/html")

    @expose("/<event_id>/proof.txt")
    def proof(self, event_id: str) -> Response:
        response = Response(log_reading.proof(ctx(), event_id), mimetype="text/plain")
        response.headers["Content-Disposition"] = dump_options_header(
            "attachment", {"filename": f"log-proof-{event_id}.txt"}
        )
        return response


def _form() -> FilterForm:
    form = FilterForm(formdata=request.args)
    tags = sorted((str(labels.word("audit", tag)), tag) for tag in FACTS if tag in labels.TABLES["audit"])
    everyone = gettext("All")
    form.tag.choices = [SelectChoice("", everyone), *(SelectChoice(tag, words) for words, tag in tags)]
    form.actor.choices = [
        SelectChoice("", everyone),
        *(SelectChoice(key, labels.word("role", key)) for key in OTHERS),
        *(SelectChoice(actor, name) for actor, name in log_reading.actors(ctx())),
    ]
    return form


def _paint(form: FilterForm, listed: log_reading.Listed | None, code: int) -> Response:
    filters = form.filters
    html = render_template(
        "staff/log.html",
        form=form,
        lines=[_spoken(line) for line in listed.lines] if listed else [],
        searched=listed is not None,
        number=listed.number if listed else 0,
        counted=COUNTED,
        newer_url=_further(filters, listed.earlier) if listed else None,
        older_url=_further(filters, listed.later) if listed else None,
        narrowed=bool(filters.chosen()),
        integrity=log_reading.integrity(ctx()),
        emergency=db.runtime().settings.emergency,
        wide=True,
    )
    return Response(html, code, mimetype="text/html")


def _further(filters: Filters, bookmark: str | None) -> str | None:
    chosen: dict[str, Any] = filters.chosen()
    return url_for("log.index", **chosen, page=bookmark) if bookmark else None


def _spoken(line: Line) -> Mapping[str, Any]:
    """One line in words."""
    changed = line.now if line.was and line.was != line.now else None
    return {
        "id": line.id,
        "at": line.at,
        "action": labels.word("audit", line.tag) if line.tag in labels.TABLES["audit"] else line.tag,
        "actor": line.actor if line.by_staff else _who(line.actor),
        "case": line.case,
        "changed": labels.word("status", changed) if changed in set(Status) else None,
        "said": _said(line),
        "source": _source(line),
    }


def _who(actor: str) -> str:
    return labels.word("role", actor) if actor in labels.TABLES["role"] else actor


def _as_entry(line: Line) -> Entry:
    entry = Entry(line.tag, line.at, line.actor, line.now or "", line.facts, line.by_staff)
    return replace(entry, facts={key: value for key, value in line.facts.items() if key != "holder"})


def _said(line: Line) -> str:
    try:
        return str(gettext("; ").join([*said_of(_as_entry(line), {}), *_days(line)]))
    except (ValueError, TypeError, KeyError, AttributeError):
        return ""  # facts that somebody has changed: they must not hide all the other records


def _days(line: Line) -> list[str]:
    """The days that somebody has read or exported a report about."""
    texts = {end: str(line.facts.get(fact) or "") for end, fact in (("start", "from"), ("end", "to"))}
    return [words for words in (report_form.said_dates(texts),) if words]


def _source(line: Line) -> str:
    if line.facts.get("channel") == "cli":
        return str(gettext("Command line"))
    if line.by_staff:
        return str(pgettext("log", "Back office"))
    return str(gettext("System") if line.actor == "system" else gettext("Owners' pages"))
