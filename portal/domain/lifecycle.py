"""The life of a case as one table: which act leads from which status to which, who may do it, and what must be true.

Nothing here reads a clock, a database or a request. `casework/transition.py` asks `decide()` and is the only code that
assigns a status; the database repeats the rules that must hold even against somebody with SQL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Status(StrEnum):
    UNCONFIRMED = "unconfirmed"
    QUEUED = "queued"
    VERIFYING = "verifying"
    WAITING_OWNER = "waiting_owner"
    PENDING_APPROVAL = "pending_approval"
    COOLING_OFF = "cooling_off"
    READY = "ready"
    EXECUTING = "executing"
    DEACTIVATED = "deactivated"
    FROZEN = "frozen"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REVERSED = "reversed"


class Role(StrEnum):
    OWNER = "owner"  # the holder of the requester's own address
    CONTACT = "contact"  # the holder of a contact in the register
    VERIFIER = "verifier"
    APPROVER = "approver"
    LEAD = "lead"
    COMPLIANCE = "compliance"
    ADMIN = "admin"
    SYSTEM = "system"


class Act(StrEnum):
    SUBMIT = "submit"
    CONFIRM = "confirm"
    EXPIRE_UNCONFIRMED = "expire_unconfirmed"
    MATCH = "match"
    MERGE = "merge"
    CONTEST = "contest"
    CLOSE_SOLVED = "close_solved"
    CLAIM = "claim"
    RELEASE = "release"
    REASSIGN = "reassign"
    TAKE_OVER = "take_over"
    LAPSE_CLAIM = "lapse_claim"
    RECORD_CHECK = "record_check"
    WITNESS_CHECK = "witness_check"
    SYSTEM_CHECK = "system_check"
    SEND_CHALLENGE = "send_challenge"
    SEND_LINK_AGAIN = "send_link_again"
    MARK_PRESSURE = "mark_pressure"
    ASK_OWNER = "ask_owner"
    REMIND_OWNER = "remind_owner"
    ANSWER = "answer"
    END_ASKING = "end_asking"
    EXPIRE_WAITING = "expire_waiting"
    PROPOSE_REMOVAL = "propose_removal"
    PROPOSE_DECLINE = "propose_decline"
    ALARM_APPROVAL = "alarm_approval"
    OPEN_CHECK = "open_check"
    REPEAT_CHECK = "repeat_check"
    APPROVE = "approve"
    APPROVE_DECLINE = "approve_decline"
    SEND_BACK = "send_back"
    START_WAITING = "start_waiting"
    REMIND_CONTACTS = "remind_contacts"
    EXTEND_WAITING = "extend_waiting"
    END_WAITING = "end_waiting"
    VOID_ROUND = "void_round"
    DECLARE_READY = "declare_ready"
    ALARM_READY = "alarm_ready"
    RETURN_UNEXECUTED = "return_unexecuted"
    EXECUTE = "execute"
    ALARM_EXECUTING = "alarm_executing"
    CONFIRM_STEP = "confirm_step"
    ATTEST_STEP = "attest_step"
    CONFIRM_GONE = "confirm_gone"
    FAIL_REMOVAL = "fail_removal"
    OBJECT = "object"
    OPEN_FROZEN = "open_frozen"
    ALARM_FREEZE_LEAD = "alarm_freeze_lead"
    ALARM_FREEZE_DECISION = "alarm_freeze_decision"
    PROPOSE_UNFREEZE = "propose_unfreeze"
    AGREE_UNFREEZE = "agree_unfreeze"
    WITHDRAW = "withdraw"
    APPEAL = "appeal"
    REVEAL = "reveal"
    WRITE_NOTE = "write_note"
    SEND_REPLY = "send_reply"
    TAKE_BACK_REPLY = "take_back_reply"
    RECEIVE_MESSAGE = "receive_message"
    BOOK_CALL = "book_call"
    PRINT_LETTER = "print_letter"
    REPEAT_BY_CALL = "repeat_by_call"
    CLOSE_TRAINING = "close_training"
    DELETE_EVIDENCE = "delete_evidence"
    DELETE_NETWORK = "delete_network"
    DELETE_CONTACT = "delete_contact"
    DELETE_FACTS = "delete_facts"
    ERASE = "erase"
    PLACE_HOLD = "place_hold"
    LIFT_HOLD = "lift_hold"


FINAL = frozenset({Status.DECLINED, Status.CANCELLED, Status.EXPIRED, Status.REVERSED})
OPEN = frozenset(Status) - FINAL - {Status.DEACTIVATED}
HELD = frozenset({Status.VERIFYING, Status.WAITING_OWNER})
DECIDED = frozenset({Status.COOLING_OFF, Status.READY, Status.EXECUTING, Status.DEACTIVATED})
DECISIONS = ("remove", "decline")
UNFREEZE_OUTCOMES = {
    "resume": Status.QUEUED,
    "decline": Status.DECLINED,
    "unfounded": Status.DEACTIVATED,
    "reverse": Status.REVERSED,
}
AFTER_REMOVAL = frozenset({"unfounded", "reverse"})

CLOSE_REASONS = (
    "withdrawn",  # the requester no longer needs it
    "device_works",
    "solved_elsewhere",
    "not_mine",  # the holder of the typed address never asked
    "duplicate",
    "self_service",
    "unconfirmed",
    "no_answer",
    "training",  # an invented case, shown as one where a real one would be executed or declined
)
CANCEL_REASONS = ("not_mine", "device_works", "solved_elsewhere", "other")
DECLINE_REASONS = ("identity_not_confirmed", "details_differ", "authority_not_shown", "duplicate_request")
REVEAL_REASONS = ("call_owner", "matching", "other")
PRESSURE_MARKERS = ("urgent", "refuses_call_back", "asks_to_skip", "odd_time_or_place")


@dataclass(frozen=True)
class Actor:
    """Who acts now. `roles` are those in force at this moment: grants that wait and former admins are already left out."""

    roles: frozenset[Role]
    person_id: str | None = None
    staff_id: str | None = None
    contact_id: str | None = None
    name: str = ""

    def is_any(self, roles: frozenset[Role]) -> bool:
        return bool(self.roles & roles)


SYSTEM = Actor(roles=frozenset({Role.SYSTEM}), name="system")


@dataclass(frozen=True)
class Party:
    """The one part that a person plays in a case, across all rounds."""

    part: str  # verifier | approver | reviewer | planter | printer
    excluded: bool = False


@dataclass(frozen=True)
class CaseFacts:
    """All that the guards may look at, read in the transaction that will write."""

    status: Status | None
    tier: str = "standard"
    training: bool = False
    holder: str | None = None
    holder_may_continue: bool = False
    parties: Mapping[str, Party] = field(default_factory=dict)
    own_account: bool = False  # the actor's address is a registered contact of the account
    account_known: bool = False
    contacts_known: bool = False
    policy_met: bool = False
    lead_needed: bool = False
    decision: str | None = None  # what is proposed in this round
    proposer: str | None = None
    checks_unopened: int = 0
    repeat_missing: bool = False
    facts_changed: bool = False  # the digest of what was proposed no longer fits
    notices_pending: bool = False  # a security notice of this case is still on its way
    objection_open: bool = False
    contest_lead: str | None = None  # the one lead who has both of two contested requests in hand
    log_behind: bool = False  # what is written now could not be proven later
    signed_in_since: bool = False  # somebody passed MFA on the account since the request
    waiting_started: bool = False
    waiting_until: datetime | None = None
    extended: bool = False
    owner_ready_needed: bool = False
    owner_ready_until: datetime | None = None
    gone: bool = False  # the connector's read-back says that no chosen device is left
    tries_left: int = 0
    removed_at: datetime | None = None  # when the last chosen device was seen to be gone
    partly_removed: bool = (
        False  # a removal began and was not finished: nobody can say that nothing has changed
    )
    objection_until: datetime | None = None
    unfreeze: str | None = None
    unfreeze_proposer: str | None = None
    appeal_until: datetime | None = None
    appealed: bool = False
    timers: Mapping[Act, datetime] = field(default_factory=dict)
    periods: Mapping[Act, datetime] = field(
        default_factory=dict
    )  # when each class of data has been kept long enough
    held: bool = False  # a legal hold stands
    data_gone: bool = False  # the case's key is destroyed: nothing can be opened or sealed for it any more
    given: frozenset[str] = frozenset()  # what comes with the act: reason, fresh_factor, items


class NotAllowed(Exception):
    """The act is refused; `reason` is a key of REFUSALS."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


Guard = Callable[[CaseFacts, Actor, datetime, Act], str | None]


def _says(reason: str, forbidden: Callable[[CaseFacts, Actor, datetime, Act], bool]) -> Guard:
    def guard(facts: CaseFacts, actor: Actor, now: datetime, act: Act) -> str | None:
        return reason if forbidden(facts, actor, now, act) else None

    guard.__name__ = reason
    return guard


def _party(facts: CaseFacts, actor: Actor) -> Party | None:
    return facts.parties.get(actor.person_id or "")


# Guards: each names the refusal it gives, so that the page can say the same words before anybody presses the button.
not_own_account = _says("own_account", lambda f, a, n, _: f.own_account)
not_excluded = _says("excluded", lambda f, a, n, _: bool((p := _party(f, a)) and p.excluded))
not_planter = _says("planter", lambda f, a, n, _: bool((p := _party(f, a)) and p.part == "planter"))
no_second_part = _says("other_part", lambda f, a, n, _: bool((p := _party(f, a)) and p.part != "verifier"))
is_holder = _says("not_holder", lambda f, a, n, _: f.holder != a.person_id)
is_not_holder = _says("already_holder", lambda f, a, n, _: f.holder == a.person_id)
another_person = _says(
    "another_person", lambda f, a, n, _: bool((p := _party(f, a)) and p.part != "approver")
)
only_prints = _says("other_part", lambda f, a, n, _: bool((p := _party(f, a)) and p.part != "printer"))
not_proposer = _says("another_person", lambda f, a, n, _: a.person_id in {f.proposer, f.unfreeze_proposer})
untouched = _says("another_person", lambda f, a, n, _: _party(f, a) is not None)
lead_where_needed = _says("lead_needed", lambda f, a, n, _: f.lead_needed and Role.LEAD not in a.roles)
account_known = _says("account_unknown", lambda f, a, n, _: not f.account_known)
contacts_known = _says("no_registered_contact", lambda f, a, n, _: not f.contacts_known)
policy_met = _says("policy_not_met", lambda f, a, n, _: not f.policy_met)
reason_given = _says("reason_missing", lambda f, a, n, _: "reason" not in f.given)
items_given = _says("items_missing", lambda f, a, n, _: "items" not in f.given)
devices_given = _says("devices_missing", lambda f, a, n, _: "devices" not in f.given)
fresh_factor = _says("fresh_factor", lambda f, a, n, _: "fresh_factor" not in f.given)
proposed_removal = _says("not_proposed", lambda f, a, n, _: f.decision != "remove")
proposed_decline = _says("not_proposed", lambda f, a, n, _: f.decision != "decline")
checks_opened = _says("checks_unopened", lambda f, a, n, _: f.checks_unopened > 0)
check_repeated = _says("repeat_missing", lambda f, a, n, _: f.repeat_missing)
facts_same = _says("facts_changed", lambda f, a, n, _: f.facts_changed)
no_objection = _says("objection_open", lambda f, a, n, _: f.objection_open)
notices_out = _says("notices_pending", lambda f, a, n, _: f.notices_pending)
wait_not_started = _says("wait_started", lambda f, a, n, _: f.waiting_started)
wait_is_over = _says("wait_runs", lambda f, a, n, _: not f.waiting_until or n < f.waiting_until)
not_extended = _says("already_extended", lambda f, a, n, _: f.extended)
log_kept = _says("log_behind", lambda f, a, n, _: f.log_behind)
no_sign_in = _says("signed_in_since", lambda f, a, n, _: f.signed_in_since)
not_training = _says("training", lambda f, a, n, _: f.training)
only_training = _says("real_case", lambda f, a, n, _: not f.training)
# nobody answers an owner over the head of the colleague who has the case
holder_answers = _says("not_holder", lambda f, a, n, _: f.status in HELD and f.holder != a.person_id)
owner_ready = _says(
    "owner_not_ready",
    lambda f, a, n, _: f.owner_ready_needed and not (f.owner_ready_until and n <= f.owner_ready_until),
)
one_lead = _says("other_lead", lambda f, a, n, _: bool(f.contest_lead) and a.person_id != f.contest_lead)
is_gone = _says("still_there", lambda f, a, n, _: not f.gone)
tries_used_up = _says("tries_left", lambda f, a, n, _: f.tries_left > 0)
its_time = _says("too_early", lambda f, a, n, act: not (act in f.timers and f.timers[act] <= n))
in_time = _says("too_late", lambda f, a, n, _: _over(f.timers.get(Act.EXPIRE_UNCONFIRMED), n))
objection_in_time = _says("too_late", lambda f, a, n, _: _over(f.objection_until, n))
appeal_in_time = _says("too_late", lambda f, a, n, _: f.appeal_until is None or n > f.appeal_until)
first_appeal = _says("already_appealed", lambda f, a, n, _: f.appealed)
unfreeze_fits = _says("wrong_outcome", lambda f, a, n, _: (f.unfreeze or "resume") not in fitting_outcomes(f))
period_over = _says("too_early", lambda f, a, n, act: not (act in f.periods and f.periods[act] <= n))
no_hold = _says("legal_hold", lambda f, a, n, _: f.held)
is_held = _says("no_legal_hold", lambda f, a, n, _: not f.held)
data_kept = _says("data_gone", lambda f, a, n, _: f.data_gone)
past_objection = _says(
    "objection_possible",
    lambda f, a, n, _: (
        bool(f.objection_until and n < f.objection_until)
        or bool(f.appeal_until and n <= f.appeal_until and not f.appealed)
    ),
)
agreed_by_two = _says("not_proposed", lambda f, a, n, _: "agreed" not in f.given)
unfreeze_proposed = _says("not_proposed", lambda f, a, n, _: f.unfreeze is None)


def fitting_outcomes(facts: CaseFacts) -> tuple[str, ...]:
    """How a freeze can end: otherwise after a removal than before one, and where only some devices went, by neither half."""
    if facts.removed_at is not None:
        return tuple(outcome for outcome in UNFREEZE_OUTCOMES if outcome in AFTER_REMOVAL)
    if facts.partly_removed:
        return ("resume", "reverse")
    return tuple(outcome for outcome in UNFREEZE_OUTCOMES if outcome not in AFTER_REMOVAL)


def _over(until: datetime | None, now: datetime) -> bool:
    return until is not None and now >= until


Target = Callable[[CaseFacts], Status | None]


@dataclass(frozen=True)
class Transition:
    """One row of the life-cycle. `to` lists every status it can lead to; None means that the status stays."""

    act: Act
    origins: frozenset[Status | None]
    to: tuple[Status | None, ...]
    who: frozenset[Role]
    guards: tuple[Guard, ...] = ()
    choose: Target | None = None

    def target(self, facts: CaseFacts) -> Status:
        """The status after the act, for these facts."""
        chosen = self.choose(facts) if self.choose else self.to[0]
        result = chosen if chosen is not None else facts.status
        assert result is not None
        return result


def _row(
    act: Act,
    origins: str,
    to: str,
    who: str,
    *guards: Guard,
    choose: Target | None = None,
) -> Transition:
    def statuses(text: str) -> tuple[Status | None, ...]:
        return tuple(None if word in {"-", "same"} else Status(word) for word in text.split())

    roles = frozenset(Role(word) for word in who.split())
    return Transition(act, frozenset(statuses(origins)), statuses(to), roles, guards, choose)


def _back_to_holder(facts: CaseFacts) -> Status:
    return Status.VERIFYING if facts.holder_may_continue else Status.QUEUED


def _unfreeze_outcome(facts: CaseFacts) -> Status:
    return UNFREEZE_OUTCOMES[facts.unfreeze or "resume"]


_FIT = (not_own_account, not_excluded, not_planter)
FIRST = (*_FIT, no_second_part)  # may check and propose
_SECOND = (*_FIT, another_person)  # may agree
_BEFORE_REMOVAL = "queued verifying waiting_owner pending_approval cooling_off ready"
_STOPPABLE = f"unconfirmed {_BEFORE_REMOVAL} executing deactivated"
_ANY = " ".join(Status)
_ENDED = "deactivated declined cancelled expired reversed"
_SEEN = " ".join(status for status in Status if status is not Status.UNCONFIRMED)
_ANSWERED = "verifying waiting_owner pending_approval cooling_off ready executing deactivated declined cancelled expired reversed"

# fmt: off
TRANSITIONS: tuple[Transition, ...] = (
    #    act                     from                to                   who                    guards
    # the owner's request
    _row(Act.SUBMIT,             "-",                "unconfirmed",       "owner"),
    _row(Act.CONFIRM,            "unconfirmed",      "queued",            "owner",               in_time),
    _row(Act.EXPIRE_UNCONFIRMED, "unconfirmed",      "expired",           "system",              its_time),
    _row(Act.WITHDRAW,           f"unconfirmed {_BEFORE_REMOVAL}", "cancelled", "owner"),
    _row(Act.MATCH,              "queued verifying waiting_owner", "same", "system"),
    _row(Act.CONTEST,            _BEFORE_REMOVAL,    "same",              "system"),
    _row(Act.MERGE,              "queued",           "cancelled",         "system"),
    _row(Act.CLOSE_SOLVED,       _BEFORE_REMOVAL,    "cancelled",         "system"),
    # checking identity
    _row(Act.CLAIM,              "queued",           "verifying",         "verifier",            *FIRST),
    _row(Act.RELEASE,            "verifying",        "queued",            "verifier",            is_holder),
    _row(Act.REASSIGN,           "queued verifying", "verifying",         "lead",                not_own_account, not_excluded),
    _row(Act.TAKE_OVER,          "verifying",        "same",              "verifier",            *FIRST, is_not_holder, reason_given),
    _row(Act.LAPSE_CLAIM,        "verifying",        "queued",            "system",              its_time),
    _row(Act.RECORD_CHECK,       "verifying",        "same",              "verifier",            *FIRST, is_holder, account_known),
    _row(Act.WITNESS_CHECK,      "verifying",        "same",              "verifier",            *FIRST, is_not_holder, fresh_factor),
    _row(Act.SEND_CHALLENGE,     "verifying",        "same",              "verifier",            *FIRST, is_holder, account_known),
    _row(Act.SEND_LINK_AGAIN,    "waiting_owner",    "same",              "owner"),
    _row(Act.SYSTEM_CHECK,       "queued verifying waiting_owner", "same", "system",             account_known),
    _row(Act.MARK_PRESSURE,      "verifying pending_approval", "same",    "verifier approver lead", *_FIT),
    _row(Act.ASK_OWNER,          "verifying",        "waiting_owner",     "verifier",            *FIRST, is_holder, items_given),
    _row(Act.REMIND_OWNER,       "waiting_owner",    "same",              "system",              its_time),
    _row(Act.ANSWER,             "waiting_owner",    "verifying queued",  "owner system",        choose=_back_to_holder),
    _row(Act.END_ASKING,         "waiting_owner",    "verifying",         "verifier",            *FIRST, is_holder),
    _row(Act.EXPIRE_WAITING,     "waiting_owner",    "expired",           "system",              its_time),
    # two persons decide
    _row(Act.PROPOSE_REMOVAL,    "verifying",        "pending_approval",  "verifier",            *FIRST, is_holder, account_known, contacts_known, no_objection, policy_met, devices_given),
    _row(Act.PROPOSE_DECLINE,    "verifying",        "pending_approval",  "verifier",            *FIRST, is_holder, reason_given),
    _row(Act.ALARM_APPROVAL,     "pending_approval", "same",              "system",              its_time),
    _row(Act.OPEN_CHECK,         "pending_approval", "same",              "approver lead",       *_SECOND),
    _row(Act.REPEAT_CHECK,       "pending_approval", "same",              "lead",                *_SECOND),
    _row(Act.APPROVE,            "pending_approval", "cooling_off",       "approver lead",       *_SECOND, not_proposer, lead_where_needed, one_lead, proposed_removal, account_known, contacts_known, facts_same, no_objection, policy_met, checks_opened, check_repeated, log_kept, fresh_factor),
    _row(Act.APPROVE_DECLINE,    "pending_approval", "declined",          "approver lead",       *_SECOND, not_proposer, lead_where_needed, one_lead, proposed_decline, log_kept, fresh_factor),
    _row(Act.SEND_BACK,          "pending_approval", "verifying queued",  "approver lead",       *_SECOND, not_proposer, reason_given, fresh_factor, choose=_back_to_holder),
    # waiting
    _row(Act.START_WAITING,      "cooling_off",      "same",              "system",              wait_not_started, notices_out),
    _row(Act.REMIND_CONTACTS,    "cooling_off",      "same",              "system",              its_time),
    _row(Act.EXTEND_WAITING,     "cooling_off ready", "cooling_off",      "contact",             not_extended),
    _row(Act.END_WAITING,        "cooling_off",      "ready",             "system",              wait_is_over, notices_out, no_objection),
    _row(Act.VOID_ROUND,         "pending_approval cooling_off ready", "verifying queued", "system", choose=_back_to_holder),
    # removing the device
    _row(Act.DECLARE_READY,      "ready",            "same",              "owner"),
    _row(Act.ALARM_READY,        "ready",            "same",              "system",              its_time),
    _row(Act.RETURN_UNEXECUTED,  "ready",            "verifying queued",  "system",              its_time, choose=_back_to_holder),
    _row(Act.EXECUTE,            "ready",            "executing",         "verifier approver lead", *_FIT, account_known, wait_is_over, no_objection, notices_out, facts_same, no_sign_in, owner_ready, log_kept, fresh_factor),
    _row(Act.CONFIRM_STEP,       "executing",        "same",              "verifier approver lead", *_FIT),
    _row(Act.ATTEST_STEP,        "executing",        "same",              "verifier approver lead", *_FIT, fresh_factor),
    _row(Act.ALARM_EXECUTING,    "executing",        "same",              "system",              its_time),
    _row(Act.CONFIRM_GONE,       "executing",        "deactivated",       "system",              is_gone, not_training),
    _row(Act.FAIL_REMOVAL,       "executing",        "ready",             "system",              tries_used_up),
    # "this was not me"
    _row(Act.OBJECT,             _STOPPABLE,         "frozen",            "owner contact system", objection_in_time),
    _row(Act.OPEN_FROZEN,        "-",                "frozen",            "contact system"),
    _row(Act.ALARM_FREEZE_LEAD,  "frozen",           "same",              "system",              its_time),
    _row(Act.ALARM_FREEZE_DECISION, "frozen",        "same",              "system",              its_time),
    _row(Act.PROPOSE_UNFREEZE,   "frozen",           "same",              "lead",                *_FIT, reason_given, unfreeze_fits),
    _row(Act.AGREE_UNFREEZE,     "frozen",           "queued declined deactivated reversed", "approver lead", *_FIT, unfreeze_proposed, not_proposer, untouched, unfreeze_fits, log_kept, fresh_factor, choose=_unfreeze_outcome),
    # after a decline
    _row(Act.APPEAL,             "declined",         "queued",            "owner",               appeal_in_time, first_appeal),
    # what is said, to the owner and among colleagues
    _row(Act.WRITE_NOTE,         _SEEN,              "same",              "verifier approver lead", *_FIT, data_kept),
    _row(Act.SEND_REPLY,         _ANSWERED,          "same",              "verifier approver lead", *_FIT, data_kept, holder_answers),
    _row(Act.SEND_REPLY,         "frozen",           "same",              "lead",                *_FIT),
    _row(Act.TAKE_BACK_REPLY,    _SEEN,              "same",              "verifier approver lead", *_FIT),
    _row(Act.RECEIVE_MESSAGE,    f"{_BEFORE_REMOVAL} executing frozen", "same", "owner"),
    _row(Act.BOOK_CALL,          "queued verifying waiting_owner", "same", "owner"),
    # the letter's code proves the post, so whoever checks or agrees never holds it
    _row(Act.PRINT_LETTER,       "verifying waiting_owner", "same",       "verifier approver lead", *_FIT, only_prints),
    _row(Act.REPEAT_BY_CALL,     "pending_approval", "same",              "system",              account_known),
    # where a real case would be executed; until then nothing may tell it from one, not even a refusal
    _row(Act.CLOSE_TRAINING,     f"unconfirmed {_BEFORE_REMOVAL} frozen", "cancelled", "system", only_training),
    # looking at personal data changes nothing, but is an act
    # what is kept no longer than it may, and what must not go yet
    _row(Act.DELETE_EVIDENCE,    _ENDED,             "same",              "system",              period_over, no_hold, no_objection),
    _row(Act.DELETE_NETWORK,     _ENDED,             "same",              "system",              period_over, no_hold, no_objection),
    _row(Act.DELETE_CONTACT,     _ENDED,             "same",              "system",              period_over, no_hold, no_objection, past_objection, log_kept),
    _row(Act.DELETE_FACTS,       _ENDED,             "same",              "system",              period_over, no_hold, no_objection, past_objection),
    _row(Act.ERASE,              _ENDED,             "same",              "lead admin system",   not_own_account, data_kept, agreed_by_two, no_hold, no_objection, past_objection, log_kept),
    _row(Act.PLACE_HOLD,         _ANY,               "same",              "lead admin",          not_own_account, agreed_by_two, no_hold),
    _row(Act.LIFT_HOLD,          _ANY,               "same",              "lead admin system",   not_own_account, agreed_by_two, is_held),
    _row(Act.REVEAL,             _ANY,               "same",              "verifier approver lead", *_FIT, data_kept, reason_given),
)
# fmt: on

_BY_ACT: dict[Act, tuple[Transition, ...]] = {
    act: tuple(row for row in TRANSITIONS if row.act is act) for act in Act
}

REFUSALS: frozenset[str] = frozenset(guard.__name__ for row in TRANSITIONS for guard in row.guards) | {
    "wrong_status",
    "wrong_role",
}


def refusal(facts: CaseFacts, act: Act, actor: Actor, now: datetime) -> str | None:
    """Say why this act is refused now, or None. The order is status, role, then the guards as written."""
    blockers = blocked_by(facts, act, actor, now)
    return blockers[0] if blockers else None


def blocked_by(facts: CaseFacts, act: Act, actor: Actor, now: datetime) -> tuple[str, ...]:
    """All reasons at once, for a page that lists what is still missing. Status and role come alone."""
    row = row_for(act, facts.status)
    if row is None:
        return ("wrong_status",)
    if not actor.is_any(row.who):
        return ("wrong_role",)
    return tuple(reason for guard in row.guards if (reason := guard(facts, actor, now, act)))


def row_for(act: Act, status: Status | None) -> Transition | None:
    """The row that covers this act in this status, if there is one."""
    return next((row for row in _BY_ACT[act] if status in row.origins), None)


def decide(facts: CaseFacts, act: Act, actor: Actor, now: datetime) -> Status:
    """Return the status after the act. Raises NotAllowed with the first reason."""
    reason = refusal(facts, act, actor, now)
    if reason:
        raise NotAllowed(reason)
    row = row_for(act, facts.status)
    assert row is not None
    return row.target(facts)


@dataclass(frozen=True)
class Timer:
    """Something that happens because time passed in a status. `delay` names a limit; `business` counts support hours."""

    act: Act
    delay: str
    business: bool = False


TIMERS: Mapping[Status, tuple[Timer, ...]] = {
    Status.UNCONFIRMED: (Timer(Act.EXPIRE_UNCONFIRMED, "confirm_life"),),
    Status.VERIFYING: (Timer(Act.LAPSE_CLAIM, "claim_lease"),),
    Status.WAITING_OWNER: (
        Timer(Act.REMIND_OWNER, "owner_reminders"),
        Timer(Act.EXPIRE_WAITING, "owner_answer"),
    ),
    Status.PENDING_APPROVAL: (Timer(Act.ALARM_APPROVAL, "approval_alarm_hours", business=True),),
    Status.READY: (
        Timer(Act.ALARM_READY, "ready_alarm_hours", business=True),
        Timer(Act.RETURN_UNEXECUTED, "ready_return_hours", business=True),
    ),
    Status.EXECUTING: (Timer(Act.ALARM_EXECUTING, "executing_alarm"),),
    Status.FROZEN: (
        Timer(Act.ALARM_FREEZE_LEAD, "freeze_lead"),
        Timer(Act.ALARM_FREEZE_DECISION, "freeze_decision_hours", business=True),
    ),
}


def diagram() -> str:
    """The life-cycle as a table in Markdown, printed by `flask cases diagram` and kept in the README."""
    lines = ["| act | from | to | who | refused when |", "|---|---|---|---|---|"]
    for row in TRANSITIONS:
        origins = "any" if len(row.origins) == len(Status) else _names(tuple(sorted(row.origins, key=_order)))
        who = ", ".join(sorted(row.who))
        guards = ", ".join(f"`{guard.__name__}`" for guard in row.guards) or "–"
        lines.append(f"| {row.act} | {origins} | {_names(row.to)} | {who} | {guards} |")
    return "\n".join(lines)


def _order(status: Status | None) -> int:
    return -1 if status is None else list(Status).index(status)


def _names(statuses: tuple[Status | None, ...]) -> str:
    return ", ".join("–" if status is None else str(status) for status in statuses)
