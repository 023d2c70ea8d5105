"""The identity checks of a case as its page shows them: what is recorded, what it counts for, what can be checked now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import url_for
from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from portal import i18n, labels, receipts
from portal.casework import bridges, call_checks, phones, talks, transition, verification
from portal.casework.call_checks import OnScreen
from portal.casework.context import Context
from portal.casework.devices import devices_of
from portal.casework.facts import checks_of
from portal.connectors import ConnectorError
from portal.domain import lifecycle
from portal.domain.evidence import EvidenceField
from portal.domain.lifecycle import Act, CaseFacts
from portal.domain.methods import METHODS, Method
from portal.domain.policy import Verdict
from portal.models import Case, Contact, IdentityCheck, Person

LOOKS: Mapping[str, str] = {"match": "match", "mismatch": "mismatch", "could_not": "unclear"}


# DS-511 keeps apart whether this is the person and whether the same person acts: which kinds of proof say which.
QUESTIONS: tuple[tuple[LazyString, frozenset[str]], ...] = (
    (_l("Identity proofing: is this the person?"), frozenset({"document", "witness"})),
    (_l("Authentication: is the same person acting?"), frozenset({"possession", "held_channel"})),
)

# What the system notes as evidence is a key; a letter is noted by the moment it was made.
BY_SYSTEM: Mapping[tuple[str, str], LazyString] = {
    ("link", "confirm"): _l("Confirmation of the address for updates"),
    ("link", "mailbox"): _l("Sent by the desk"),
}

# Methods whose check begins with a page of its own, because the desk sends something first.
STARTED: Mapping[str, tuple[str, LazyString]] = {
    "H1": ("mailbox", _l("Send the link")),
    "H3": ("call", _l("Call the registered number")),
    "H4": ("letter", _l("Make the letter")),
}


@dataclass(frozen=True)
class CheckCard:
    """One recorded check as the page shows it."""

    check: IdentityCheck
    title: str
    look: str
    result: str
    who: str
    evidence: Sequence[tuple[str, str]]
    note: str
    counts: str  # why it counts or does not
    witness_url: str | None = None


@dataclass(frozen=True)
class Way:
    """A method that can be used now, and where to record or start it."""

    title: str
    how: str
    url: str
    button: str


@dataclass(frozen=True)
class Around:
    """What the cards of one case have in common."""

    ctx: Context
    case: Case
    verdict: Verdict
    names: Mapping[str, str]
    seen: bool  # whether this person may see what was written down
    may_witness: bool

    @property
    def ignored(self) -> Mapping[str, str]:
        return dict(self.verdict.ignored)

    @property
    def counted(self) -> Mapping[str, str]:
        return {one.by: one.key for one in self.verdict.required if one.by}


def verdict_words(verdict: Verdict) -> str:
    """The result of all checks: how much is met, and what is missing."""
    met = sum(one.met for one in verdict.required)
    said: str = gettext("%(met)s of %(all)s required checks match.", met=met, all=len(verdict.required))
    for key in verdict.missing:
        more = gettext("'%(check)s' is not done.", check=labels.word("requirement", key))
        said = gettext("%(sentence)s %(more)s", sentence=said, more=more)
    return said


@dataclass(frozen=True)
class CallLine:
    """The newest call of the case, without its digits: they are the owner's.

    Its two words are there for the agent whom it leads to and for nobody else, while it lives; afterwards, how long they
    talked, and where that agent writes down what they found.
    """

    title: str
    number: str
    said: str
    look: str
    at: datetime
    is_live: bool
    language: str
    words: tuple[str, str] | None
    length: str
    record_url: str | None


# The colour and the sign of a call that has ended so; of others, see `call_of`.
CALL_LOOKS: Mapping[str, str] = {"confirmed": "match", "stopped": "mismatch", "wrong": "mismatch"}


def call_of(ctx: Context, case: Case) -> CallLine | None:
    """How far the newest call of this round is, or how it ended."""
    shown = call_checks.on_screen(ctx, case)
    if shown is None:
        return None
    call = shown.call
    contact = ctx.session.get(Contact, call.contact_id)
    is_agent = call.staff_id is not None and call.staff_id == ctx.actor.staff_id
    return CallLine(
        title=labels.word("method", call_checks.METHOD[call.kind]),
        number=phones.masked(ctx, contact) if contact else "",
        said=labels.word(*call_words_of(shown)),
        look=CALL_LOOKS.get(shown.outcome, "unclear") if shown.outcome and not shown.talk else "open",
        at=call.created_at,
        is_live=shown.is_live,
        language=call.language,
        words=shown.words if is_agent else None,
        length=bridges.length(bridges.seconds(call)) if call.connected_at and not shown.talk else "",
        record_url=_result_url(ctx, case, shown) if is_agent else None,
    )


def call_words_of(shown: OnScreen) -> tuple[str, str]:
    """Which table and which key has the words for how a call stands."""
    if shown.talk:
        return "talk_state", shown.talk
    return ("call_outcome", shown.outcome) if shown.outcome else ("call_state", shown.state)


def _result_url(ctx: Context, case: Case, shown: OnScreen) -> str | None:
    """Where the agent writes down what they found in the conversation, once."""
    call = shown.call
    act = Act.REPEAT_CHECK if call.repeats else Act.RECORD_CHECK
    if call.connected_at is None or shown.talk or talks.is_recorded(ctx, case, call):
        return None
    if not transition.allows(ctx, case, act):
        return None
    key = "repeat_talk" if call.repeats else "talk"
    return url_for("checks.act", case_id=case.id, key=key, item=call.id)


@dataclass(frozen=True)
class LetterLine:
    """The newest letter of method H4: to be printed by a colleague who neither checks nor decides."""

    id: str
    is_painted: bool
    may_print: bool


def letter_of(ctx: Context, case: Case, facts: CaseFacts) -> LetterLine | None:
    """The letter of the running round, while it can still be posted."""
    document = receipts.document_of(ctx, case, "letter")
    if document is None or case.status not in lifecycle.HELD:
        return None
    may_print = not lifecycle.blocked_by(facts, Act.PRINT_LETTER, ctx.actor, ctx.now)
    return LetterLine(document.id, document.painted_at is not None, may_print)


def cards(ctx: Context, case: Case, facts: CaseFacts, verdict: Verdict, *, seen: bool) -> list[CheckCard]:
    """Every recorded check, newest first, with what it counts for."""
    rows = checks_of(ctx.session, case)
    witnessing = lifecycle.blocked_by(facts, Act.WITNESS_CHECK, ctx.actor, ctx.now)
    around = Around(
        ctx=ctx,
        case=case,
        verdict=verdict,
        names=names_of(ctx, {row.person_id for row in rows} | {row.witness_id for row in rows}),
        seen=seen,
        may_witness=seen and not set(witnessing) - {"fresh_factor"},
    )
    return [_card(around, row) for row in reversed(rows)]


def names_of(ctx: Context, ids: Iterable[str | None]) -> Mapping[str, str]:
    """The names of several people, in one statement."""
    query = select(Person.id, Person.name).where(Person.id.in_({each for each in ids if each}))
    return dict(ctx.session.execute(query).all())


def _card(around: Around, check: IdentityCheck) -> CheckCard:
    ctx, case = around.ctx, around.case
    note = ctx.vault.open(ctx.session, case.subject_id, check, "note") if around.seen else None
    return CheckCard(
        check=check,
        title=labels.word("method", check.method),
        look=LOOKS[check.result],
        result=labels.word("result", check.result),
        who=_who(around, check),
        evidence=evidence_of(ctx, case, check) if around.seen else (),
        note=note or "",
        counts=_counts(around, check),
        witness_url=_witness_url(around, check),
    )


def _who(around: Around, check: IdentityCheck) -> str:
    who = around.names.get(check.person_id or "") or labels.word("role", "system")
    if not check.witness_id:
        return who
    other = around.names.get(check.witness_id, "")
    return str(gettext("%(name)s, witnessed by %(other)s", name=who, other=other))


def _witness_url(around: Around, check: IdentityCheck) -> str | None:
    stands = check.round == around.case.round and check.voided_at is None
    open_to_another = METHODS[check.method].two_staff and check.witness_id is None
    if not (stands and open_to_another and around.may_witness):
        return None
    if check.person_id == around.ctx.actor.person_id:
        return None
    return url_for("checks.act", case_id=around.case.id, key="witness", item=check.id)


def _counts(around: Around, check: IdentityCheck) -> str:
    if check.id in around.counted:
        words = labels.word("requirement", around.counted[check.id])
        return str(gettext("Counts for: %(check)s", check=words))
    if check.id in around.ignored:
        return str(gettext("Does not count: %(why)s", why=labels.word("ignored", around.ignored[check.id])))
    return str(gettext("Not needed for the checks that are required."))


def evidence_of(ctx: Context, case: Case, check: IdentityCheck) -> list[tuple[str, str]]:
    """What a check wrote down, in the order of its method."""
    kept = ctx.vault.open_json(ctx.session, case.subject_id, check, "evidence") or {}
    return [
        (labels.word("evidence", field.key), _shown(ctx, case, field, str(kept[field.key])))
        for field in METHODS[check.method].evidence
        if field.key in kept
    ]


def _shown(ctx: Context, case: Case, field: EvidenceField, value: str) -> str:
    return _device_named(ctx, case, value) if field.key == "device" else _value(field, value)


def _device_named(ctx: Context, case: Case, value: str) -> str:
    """A device that was noted by its id, by the name that its holder knows."""
    try:
        return next((one.label for one in devices_of(ctx, case) if one.id == value), value)
    except ConnectorError:
        return value


def _value(field: EvidenceField, value: str) -> str:
    if field.kind == "yes":
        return labels.word("is_administrator", "yes")
    if field.kind == "choice":
        return labels.word("evidence_choice", value)
    if field.key == "letter":
        return i18n.when(datetime.fromisoformat(value))
    return str(BY_SYSTEM.get((field.key, value), value))


def ways(ctx: Context, case: Case, facts: CaseFacts) -> list[tuple[str, list[Way]]]:
    """The methods that the holder can use now, under the question that each of them answers."""
    if lifecycle.blocked_by(facts, Act.RECORD_CHECK, ctx.actor, ctx.now):
        return []
    usable = [METHODS[key] for key in verification.askable(ctx, case)]
    return [
        (str(question), [_way(method, case) for method in usable if method.klass in klasses])
        for question, klasses in QUESTIONS
    ]


def _way(method: Method, case: Case) -> Way:
    title, how = labels.word("method", method.key), labels.word("method_how", method.key)
    if method.key in STARTED:
        key, words = STARTED[method.key]
        return Way(title, how, url_for("checks.act", case_id=case.id, key=key), str(words))
    if method.attested == "person":
        url = url_for("checks.act", case_id=case.id, key="record", item=method.key)
        return Way(title, how, url, str(gettext("Record result")))
    url = url_for("checks.act", case_id=case.id, key="ask", items=method.key)
    return Way(title, how, url, labels.word("act", "ask_owner"))
