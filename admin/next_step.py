"""What happens next with a case, for the person who asks: in the queue as words, on the case page as the one main button."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import url_for
from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p

from admin.acts import COMES_WITH_FORM, shut_out
from portal import i18n, labels
from portal.domain import lifecycle
from portal.domain.lifecycle import FINAL, Act, Actor, CaseFacts, Role, Status
from portal.models import Case

# Words per status: for those who can do it, and for everybody else.
WORDS: Mapping[Status, tuple[LazyString, LazyString]] = {
    Status.QUEUED: (_p("act", "Assign to me"), _l("Wait for a verifier to take it")),
    Status.VERIFYING: (_l("Check identity"), _l("Wait for the identity check")),
    Status.WAITING_OWNER: (_l("Wait for the owner's answer"), _l("Wait for the owner's answer")),
    Status.PENDING_APPROVAL: (_p("next", "Second approval"), _l("A different person must approve")),
    Status.COOLING_OFF: (_l("Wait for the waiting period to end"), _l("Wait for the waiting period to end")),
    Status.READY: (_p("act", "Deactivate MFA"), _l("Wait for the deactivation")),
    Status.EXECUTING: (_l("See the deactivation through"), _l("Wait for the result")),
    Status.FROZEN: (_l("Decide how to go on"), _l("A lead must decide how to go on")),
}
NOTHING = _l("Nothing to do")

CAN: Mapping[Status, frozenset[Role]] = {
    Status.QUEUED: frozenset({Role.VERIFIER}),
    Status.VERIFYING: frozenset({Role.VERIFIER}),
    Status.PENDING_APPROVAL: frozenset({Role.APPROVER, Role.LEAD}),
    Status.READY: frozenset({Role.VERIFIER, Role.APPROVER, Role.LEAD}),
    Status.EXECUTING: frozenset({Role.VERIFIER, Role.APPROVER, Role.LEAD}),
    Status.FROZEN: frozenset({Role.LEAD, Role.APPROVER}),
}


@dataclass(frozen=True)
class Offer:
    """An act that a case page can lead to. `direct` acts are one button; the others have a page of their own."""

    key: str
    act: Act
    endpoint: str
    direct: bool = False


OFFERS: tuple[Offer, ...] = (
    Offer("claim", Act.CLAIM, "checks", direct=True),
    Offer("take_over", Act.TAKE_OVER, "checks"),
    Offer("ask", Act.ASK_OWNER, "checks"),
    Offer("end_asking", Act.END_ASKING, "checks", direct=True),
    Offer("propose", Act.PROPOSE_REMOVAL, "decisions"),
    Offer("propose_decline", Act.PROPOSE_DECLINE, "decisions"),
    Offer("approve", Act.APPROVE, "decisions"),
    Offer("approve", Act.APPROVE_DECLINE, "decisions"),
    Offer("approve", Act.SEND_BACK, "decisions"),
    Offer("execute", Act.EXECUTE, "removals"),
    Offer("result", Act.CONFIRM_STEP, "removals"),
    Offer("propose", Act.PROPOSE_UNFREEZE, "freezes"),
    Offer("agree", Act.AGREE_UNFREEZE, "freezes"),
    Offer("pressure", Act.MARK_PRESSURE, "checks"),
    Offer("reassign", Act.REASSIGN, "checks"),
    Offer("release", Act.RELEASE, "checks", direct=True),
)

# The act that moves a case on, where the status alone tells it.
MAIN: Mapping[Status, tuple[Act, ...]] = {
    Status.QUEUED: (Act.CLAIM,),
    Status.VERIFYING: (Act.PROPOSE_REMOVAL,),
    Status.WAITING_OWNER: (Act.END_ASKING,),
    Status.READY: (Act.EXECUTE,),
    Status.EXECUTING: (Act.CONFIRM_STEP,),
}


# While a call that the owner booked can still be made.
CALLED = frozenset({Status.QUEUED, Status.VERIFYING, Status.WAITING_OWNER})


@dataclass(frozen=True)
class Button:
    """One act on the case page: where it leads, what it says."""

    key: str
    text: str
    url: str
    direct: bool


@dataclass(frozen=True)
class Waiting:
    """Something of the owner's that waits beside the step itself, and where it is dealt with, for those who may."""

    text: str
    link: Button | None


@dataclass(frozen=True)
class NextStep:
    """The panel on the case page: what is next, why not yet, what else waits, and the other acts that are open."""

    title: str
    reason: str
    waits: tuple[Waiting, ...]
    blockers: tuple[str, ...]
    main: Button | None
    others: tuple[Button, ...]


def words(case: Case, actor: Actor) -> str:
    """The queue's line: what this person could do next with the case, or who has to, and what of the owner's waits."""
    return str(gettext("; ")).join((_words(case, actor), *_waits_in_words(case)))


def _words(case: Case, actor: Actor) -> str:
    status = Status(case.status)
    if status not in WORDS:
        return str(NOTHING)
    able, others = WORDS[status]
    return str(able if _is_able(case, status, actor) else others)


def _waits_in_words(case: Case) -> Iterator[str]:
    if case.owner_wrote_at:
        yield gettext("the owner wrote")
    if case.call_booked_at and case.status in CALLED:
        yield gettext("call booked for %(time)s", time=i18n.when(case.call_booked_at))


def _is_able(case: Case, status: Status, actor: Actor) -> bool:
    if not actor.roles & CAN.get(status, frozenset()):
        return False
    if status is Status.VERIFYING:
        return case.holder_id == actor.person_id
    if status is Status.PENDING_APPROVAL and case.tier != "standard" and Role.LEAD not in actor.roles:
        return False
    if status is Status.FROZEN and case.unfreeze is None and Role.LEAD not in actor.roles:
        return False
    return case.proposer_id != actor.person_id or status is not Status.PENDING_APPROVAL


def of(case: Case, facts: CaseFacts, actor: Actor, *, now: datetime, by_hand: bool) -> NextStep:
    """The panel for a case, from the same facts that the act itself will be judged by."""
    status = Status(case.status)
    blocked = {offer.act: _blockers(facts, offer.act, actor, now) for offer in OFFERS}
    wanted = [act for act in _main_acts(case, status) if act is not Act.CONFIRM_STEP or by_hand]
    main_act = next((act for act in wanted if not blocked[act]), None)
    main = next((offer for offer in OFFERS if offer.act is main_act), None) if main_act else None
    kept_out = tuple(labels.word("refusal", reason) for reason in shut_out(facts, actor, now))
    shown = () if main_act else _said(blocked[act] for act in wanted)
    return NextStep(
        title=labels.word("act", main_act) if main_act is Act.PROPOSE_REMOVAL else _words(case, actor),
        reason=_reason(case, status, now, enough=main_act is Act.PROPOSE_REMOVAL),
        waits=tuple(_waits(case, facts, actor, now)),
        blockers=kept_out or shown,
        main=_button(case, main) if main else _checks_first(status, facts, actor),
        others=tuple(_others(case, blocked, main, by_hand=by_hand)),
    )


def _waits(case: Case, facts: CaseFacts, actor: Actor, now: datetime) -> Iterator[Waiting]:
    if case.owner_wrote_at:
        said = gettext("The owner wrote on %(time)s.", time=i18n.when(case.owner_wrote_at))
        yield Waiting(said, _answer_link(case, facts, actor, now))
    if case.call_booked_at and case.status in CALLED:
        said = gettext("The owner booked a call for %(time)s.", time=i18n.when(case.call_booked_at))
        may_call = not _blockers(facts, Act.SEND_CHALLENGE, actor, now)
        url = url_for("checks.act", case_id=case.id, key="call")
        text = gettext("Call the registered number")
        yield Waiting(said, Button("call", text, url, direct=False) if may_call else None)


def _answer_link(case: Case, facts: CaseFacts, actor: Actor, now: datetime) -> Button | None:
    """To a reply, or for those who may only leave word for colleagues, to a note."""
    if not _blockers(facts, Act.SEND_REPLY, actor, now):
        return Button(
            "reply",
            labels.word("act", "send_reply"),
            url_for("messages.reply", case_id=case.id),
            direct=False,
        )
    if not _blockers(facts, Act.WRITE_NOTE, actor, now):
        return Button(
            "note", labels.word("act", "write_note"), url_for("messages.note", case_id=case.id), direct=False
        )
    return None


def _checks_first(status: Status, facts: CaseFacts, actor: Actor) -> Button | None:
    """Until the checks are enough, the one thing to do is to make them, further down on the same page."""
    if status is not Status.VERIFYING or facts.holder != actor.person_id or not facts.account_known:
        return None
    return Button("checks", str(WORDS[status][0]), "#checks", direct=False)


def _main_acts(case: Case, status: Status) -> Sequence[Act]:
    if status is Status.PENDING_APPROVAL:
        return (Act.APPROVE_DECLINE,) if case.decision == "decline" else (Act.APPROVE,)
    if status is Status.FROZEN:
        return (Act.AGREE_UNFREEZE,) if case.unfreeze else (Act.PROPOSE_UNFREEZE,)
    return MAIN.get(status, ())


def _blockers(facts: CaseFacts, act: Act, actor: Actor, now: datetime) -> tuple[str, ...]:
    found = lifecycle.blocked_by(facts, act, actor, now)
    return tuple(dict.fromkeys(reason for reason in found if reason not in COMES_WITH_FORM))


def _said(several: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """The blockers in words; none where the step is a colleague's, as the title says already."""
    reasons = dict.fromkeys(reason for one in several for reason in one)
    if {"wrong_role", "not_holder"} & set(reasons):
        return ()
    return tuple(labels.word("refusal", reason) for reason in reasons)


def _others(
    case: Case, blocked: Mapping[Act, tuple[str, ...]], main: Offer | None, *, by_hand: bool
) -> list[Button]:
    seen = {(main.endpoint, main.key)} if main else set()
    found = []
    for offer in OFFERS:
        place = (offer.endpoint, offer.key)
        hidden = offer.act is Act.CONFIRM_STEP and not by_hand
        if blocked[offer.act] or place in seen or hidden:
            continue
        seen.add(place)
        found.append(_button(case, offer))
    return found


BUTTON_WORDS: Mapping[str, LazyString] = {
    "decisions:approve": _p("next", "Second approval"),
    "removals:result": _l("Steps of the deactivation"),
}


def _button(case: Case, offer: Offer) -> Button:
    own = BUTTON_WORDS.get(f"{offer.endpoint}:{offer.key}")
    return Button(
        key=offer.key,
        text=str(own) if own else labels.word("act", offer.act),
        url=_url(case, offer),
        direct=offer.direct,
    )


def _url(case: Case, offer: Offer) -> str:
    if offer.act is Act.CONFIRM_STEP:
        return url_for("removals.result", case_id=case.id)
    return url_for(f"{offer.endpoint}.act", case_id=case.id, key=offer.key)


def _reason(case: Case, status: Status, now: datetime, *, enough: bool) -> str:
    """One sentence on where the case stands, with its moments written out. `enough`: its checks are."""
    said = ""
    if enough:
        said = gettext("The required identity checks are complete.")
    elif status is Status.COOLING_OFF:
        said = _wait_words(case, now)
    elif status is Status.PENDING_APPROVAL and case.decision:
        said = gettext("Proposed: %(decision)s", decision=labels.word("decision", case.decision))
    elif status is Status.FROZEN and case.unfreeze:
        said = gettext("Proposed: %(decision)s", decision=labels.word("unfreeze", case.unfreeze))
    elif status is Status.READY and case.needs_attention:
        said = gettext("The last attempt failed. What is gone and what is not is on the result page.")
    elif status in FINAL and case.close_reason:
        said = labels.word("close_reason", case.close_reason)
    return said


def _wait_words(case: Case, now: datetime) -> str:
    said = ""
    if case.waiting_until is None:
        wait = i18n.duration(timedelta(hours=case.waiting_hours or 0))
        said = gettext(
            "The waiting period starts when every registered contact has been told. It lasts %(duration)s.",
            duration=wait,
        )
    elif now < case.waiting_until:
        left, at = i18n.duration(case.waiting_until - now), i18n.when(case.waiting_until)
        said = gettext("Available in %(duration)s, on %(time)s.", duration=left, time=at)
    return said
