"""A page for an act on a case: a form, one call of casework, and back to the case, or the same page with what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, cast

from flask import Response, redirect, render_template, request, url_for
from flask_admin import expose
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l

from admin import case_live
from admin.base import StaffView, ctx, see
from admin.case_story import Changed, changes_since, last_change, lease_lost
from admin.forms import VERSION, DeskForm, built
from portal import labels
from portal.casework import lookup, presence, training
from portal.casework.context import Context, NotFound, Refused, Stale, Throttled
from portal.casework.facts import facts_of
from portal.casework.lookup import case_for_staff
from portal.connectors import ConnectorError
from portal.domain import lifecycle
from portal.domain.lifecycle import Act, Actor, CaseFacts, Role, Status
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

# What keeps a person out of a case for good.
SHUT_OUT = frozenset({"own_account", "excluded", "planter"})

# Where a case that went on without whoever looks has to be explained: by whom, and when.
GONE_ON = frozenset({"wrong_status", "not_holder"})

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


def nothing_else(_visit: Visit) -> Changed | None:
    return None


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
    # what a latecomer asks for, if not the newest change
    moved: Callable[[Visit], Changed | None] = nothing_else


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
        shown = page.shows and request.method != "POST"
        case = case_for_staff(ctx(), case_id, presence.EDITING) if shown else case_on_desk(ctx(), case_id)
        visit = Visit(ctx(), case, item)
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
    was_open = visit.case.status not in lifecycle.FINAL
    try:
        further = page.do(visit, form)
    except NotFound:
        raise
    except Refused as refused:
        return refused_page(page, visit, form, refused)
    if was_open and training.is_revealed(visit.ctx, visit.case):
        further = url_for("training_case.page", case_id=visit.case.id)
    return cast(Response, redirect(further or _back(page, visit), 303))


def _back(page: ActPage, visit: Visit) -> str:
    """To the case, where the control that led here has the focus again."""
    control = "-".join(
        ("do", str(request.view_args["key"] if request.view_args else ""), *filter(None, (visit.item,)))
    )
    return url_for("case.page", case_id=visit.case.id, said=page.said, _anchor=control)


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
    presence.note(visit.ctx, visit.case.id, presence.VIEWING if blockers else presence.EDITING)
    if not blockers:
        return _painted(page, visit, form, code, **page.more(visit), **values)
    values["typed"] = form.typed() if request.method == "POST" else []
    if set(blockers) & GONE_ON and not values.get("changed"):
        values["moved"] = page.moved(visit) or last_change(visit.ctx, visit.case)
    values["lease_lost"] = lease_lost(lookup.timeline(visit.ctx.session, visit.case), visit.ctx.actor)
    words = [labels.word("refusal", reason) for reason in blockers]
    return _painted(page, visit, form, code, blockers=words, **values)


def _painted(page: ActPage, visit: Visit, form: DeskForm, code: int, **values: Any) -> Response:
    blocked = bool(values.get("blockers"))
    html = render_template(
        f"staff/{page.template}.html",
        page=page,
        case=visit.case,
        item=visit.item,
        form=form,
        has_errors=bool(form.errors) or bool(values.get("changed")),
        case_url=url_for("case.page", case_id=visit.case.id),
        live=case_live.of(visit.ctx, visit.case, presence.VIEWING if blocked else presence.EDITING),
        **values,
    )
    return Response(html, code, mimetype="text/html")


def hard_blockers(ctx: Context, case: Case, act: Act) -> tuple[str, ...]:
    """What stands in the way of an act, less what its own form asks for; first of all what keeps a person out for good."""
    facts = facts_of(ctx, case)
    found = (*shut_out(facts, ctx.actor, ctx.now), *lifecycle.blocked_by(facts, act, ctx.actor, ctx.now))
    return tuple(dict.fromkeys(reason for reason in found if reason not in COMES_WITH_FORM))


def shut_out(facts: CaseFacts, actor: Actor, now: datetime) -> tuple[str, ...]:
    """Why this person may do nothing in a case at whatever stage: a note is what everybody else could write."""
    found = lifecycle.blocked_by(facts, Act.WRITE_NOTE, actor, now)
    return tuple(reason for reason in found if reason in SHUT_OUT)


def case_on_desk(ctx: Context, case_id: str) -> Case:
    """A case as it is now. Unconfirmed requests are nobody's yet."""
    case = ctx.session.get(Case, case_id, populate_existing=True)
    if case is None or case.status == Status.UNCONFIRMED:
        raise NotFound()
    return case


def changed_since(visit: Visit) -> list[Changed]:
    """What came between showing the page and sending its form, newest first."""
    made_from, events = request.form.get("version"), request.form.get("events", "")
    if not made_from or made_from == str(visit.case.version):
        return []
    known = int(events) if VERSION.fullmatch(events) else visit.case.audit_seq
    return changes_since(visit.ctx, visit.case, known)
