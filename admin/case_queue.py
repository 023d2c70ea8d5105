"""The queue: which case to take next. Saved views, filters and search over one list that never counts its rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Response, abort, render_template, request, url_for
from flask_admin import expose
from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p
from flask_wtf import FlaskForm
from markupsafe import Markup
from sqlakeyset import Page, select_page, unserialize_bookmark
from sqlakeyset.types import Marker
from wtforms import HiddenField, SelectField, StringField

from admin import next_step
from admin.acts import READERS
from admin.base import StaffView, ctx
from admin.forms import unprintable, words_for
from portal import i18n, labels
from portal.casework import lookup
from portal.casework.lookup import MOST_FOUND, VIEWS, Filters, Line
from portal.choices import SelectChoice
from portal.domain.languages import LANGUAGES
from portal.domain.lifecycle import FINAL, Status
from portal.domain.tiers import Tier
from portal.models import Case

PAGE = 25
SOON = timedelta(minutes=30)
SHORTEST = 2
LONGEST = 254  # an address is the longest thing to search for

# Only places of our own making: the library would also read other kinds of values, and raise for some of them.
BOOKMARK = re.compile(r"[<>]dt:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?\+00:00~s:[0-9a-f]{32}")

VIEW_NAMES: Mapping[str, LazyString] = {
    "unassigned": _l("Unassigned"),
    "mine": _l("Assigned to me"),
    "due_soon": _p("view", "Due soon"),
    "second_approval": _p("view", "Second approval"),
    "waiting_period": _p("status", "Waiting period"),
    "waiting_owner": _p("status", "Waiting for owner"),
    "on_hold": _l("On hold"),
    "open": _l("All open cases"),
    "closed": _l("Closed cases"),
}
OFFERED: Mapping[str, tuple[str, ...]] = {
    "status": tuple(status.value for status in Status if status is not Status.UNCONFIRMED),
    "language": tuple(LANGUAGES),
    "tier": tuple(tier.value for tier in Tier),
}
NO_DUE = FINAL | {Status.DEACTIVATED}


@dataclass(frozen=True)
class Due:
    """The time left, as words and as a look: fine, soon, over or paused."""

    text: str
    look: str
    at: datetime


class FilterForm(FlaskForm):
    """Narrows the queue. Sent by GET, so that a list can be kept as a bookmark."""

    class Meta:
        csrf = False

    view = HiddenField()
    q = StringField(
        _l("Search by receipt no., name, account ID, email address or phone number"),
        render_kw={"autocapitalize": "none", "spellcheck": "false", "autocomplete": "off"},
    )
    status = SelectField(_p("field", "Status"), validate_choice=False)
    language = SelectField(_p("field", "Language"), validate_choice=False)
    tier = SelectField(_l("Risk"), validate_choice=False)


class QueueView(StaffView):
    """All who work cases and those who read them."""

    roles = READERS
    icon = "inbox"

    @expose("/")
    def index(self) -> Response:
        form = _filter_form()
        filters = _filters(form)
        text = (form.q.data or "").strip()
        if text and _searchable(form, text):
            found = lookup.search(ctx(), text)
            return _paint(form, [line for line in found if _fits(line[0], filters)], None)
        page = _page(filters)
        return _paint(form, [(case, name) for case, name in page], page)


def _filter_form() -> FilterForm:
    form = FilterForm(formdata=request.args)
    form.view.data = form.view.data or VIEWS[0]
    if form.view.data not in VIEWS:
        abort(400)
    for name, keys in OFFERED.items():
        field: Any = form[name]
        field.choices = [SelectChoice("", _l("All")), *_options(name, keys)]
        field.data = field.data or ""
        if field.data and field.data not in keys:
            abort(400)
    return form


def _options(name: str, keys: Iterable[str]) -> list[SelectChoice]:
    if name != "language":
        return words_for(name, keys)
    return [SelectChoice(key, labels.word(name, key), render_kw={"lang": key}) for key in keys]


def _filters(form: FilterForm) -> Filters:
    return Filters(
        view=form.view.data or VIEWS[0],
        status=form.status.data or None,
        language=form.language.data or None,
        tier=form.tier.data or None,
    )


def _fits(case: Case, filters: Filters) -> bool:
    """A search looks at all cases; only what the three fields name narrows it."""
    wanted = ((case.status, filters.status), (case.language, filters.language), (case.tier, filters.tier))
    return all(value in {None, own} for own, value in wanted)


def _searchable(form: FilterForm, text: str) -> bool:
    wrong = _search_error(text)
    form.q.errors = [wrong] if wrong else []
    return not wrong


def _search_error(text: str) -> str | None:
    said: str | None = None
    if len(text) < SHORTEST:
        said = gettext("Enter at least %(shortest)s characters", shortest=SHORTEST)
    elif len(text) > LONGEST:
        said = gettext("Search text must be %(longest)s characters or less", longest=LONGEST)
    else:
        said = unprintable(text)
    return said


def _page(filters: Filters) -> Page[Any]:
    query: Any = lookup.queue_query(ctx(), filters)
    return select_page(ctx().session, query, per_page=PAGE, page=_place(request.args.get("page")))


def _place(bookmark: str | None) -> Marker:
    """Where a page of the list begins. A place made by hand is answered like a damaged address."""
    if not bookmark:
        return Marker(None, False)
    if not BOOKMARK.fullmatch(bookmark):
        abort(400)
    try:
        return unserialize_bookmark(bookmark)
    except ValueError:
        abort(400)


def _paint(form: FilterForm, lines: list[Line], page: Page[Any] | None) -> Response:
    counts = lookup.counts(ctx())
    view = form.view.data or VIEWS[0]
    html = render_template(
        "staff/queue.html",
        form=form,
        has_errors=bool(form.q.errors),
        view=view,
        view_name=_view_name(view),
        searched=page is None,
        narrowed=any(form[name].data for name in OFFERED),
        most_found=MOST_FOUND if page is None and len(lines) == MOST_FOUND else None,
        rows=[_row(case, name) for case, name in lines],
        views=[_view(name, counts, form) for name in VIEWS],
        earlier=_link(form, page.paging.bookmark_previous) if page and page.paging.has_previous else None,
        later=_link(form, page.paging.bookmark_next) if page and page.paging.has_next else None,
        wide=True,
    )
    return Response(html, 422 if form.q.errors else 200, mimetype="text/html")


def _row(case: Case, holder: str | None) -> dict[str, Any]:
    return {
        "case": case,
        "url": url_for("case.page", case_id=case.id),
        "due": due_of(case, ctx().now),
        "next": next_step.words(case, ctx().actor),
        "holder": holder_words(case, holder),
    }


def holder_words(case: Case, holder: str | None) -> str | None:
    """Who has the case now; while nobody works it, a name left over from before says nothing."""
    if case.status == Status.QUEUED:
        return str(VIEW_NAMES["unassigned"])
    return holder if case.status in {Status.VERIFYING, Status.WAITING_OWNER} else None


def _view_name(view: str) -> str | Markup:
    if view in LANGUAGES:
        return Markup('<span lang="{}">{}</span>').format(view, labels.word("language", view))
    return str(VIEW_NAMES[view])


def _view(name: str, counts: Mapping[str, int], form: FilterForm) -> tuple[str, str, str | None, bool]:
    number = counts.get(name)
    cap = ctx().limits.count_cap
    shown = None if number is None else f"{cap:,}+" if number >= cap else str(number)
    here = form.view.data == name and not (form.q.data or "").strip()
    return _view_name(name), url_for("queue.index", view=name), shown, here


def _link(form: FilterForm, bookmark: str) -> str:
    kept = {name: form[name].data for name in ("view", *OFFERED) if form[name].data}
    return url_for("queue.index", **kept, page=bookmark)


def due_of(case: Case, now: datetime) -> Due | None:
    """The time left by the calendar, so that a short and a long deadline compare; none for a case that has ended."""
    status, left = Status(case.status), case.due_at - now
    if status in NO_DUE:
        return None
    if status is Status.WAITING_OWNER:
        return Due(gettext("Paused (waiting for owner)"), "paused", case.due_at)
    span = i18n.duration(left, short=True)
    if left < timedelta(0):
        return Due(gettext("Overdue %(duration)s", duration=span), "over", case.due_at)
    if left < SOON:
        return Due(gettext("Due soon %(duration)s left", duration=span), "soon", case.due_at)
    return Due(gettext("%(duration)s left", duration=span), "fine", case.due_at)
