"""A page for an act on a case: a form, one call of casework, and back to the case, or the same page with what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, cast

from flask import Response, redirect, render_template, request, url_for
from flask_admin import expose
from flask_babel import LazyString, pgettext
from flask_babel import lazy_gettext as _l

from admin.base import StaffView, ctx, see
from admin.forms import DeskForm, built
from portal import labels
from portal.casework import lookup
from portal.casework.context import Context, NotFound, Refused, Stale, Throttled
from portal.casework.facts import facts_of
from portal.casework.lookup import case_for_staff
from portal.connectors import ConnectorError
from portal.domain import lifecycle
from portal.domain.lifecycle import Act, Role, Status
from portal.models import Case
from portal.security import may_repeat

AT_WORK = frozenset({Role.VERIFIER, Role.APPROVER, Role.LEAD})
READERS = AT_WORK | {Role.COMPLIANCE}

# What the form of an act brings along; before it is sent, its absence stands in nobody's way.
COMES_WITH_FORM = frozenset(
    {
        "reason_missing",
        "items_missing",
        "devices_missing",
        "fresh_factor",
        "checks_unopened",
        "repeat_missing",
        "wrong_outcome",
    }
)

NO_ANSWER = _l(
    "The system that holds the MFA devices does not answer. Nothing was done. Try again in a few minutes."
)


@dataclass(frozen=True)
class Visit:
    """One request for a page of an act."""

    ctx: Context
    case: Case
    item: str = ""  # what of the case is meant: a method, a check, a step


def empty_form(_visit: Visit) -> DeskForm:
    return built()


def nothing_more(_visit: Visit) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class ActPage:
    """One act as a page. `do` gets the visit and the form, calls casework, and may name another page to go to."""

    act: Act
    title: LazyString
    do: Callable[[Visit, DeskForm], str | None]
    said: str
    form: Callable[[Visit], DeskForm] = empty_form
    more: Callable[[Visit], Mapping[str, Any]] = nothing_more
    template: str = "act"
    lead: LazyString | str = ""
    button: LazyString | str = ""
    button_look: str = "primary"
    shows: bool = False  # evidence or written reasons: whoever opens the page is on record


class BelowCase(StaffView):
    """Pages whose addresses name a case; the address without one leads to the queue."""

    @expose("/")
    def index(self) -> Response:
        return see("queue.index")


class ActView(BelowCase):
    """The pages of one kind of act. What is allowed is decided by casework; this only asks it beforehand for the words."""

    pages: ClassVar[Mapping[str, ActPage]] = {}

    @expose("/<case_id>/<key>", methods=("GET", "POST"))
    @expose("/<case_id>/<key>/<item>", methods=("GET", "POST"))
    @may_repeat("items", "devices")
    def act(self, case_id: str, key: str, item: str = "") -> Response:
        page = self.pages.get(key)
        if page is None:
            raise NotFound()
        opened = case_for_staff if page.shows and request.method != "POST" else case_on_desk
        visit = Visit(ctx(), opened(ctx(), case_id), item)
        try:
            return _answer(page, visit)
        except ConnectorError:
            return _unanswered(page, visit)


def _answer(page: ActPage, visit: Visit) -> Response:
    form = page.form(visit)
    if request.method != "POST":
        return paint(page, visit, form, 200)
    if form.validate():
        return _try(page, visit, form)
    return _told(page, visit, form, 422)


def _try(page: ActPage, visit: Visit, form: DeskForm) -> Response:
    case_id = visit.case.id
    try:
        further = page.do(visit, form)
    except NotFound:
        raise
    except Refused as refused:
        return refused_page(page, visit, form, refused)
    return cast(Response, redirect(further or url_for("case.page", case_id=case_id, said=page.said), 303))


def refused_page(page: ActPage, visit: Visit, form: DeskForm, refused: Refused) -> Response:
    """The same page with what was typed, what stands in the way, and the case as it is now."""
    # a second press also spends its code in vain; that somebody was faster is what there is to say
    if not isinstance(refused, Stale):
        form.place(refused)
    return _told(page, _again(visit), form, 429 if isinstance(refused, Throttled) else 422)


def _told(page: ActPage, visit: Visit, form: DeskForm, code: int) -> Response:
    """What is wrong, and first of all who changed the case meanwhile: the page is now made from that version."""
    changed = changed_since(visit)
    return paint(page, visit, form, 409 if changed else code, changed=changed)


def _unanswered(page: ActPage, visit: Visit) -> Response:
    """The other system is silent: nothing can be chosen or started now, and nothing was."""
    return _painted(page, _again(visit), built(), 503, blockers=[str(NO_ANSWER)])


def _again(visit: Visit) -> Visit:
    return Visit(visit.ctx, case_on_desk(visit.ctx, visit.case.id), visit.item)


def paint(page: ActPage, visit: Visit, form: DeskForm, code: int, **values: Any) -> Response:
    form.forget_code()
    blockers = hard_blockers(visit.ctx, visit.case, page.act)
    if blockers:
        kept = form.typed() if request.method == "POST" else []
        moved = last_change(visit) if blockers == ("wrong_status",) and not values.get("changed") else None
        words = [labels.word("refusal", reason) for reason in blockers]
        return _painted(page, visit, form, code, blockers=words, typed=kept, moved=moved, **values)
    return _painted(page, visit, form, code, **page.more(visit), **values)


def _painted(page: ActPage, visit: Visit, form: DeskForm, code: int, **values: Any) -> Response:
    html = render_template(
        f"staff/{page.template}.html",
        page=page,
        case=visit.case,
        item=visit.item,
        form=form,
        has_errors=bool(form.errors) or bool(values.get("changed")),
        case_url=url_for("case.page", case_id=visit.case.id),
        **values,
    )
    return Response(html, code, mimetype="text/html")


def hard_blockers(ctx: Context, case: Case, act: Act) -> tuple[str, ...]:
    """What stands in the way of an act, less what its own form asks for."""
    found = lifecycle.blocked_by(facts_of(ctx, case), act, ctx.actor, ctx.now)
    return tuple(dict.fromkeys(reason for reason in found if reason not in COMES_WITH_FORM))


def case_on_desk(ctx: Context, case_id: str) -> Case:
    """A case as it is now. Unconfirmed requests are nobody's yet."""
    case = ctx.session.get(Case, case_id, populate_existing=True)
    if case is None or case.status == Status.UNCONFIRMED:
        raise NotFound()
    return case


@dataclass(frozen=True)
class Changed:
    """Who changed the case last, when, and what they did."""

    name: str
    at: datetime
    tag: str


def changed_since(visit: Visit) -> Changed | None:
    """The change that came between showing the page and sending its form."""
    made_from = request.form.get("version")
    return last_change(visit) if made_from and made_from != str(visit.case.version) else None


def last_change(visit: Visit) -> Changed:
    entry = lookup.timeline(visit.ctx.session, visit.case)[-1]
    return Changed(actor_words(entry), entry.at, entry.tag)


def actor_words(entry: lookup.Entry) -> str:
    """Whoever acted, as sentences name them: Japanese adds a polite word to a colleague's name."""
    if not entry.by_staff:
        return labels.word("role", entry.actor)
    return str(pgettext("colleague", "%(name)s", name=entry.actor))
