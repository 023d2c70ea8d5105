"""The queue: which case to take next. Saved views, filters and search over one list that never counts its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Response, abort, jsonify, render_template, request, url_for
from flask_admin import expose
from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p
from markupsafe import Markup

from admin import case_live, next_step, queue_acts
from admin.acts import READERS
from admin.base import StaffView, ctx, see
from admin.forms import DeskForm
from admin.queue_filters import NARROWING, FilterForm, address, filter_form, heads
from admin.time_left import Due, time_left
from portal import labels
from portal.casework import assigning, lookup, own_views, presence, queue
from portal.casework.assigning import Verifier
from portal.casework.context import NotFound, Refused
from portal.casework.lookup import MOST_FOUND
from portal.casework.queue import VIEWS, Filters, Line, Listed
from portal.domain.languages import LANGUAGES
from portal.domain.lifecycle import FINAL, Role, Status
from portal.models import Case, SavedView
from portal.security import may_repeat

EVERY = 30  # seconds between two questions whether there is something new

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
SAID: Mapping[str, LazyString] = {
    "view_saved": _l("The view is saved."),
    "view_deleted": _l("The view is deleted."),
}
NO_DUE = FINAL | {Status.DEACTIVATED}


@dataclass(frozen=True)
class Visit:
    """One request for the queue: what is asked for, and who could be an assignee."""

    form: FilterForm
    people: Sequence[Verifier]

    @property
    def filters(self) -> Filters:
        return self.form.filters


class QueueView(StaffView):
    """All who work cases and those who read them."""

    roles = READERS
    readers_send = frozenset({"save", "forget"})  # views of their own
    icon = "inbox"

    @expose("/")
    def index(self) -> Response:
        return _paint(_visit())

    @expose("/live")
    def live(self) -> Response:
        """How many cases came into a list since its page was made. The list itself stays as its reader left it."""
        since = queue_acts.moment(request.args.get("since", ""))
        number = queue.newcomers(ctx(), _visit().filters, since)
        shown = f"{queue.MOST_NEW}+" if number > queue.MOST_NEW else str(number)
        return jsonify(number=number, words=gettext("Show %(number)s new", number=shown))

    @expose("/views", methods=("GET", "POST"))
    def save(self) -> Response:
        visit, form = _visit(), queue_acts.name_form()
        if request.method != "POST":
            return see("queue.index", **visit.filters.chosen())
        if form.validate():
            try:
                own_views.save(ctx(), form["name"].data, visit.filters)
            except Refused as refused:
                form.place(refused)
            else:
                return see("queue.index", **visit.filters.chosen(), said="view_saved")
        return _paint(visit, naming=form)

    @expose("/views/<view_id>/delete", methods=("POST",))
    def forget(self, view_id: str) -> Response:
        try:
            own_views.delete(ctx(), view_id)
        except NotFound:
            # pressed twice: the list shows what is left
            return see("queue.index")
        return see("queue.index", said="view_deleted")

    @expose("/assign", methods=("GET", "POST"))
    @may_repeat("case")
    def assign(self) -> Response:
        visit = _visit()
        if request.method != "POST":
            return see("queue.index", **visit.filters.chosen())
        if not assigning.assignable(ctx().actor):
            abort(403)
        form = queue_acts.assign_form(ctx(), visit.people)
        if not form.validate():
            return _paint(visit, assigning_to=form)
        person = queue_acts.person_of(form, ctx())
        outcomes = assigning.assign(ctx(), queue_acts.picks_of(form), person)
        to = next((one for one in visit.people if one.person_id == person), None)
        return queue_acts.told(ctx(), outcomes, to, back=address(visit.filters))


def _visit() -> Visit:
    people = assigning.verifiers(ctx())
    return Visit(filter_form(people), people)


def _paint(visit: Visit, *, naming: DeskForm | None = None, assigning_to: DeskForm | None = None) -> Response:
    form, filters = visit.form, visit.filters
    listed, searched = _listed(form)
    own = own_views.own(ctx())
    sent = {"naming": naming, "assign": assigning_to}
    wrong = [form.q.errors, *(each.errors for each in sent.values() if each)]
    rows = _rows(listed.lines)
    html = render_template(
        "staff/queue.html",
        form=form,
        naming=naming or queue_acts.name_form(),
        assign=assigning_to or queue_acts.assign_form(ctx(), visit.people),
        has_errors=any(wrong),
        searched=searched,
        narrowed=any(form[name].data for name in NARROWING),
        most_found=MOST_FOUND if searched and len(listed.lines) == MOST_FOUND else None,
        rows=rows,
        assigns=any(row["pick"] for row in rows),
        heads=None if searched else heads(filters),
        earlier=_further(filters, listed.earlier),
        later=_further(filters, listed.later),
        said=SAID.get(request.args.get("said", "")),
        wide=True,
        **_views(form, own),
        **_addresses(filters),
    )
    return Response(html, 422 if any(wrong) else 200, mimetype="text/html")


def _listed(form: FilterForm) -> tuple[Listed, bool]:
    """What the page lists, and whether it was searched for."""
    if form.text and form.is_searchable():
        found = lookup.search(ctx(), form.text)
        return Listed([line for line in found if queue.fits(line[0], form.filters)], None, None), True
    try:
        place = queue.place_of(request.args.get("page"))
    except ValueError:
        abort(400)
    return queue.page(ctx(), form.filters, place), False


def _rows(lines: Sequence[Line]) -> list[dict[str, Any]]:
    here = presence.here(ctx(), [case.id for case, _holder in lines])
    able = assigning.assignable(ctx().actor)
    takes = Role.VERIFIER in ctx().actor.roles
    return [
        {
            "case": case,
            "url": url_for("case.page", case_id=case.id),
            "due": due_of(case, ctx().now),
            "next": next_step.words(case, ctx().actor),
            "holder": holder_words(case, holder),
            "here": [(case_live.words_of(one), one[1]) for one in here.get(case.id, ())],
            "pick": f"{case.id}.{case.version}" if case.status in able else None,
            "take": takes and case.status == Status.QUEUED,
        }
        for case, holder in lines
    ]


def holder_words(case: Case, holder: str | None) -> str | None:
    """Who has the case now; while nobody works it, a name left over from before says nothing."""
    if case.status == Status.QUEUED:
        return str(VIEW_NAMES["unassigned"])
    return holder if case.status in {Status.VERIFYING, Status.WAITING_OWNER} else None


def _views(form: FilterForm, own: Sequence[SavedView]) -> dict[str, Any]:
    """The views beside the list with their counts, and which of them this is."""
    built_in = {name: Filters(name) for name in VIEWS}
    saved = {view.id: queue.read(view.filters) for view in own}
    counts = queue.counts(ctx(), {**built_in, **saved})
    mine = next((view for view in own if saved[view.id] == form.filters), None)
    view = form.filters.view
    here = "" if form.text else mine.id if mine else view
    names: dict[str, str | Markup] = {name: _view_name(name) for name in VIEWS}
    names |= {view.id: view.name for view in own}
    return {
        "views": [
            (names[key], address(filters), _count(counts.get(key)), key == here)
            for key, filters in (*built_in.items(), *saved.items())
        ],
        "view": view,
        "view_name": mine.name if mine else names[view],
        "own_view": mine,
    }


def _view_name(view: str) -> str | Markup:
    if view in LANGUAGES:
        return Markup('<span lang="{}">{}</span>').format(view, labels.word("language", view))
    return str(VIEW_NAMES[view])


def _count(number: int | None) -> str | None:
    cap = ctx().limits.count_cap
    return None if number is None else f"{cap:,}+" if number >= cap else str(number)


def _addresses(filters: Filters) -> dict[str, Any]:
    """Where the page's own forms go, and where its script asks whether there is something new."""
    return {
        "here_url": address(filters),
        "save_url": address(filters, "queue.save"),
        "assign_url": address(filters, "queue.assign"),
        "live_url": address(filters, "queue.live", since=ctx().now.isoformat()),
        "live_every": EVERY,
        "shown_at": ctx().now,
    }


def _further(filters: Filters, bookmark: str | None) -> str | None:
    return address(filters, page=bookmark) if bookmark else None


def due_of(case: Case, now: datetime) -> Due | None:
    """The time left by the calendar, so that a short and a long deadline compare; none for a case that has ended."""
    status = Status(case.status)
    if status in NO_DUE:
        return None
    if status is Status.WAITING_OWNER:
        return Due(gettext("Paused (waiting for owner)"), "paused", case.due_at)
    return time_left(case.due_at, now)
