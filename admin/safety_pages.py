"""The page for leads on which everything stands that two of them have to look into: objections, holds, appeals, contests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Response, render_template, url_for
from flask_admin import expose
from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _l

from admin import next_step
from admin.base import StaffView, ctx
from admin.time_left import Due, time_left
from portal import labels
from portal.casework import contested, safety
from portal.casework.contested import Contest, Side
from portal.casework.safety import Appealed, Objected, OnHold
from portal.domain.lifecycle import FINAL, Role, Status
from portal.models import Case

# Where somebody said "this was not me".
CHANNELS: Mapping[str, LazyString] = {
    "mail": _l("Link in an email"),
    "call": _l("Key 9 on a call"),
    "status_page": _l("Status page"),
}
SAME: Mapping[bool | None, tuple[LazyString, str, str]] = {
    True: (_l("Same"), "blue", "check"),
    False: (_l("Different"), "yellow", "warning"),
    None: (_l("Not known"), "grey", "minus"),
}


@dataclass(frozen=True)
class Row:
    """One matter: its case, who and what it is about, since when, what is due, and where to go on."""

    case: Case | None
    who: str
    what: str
    since: datetime
    due: Sequence[Due]
    step: str
    url: str | None


@dataclass(frozen=True)
class Fact:
    """One line of a comparison: what each of the requests says, and whether they say the same."""

    name: str
    values: Sequence[str]
    typed: bool = False  # by owners, each in their language
    same: tuple[str, str, str] | None = None  # words, colour and sign


class SafetyView(StaffView):
    """Leads act from here; compliance reads."""

    roles = frozenset({Role.LEAD, Role.COMPLIANCE})
    icon = "shield"

    @expose("/")
    def index(self) -> Response:
        html = render_template(
            "staff/safety.html",
            objections=[_objected(one) for one in safety.objections(ctx())],
            holds=[_on_hold(one) for one in safety.on_hold(ctx())],
            appeals=[_appealed(one) for one in safety.appeals(ctx())],
            contests=[(one, [_row_of(one, side) for side in one.sides], _facts(one)) for one in _contests()],
            most=safety.MOST,
            most_contests=contested.MOST,
            wide=True,
        )
        return Response(html, mimetype="text/html")


def _contests() -> list[Contest]:
    return contested.contests(ctx())


def said_by(one: Objected) -> str:
    """Who objected: a registered contact, masked, or whoever filed the request."""
    if not one.contact_kind:
        return labels.word("role", "owner")
    kind = labels.word("channel", one.contact_kind)
    return str(gettext("%(kind)s: %(contact)s", kind=kind, contact=one.contact))


def _objected(one: Objected) -> Row:
    what = str(CHANNELS.get(one.row.channel, one.row.channel))
    return Row(one.case, said_by(one), what, one.row.at, [_left(one.due)], *_next(one.case))


def _on_hold(one: OnHold) -> Row:
    what = gettext("Nobody has proposed how to go on")
    if one.case.unfreeze:
        what = gettext("Proposed: %(decision)s", decision=labels.word("unfreeze", one.case.unfreeze))
    due = [_left(one.lead_due), _left(one.decision_due)]
    return Row(one.case, one.proposer, what, one.case.status_at, due, *_next(one.case))


def _appealed(one: Appealed) -> Row:
    what, since = labels.word("status", one.case.status), one.case.appealed_at or one.case.status_at
    return Row(one.case, one.holder, what, since, [_left(one.case.due_at)], *_next(one.case))


def _row_of(one: Contest, side: Side) -> Row:
    what = labels.word("status", side.case.status)
    ended = side.case.status in FINAL | {Status.DEACTIVATED}
    due = [] if ended else [_left(side.case.due_at)]
    return Row(side.case, side.holder, what, side.case.created_at, due, *_next(side.case))


def _left(at: datetime) -> Due:
    return time_left(at, ctx().now)


def _next(case: Case | None) -> tuple[str, str | None]:
    """What this person could do next, and the page on which they would. The page says what stands in their way."""
    if case is None:
        return "", None
    actor = ctx().actor
    return next_step.words(case, actor), _act_url(case) if Role.LEAD in actor.roles else _case_url(case)


def _case_url(case: Case) -> str:
    return str(url_for("case.page", case_id=case.id))


def _act_url(case: Case) -> str:
    """Where a lead goes on with a case: from here that is a decision, and for all else the case's own page."""
    me = ctx().actor.person_id
    if case.status == Status.FROZEN and case.unfreeze_proposer_id != me:
        return url_for("freezes.act", case_id=case.id, key="agree" if case.unfreeze else "propose")
    if case.status == Status.PENDING_APPROVAL and case.proposer_id != me:
        return url_for("decisions.act", case_id=case.id, key="approve")
    return _case_url(case)


def _facts(one: Contest) -> list[Fact]:
    """What each of the requests says and has proven, line by line."""
    sides = one.sides
    typed: Sequence[tuple[str, LazyString, Callable[[Side], str]]] = (
        ("name", _l("Name in the form"), lambda side: side.name),
        ("reply_email", _l("Email address for updates"), lambda side: side.reply_email),
        ("phone", _l("Phone number in the form"), lambda side: side.phone),
    )
    return [
        Fact(gettext("Contacts proven"), [_proven(side) for side in sides]),
        *(
            Fact(str(name), [value(side) for side in sides], typed=True, same=_same(one, key))
            for key, name, value in typed
        ),
        Fact(labels.word("evidence", "name_result"), [_fits(side) for side in sides]),
        Fact(gettext("Network"), ["" for _side in sides], same=_same(one, "network")),
    ]


def _same(one: Contest, key: str) -> tuple[str, str, str]:
    words, colour, sign = SAME[one.same[key]]
    return str(words), colour, sign


def _proven(side: Side) -> str:
    """What the request has proven: a check of this round that matched, over which contact."""
    said = [
        gettext("%(check)s: %(contact)s", check=labels.word("method", proof.method), contact=proof.contact)
        if proof.contact
        else labels.word("method", proof.method)
        for proof in side.proofs
    ]
    if side.case.proven_by == "password":
        said.insert(0, labels.word("requirement", "password_proven"))
    return str(gettext("; ")).join(said) or str(gettext("Nothing yet"))


def _fits(side: Side) -> str:
    if side.name_fits is None:
        return str(gettext("The register holds no name"))
    return labels.word("result", "match" if side.name_fits else "mismatch")
