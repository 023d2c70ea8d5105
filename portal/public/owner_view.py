"""What a request's owner is shown of it: one sentence, what to do, five steps, and a history without names of staff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import LazyString
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p
from markupsafe import Markup, escape
from sqlalchemy import select

from portal import db, i18n, labels
from portal.casework import call_checks, lookup, messages, transition
from portal.casework.call_checks import OnScreen
from portal.casework.context import Context
from portal.casework.facts import facts_of
from portal.casework.lookup import Entry
from portal.connectors import Device
from portal.domain.lifecycle import Act, Status, row_for
from portal.models import Case, Document
from portal.public import owner_tasks
from portal.public.owner_tasks import Task
from portal.public.papers import OWNERS_PAPERS

STEPS: tuple[LazyString, ...] = (
    _p("step", "Received"),
    _p("step", "Identity check"),
    _p("step", "Approval"),
    _p("step", "Waiting period"),
    _p("step", "Deactivation"),
)
# How far a case in each status has come; from the others it can be anywhere, and the history says where it was.
STATION: Mapping[str, int] = {
    Status.UNCONFIRMED: 0,
    Status.QUEUED: 1,
    Status.VERIFYING: 1,
    Status.WAITING_OWNER: 1,
    Status.PENDING_APPROVAL: 2,
    Status.COOLING_OFF: 3,
    Status.READY: 4,
    Status.EXECUTING: 4,
    Status.DEACTIVATED: 5,
}
# Which timer's moment the sentence of a status names.
DEADLINE: Mapping[str, Act] = {
    Status.UNCONFIRMED: Act.EXPIRE_UNCONFIRMED,
    Status.WAITING_OWNER: Act.EXPIRE_WAITING,
}
WITH_DESK = frozenset({Status.QUEUED, Status.VERIFYING})
ACCEPTS_LETTER = frozenset({Status.QUEUED, Status.VERIFYING, Status.WAITING_OWNER})

# What the owner is told of an event. What is not here is the desk's own business.
HISTORY: Mapping[str, LazyString] = {
    "case:request:submitted": _l("Request sent"),
    "case:address:confirmed": _l("Email address confirmed"),
    "case:confirmation:expired": _l("Closed, because the email address was not confirmed in time"),
    "case:duplicate:merged": _l("Closed, because there is an earlier request for the same account"),
    "case:request:solved": _l("Closed, because the MFA device was used again"),
    "case:claim:taken": _l("Identity check begun"),
    "case:check:recorded": _l("Identity check carried on"),
    "case:check:proven": _l("A proof of identity arrived"),
    "case:owner:asked": _l("We asked you for something"),
    "case:owner:reminded": _l("We reminded you"),
    "case:owner:answered": _l("You answered"),
    "case:challenge:repeated": _l("Asked for the link to the registered address again"),
    "case:call:booked": _l("Call time chosen"),
    "case:asking:ended": _l("Identity check carried on"),
    "case:answer:expired": _l("Closed, because we did not hear from you in time"),
    "case:removal:proposed": _l("Handed to a second person for a decision"),
    "case:decline:proposed": _l("Handed to a second person for a decision"),
    "case:proposal:sent_back": _l("Returned for further checks"),
    "case:removal:approved": _l("Request approved"),
    "case:decline:approved": _l("Request not accepted"),
    "case:waiting:started": _l("Waiting period begun"),
    "case:waiting:extended": _l("Waiting period made longer"),
    "case:waiting:ended": _l("Waiting period over"),
    "case:round:voided": _l("Something changed, so the checks begin again"),
    "case:removal:returned": _l("Not carried out in time, so the checks begin again"),
    "case:owner:ready": _l("You said that you are ready to sign in"),
    "case:removal:started": _l("Deactivation begun"),
    "case:device:deactivated": _p("history", "MFA turned off"),
    "case:removal:failed": _l("MFA could not be turned off yet. We try again"),
    "case:objection:received": _l("Stopped for a safety check"),
    "case:objection:opened": _l("Stopped for a safety check"),
    "case:request:withdrawn": _l("Request cancelled"),
    "case:appeal:received": _l("Second look asked for"),
}
SOLVED_BY: Mapping[str, LazyString] = {
    "self_service": _l("Closed, because you removed the MFA device yourself"),
}
AFTER_FREEZE: Mapping[str, LazyString] = {
    Status.QUEUED: _l("Safety check ended. The checks begin again"),
    Status.DECLINED: _l("Safety check ended. Request not accepted"),
    Status.DEACTIVATED: _l("Safety check ended. The deactivation stands"),
    Status.REVERSED: _l("Safety check ended. MFA should not have been turned off"),
}
WHO: Mapping[str, LazyString] = {
    "owner": _p("history", "You"),
    "contact": _l("Registered contact"),
    "system": _l("System"),
}


@dataclass(frozen=True)
class Paper:
    """A document of the case; without a size it is still being made."""

    id: str
    kind: str
    size: int | None


@dataclass(frozen=True)
class OwnerView:
    """Everything on the status page."""

    case: Case
    sentence: Markup
    until: datetime | None
    tasks: Sequence[Task]
    steps: Sequence[tuple[str, str, datetime | Markup | None]]
    history: Sequence[tuple[datetime, str, str]]
    papers: Sequence[Paper]
    all_done: bool  # everything that was asked for last; the case is with the desk again
    may_answer: bool
    may_write: bool
    may_book: bool
    booked_at: datetime | None
    said: Sequence[messages.Said]  # by the owner and to them, oldest first
    may_cancel: bool
    may_object: bool
    takes_letter: bool
    # a call of the desk's, while its digits can be keyed in or its agent is on the line
    callback: OnScreen | None
    asks_ready: bool
    ready_until: datetime | None
    appeal_until: datetime | None
    object_until: datetime | None
    emergency: str


def of(ctx: Context, case: Case) -> OwnerView:
    """Read the case as its owner may see it, in the language spoken now. The statements do not grow with the case."""
    entries = lookup.timeline(ctx.session, case)
    facts = facts_of(ctx, case)
    until = _until(ctx, case)
    ready = case.status == Status.READY and facts.owner_ready_needed
    appeals = transition.allows(ctx, case, Act.APPEAL)
    return OwnerView(
        case=case,
        sentence=_sentence(case, until),
        until=until,
        tasks=owner_tasks.tasks(ctx, case, entries),
        steps=_steps(case, entries),
        history=_history(entries),
        papers=_papers(ctx, case),
        all_done=case.status in WITH_DESK and owner_tasks.all_done(entries),
        may_answer=case.status == Status.WAITING_OWNER,
        may_write=row_for(Act.RECEIVE_MESSAGE, Status(case.status)) is not None,
        # said alike of every request: whether an account has a telephone is not for whoever holds this link
        may_book=ctx.telephone is not None and row_for(Act.BOOK_CALL, Status(case.status)) is not None,
        booked_at=owner_tasks.booked(ctx, case),
        said=messages.shown_to_owner(ctx, case),
        may_cancel=transition.allows(ctx, case, Act.WITHDRAW),
        may_object=transition.allows(ctx, case, Act.OBJECT),
        takes_letter=case.status in ACCEPTS_LETTER and owner_tasks.was_posted(entries),
        callback=_callback(ctx, case),
        asks_ready=ready,
        ready_until=case.owner_ready_until if ready and _is_ahead(case.owner_ready_until, ctx.now) else None,
        appeal_until=facts.appeal_until if appeals else None,
        object_until=facts.objection_until if _is_ahead(facts.objection_until, ctx.now) else None,
        emergency=db.runtime().settings.emergency,
    )


def device_words(case: Case, device: Device, number: int) -> str:
    """How a device is named in a choice. Its own name tells a stranger something: only the kind, until something is proven."""
    kind = labels.TABLES["device_kind"].get(device.kind)
    words = str(kind) if kind else _("MFA device")
    if case.proven_by is None:
        return str(_("Device %(number)s (%(kind)s)", number=number, kind=words))
    return str(_("%(name)s (%(kind)s)", name=device.label, kind=words))


def _is_ahead(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment > now


def _until(ctx: Context, case: Case) -> datetime | None:
    if case.status in DEADLINE:
        return transition.timer_of(ctx.session, case, DEADLINE[case.status])
    return case.waiting_until if case.status == Status.COOLING_OFF else None


def _sentence(case: Case, until: datetime | None) -> Markup:
    waits_for_notices = case.status == Status.COOLING_OFF and until is None
    key = "cooling_off_notices" if waits_for_notices else case.status
    words = escape(labels.word("owner_sentence", key))
    return words % {"time": i18n.when_tag(until), "task": _("Do what we ask for below")}


def _steps(case: Case, entries: Sequence[Entry]) -> list[tuple[str, str, datetime | Markup | None]]:
    here = STATION.get(case.status)
    reached = here if here is not None else _reached(entries)
    stopped = here is None
    times = (case.created_at, None, case.approved_at, case.waiting_until, case.deactivated_at)
    rows: list[tuple[str, str, datetime | Markup | None]] = []
    for index, name in enumerate(STEPS):
        state = (
            "done" if index < reached else "todo" if index > reached else "stopped" if stopped else "current"
        )
        shown = times[index] if state == "done" else _running(case, index) if state == "current" else None
        rows.append((str(name), state, shown))
    return rows


def _reached(entries: Sequence[Entry]) -> int:
    """How far a request had come when it was stopped or ended. Nothing but the last step can stop after all five."""
    passed = [STATION[entry.status_after] for entry in entries if entry.status_after in STATION]
    return min(passed[-1], len(STEPS) - 1) if passed else 0


def _running(case: Case, index: int) -> Markup | None:
    if index == STATION[Status.COOLING_OFF] and case.waiting_until:
        return escape(_("Until %(time)s")) % {"time": i18n.when_tag(case.waiting_until)}
    return None


def _history(entries: Sequence[Entry]) -> list[tuple[datetime, str, str]]:
    """Newest first. An event that says the same as the one before it, such as a check after a check, is told once."""
    told: list[tuple[datetime, str, str]] = []
    for entry in entries:
        words = _words(entry)
        who = _("Support") if entry.by_staff else str(WHO.get(entry.actor, WHO["system"]))
        if words and not (told and told[-1][1:] == (words, who)):
            told.append((entry.at, words, who))
    return told[::-1]


def _words(entry: Entry) -> str | None:
    if entry.tag == "case:unfreeze:agreed":
        return str(AFTER_FREEZE[entry.status_after])
    words = SOLVED_BY.get(entry.facts.get("by", "")) or HISTORY.get(entry.tag)
    return str(words) if words else None


def _callback(ctx: Context, case: Case) -> OnScreen | None:
    shown = call_checks.on_screen(ctx, case)
    return shown if shown is not None and shown.is_live and shown.call.kind == "callback" else None


def _papers(ctx: Context, case: Case) -> list[Paper]:
    query = (
        select(Document)
        .where(Document.case_id == case.id, Document.kind.in_(OWNERS_PAPERS))
        .order_by(Document.created_at.desc(), Document.id)
    )
    return [
        Paper(one.id, one.kind, one.size if one.painted_at else None)
        for one in ctx.session.execute(query).scalars()
    ]
