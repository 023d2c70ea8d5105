"""What the events of a case have made of it, of its checks and of what was said in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from portal.casework.rounds import NO_DECISION
from portal.domain.audit_tags import ACT_TAGS
from portal.domain.lifecycle import Act
from portal.domain.retention import KEY_GONE, NEUTRAL, PERIODS
from portal.models import Case, LegalHold, SubjectKey
from portal.tlog import payloads
from portal.tlog.findings import Book
from portal.tlog.folds import Known, among

# Columns of a case that an event's fact goes into as it is; a fact that is left out empties its column.
TAKEN: Mapping[Act, Mapping[str, str]] = {
    Act.SUBMIT: {
        "language": "language",
        "principal": "principal_kind",
        "problem": "problem",
        "registered_phone": "registered_phone",
        "phone_on_device": "phone_on_device",
        "theft": "theft_suspected",
        "holder": "holder_kind",
        "administrator": "is_administrator",
    },
    Act.PROPOSE_REMOVAL: {"digest": "decision_digest", "set": "policy_set", "devices": "devices"},
    Act.PROPOSE_DECLINE: {"why": "decision_reason"},
    Act.APPROVE: {"role": "approved_as", "hours": "waiting_hours"},
    Act.APPROVE_DECLINE: {"role": "approved_as"},
    Act.START_WAITING: {"hours": "waiting_hours", "until": "waiting_until"},
    Act.DECLARE_READY: {"until": "owner_ready_until"},
    Act.OBJECT: {"frozen_from": "frozen_from"},
    Act.PROPOSE_UNFREEZE: {"outcome": "unfreeze"},
}
# Columns that hold the person who acted.
ACTED: Mapping[Act, str] = {
    Act.PROPOSE_REMOVAL: "proposer_id",
    Act.PROPOSE_DECLINE: "proposer_id",
    Act.APPROVE: "approver_id",
    Act.APPROVE_DECLINE: "approver_id",
    Act.EXECUTE: "executor_id",
    Act.PROPOSE_UNFREEZE: "unfreeze_proposer_id",
    Act.AGREE_UNFREEZE: "unfreeze_agreer_id",
}
DECIDED: Mapping[Act, str] = {Act.PROPOSE_REMOVAL: "remove", Act.PROPOSE_DECLINE: "decline"}
BEGINNING = frozenset({Act.SUBMIT, Act.OPEN_FROZEN})
NEW_ROUND = frozenset({Act.VOID_ROUND, Act.RETURN_UNEXECUTED, Act.APPEAL})
SENT_BACK = (
    *("decision", "decision_reason", "decision_round", "decision_digest", "policy_set"),
    *("proposer_id", "devices"),
)
DECISION = {
    name: NO_DECISION[name]
    for name in (
        *SENT_BACK,
        *("approver_id", "approved_as", "waiting_hours", "waiting_until", "extended"),
        *("owner_ready_until", "executor_id"),
    )
}
FREEZE = dict.fromkeys(("unfreeze", "unfreeze_proposer_id", "unfreeze_agreer_id"))
BEGUN = {**DECISION, **FREEZE, "round": 1, "tier": "standard", "account_id": None, "principal_id": None}
TIMES = frozenset({"waiting_until", "owner_ready_until"})
STAGES = {period.act: stage for stage, period in enumerate(PERIODS, 1)} | {Act.ERASE: KEY_GONE}
ACT_OF = {tag: act for act, tag in ACT_TAGS.items()}
# Most events of a case change nothing but its status and version: these are looked at more closely.
TELLING = frozenset(
    ACT_TAGS[act]
    for act in (
        *(*TAKEN, *ACTED, *NEW_ROUND, *STAGES, *payloads.TOLD),
        *(Act.OPEN_FROZEN, Act.SEND_BACK, Act.MATCH, Act.EXTEND_WAITING, Act.PLACE_HOLD, Act.LIFT_HOLD),
    )
)


class CaseFold:
    """`columns` is what the row must say; a name that is missing is one of which the events say nothing."""

    is_full = False

    def __init__(self, case_id: str, known: Known) -> None:
        self.case_id, self.known = case_id, known
        self.columns: dict[str, Any] = {"status": None, "retention_stage": 0}
        self.jumped = False  # a status changed between two events
        self.holds: list[tuple[str, str | None]] = []  # proposals: placed by, lifted by
        self.said = payloads.Said()

    def __str__(self) -> str:
        return f"case:{self.case_id}"

    def take(self, event: Mapping[str, Any]) -> None:
        columns, facts = self.columns, event["d"]
        if event.get("from") != columns["status"]:
            self.jumped = True
        if event["to"] != columns["status"]:
            columns["retention_stage"] = 0
        columns["status"], columns["version"] = event["to"], event["ver"]
        if event["act"] in TELLING:
            self._told(ACT_OF[event["act"]], event, facts)
        if "tier" in facts:
            columns["tier"] = facts["tier"]

    def _told(self, act: Act, event: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
        if act in BEGINNING:
            self.columns |= BEGUN
        self._decided(act, event["actor"], facts)
        self._moved(act, facts)
        for name, column in TAKEN.get(act, {}).items():
            self.columns[column] = facts.get(name)
        self._kept(act, facts)
        self.said.take(act, event, self.columns.get("round"), self.known)

    def _decided(self, act: Act, actor: str, facts: Mapping[str, Any]) -> None:
        if act in ACTED:
            self.columns[ACTED[act]] = self.known.person(actor)
        if act in DECIDED:
            self.columns |= {"decision": DECIDED[act], "decision_round": self.columns["round"]}
        if act is Act.SEND_BACK:
            self.columns |= {name: DECISION[name] for name in SENT_BACK}
        if act is Act.OBJECT:
            self.columns |= FREEZE
        resumed = act is Act.AGREE_UNFREEZE and facts["outcome"] == "resume"
        if act in NEW_ROUND or resumed:
            self.columns |= {**DECISION, "round": self.columns["round"] + 1}
        if act is Act.APPEAL or resumed:
            self.columns.pop("tier", None)

    def _moved(self, act: Act, facts: Mapping[str, Any]) -> None:
        if act is Act.MATCH and "account" in facts:
            self.columns |= {"account_id": facts["account"], "principal_id": facts.get("principal")}
        elif act is Act.OPEN_FROZEN:
            self.columns |= {"account_id": facts["account"], "tier": "elevated"}
        elif act is Act.EXTEND_WAITING:
            self.columns["extended"] = True
            if "until" in facts:
                self.columns["waiting_until"] = facts["until"]

    def _kept(self, act: Act, facts: Mapping[str, Any]) -> None:
        if act in STAGES:
            self.columns["retention_stage"] = STAGES[act]
            if act is Act.DELETE_FACTS:
                self.columns |= {name: NEUTRAL[name] for name in NEUTRAL.keys() & self.columns.keys()}
        elif act is Act.PLACE_HOLD:
            self.holds.append((facts["proposal"], None))
        elif act is Act.LIFT_HOLD:
            placed, lifted = self.holds.pop()
            if lifted is not None:
                raise ValueError("no hold stands")
            self.holds.append((placed, facts["proposal"]))


NAMES = tuple(
    dict.fromkeys(
        (
            *("status", "version", "retention_stage", "frozen_from"),
            *BEGUN,
            *(name for taken in TAKEN.values() for name in taken.values()),
        )
    )
)
COLUMNS: tuple[InstrumentedAttribute[Any], ...] = tuple(getattr(Case, name) for name in NAMES)
HAS_KEY = exists().where(SubjectKey.subject_id == Case.subject_id).label("has_key")


def compare_cases(session: Session, book: Book, known: Known, folds: Sequence[CaseFold]) -> None:
    ids = [fold.case_id for fold in folds]
    query = select(Case.id, HAS_KEY, *COLUMNS).where(among(session, Case.id, ids))
    rows = {row.id: row for row in session.execute(query)}
    holds = _holds(session, ids)
    for fold in folds:
        if fold.case_id not in rows:
            book.bad("reconcile", str(fold), "its row is gone")
            continue
        _compare_one(book, fold, rows[fold.case_id])
        if sorted(fold.holds, key=str) != sorted(holds.get(fold.case_id, []), key=str):
            book.bad("reconcile", str(fold), "its legal holds are not those that its events tell of")
    payloads.compare(session, book, {fold.case_id: fold.said for fold in folds})


def _compare_one(book: Book, fold: CaseFold, row: Any) -> None:
    if fold.jumped:
        book.bad("reconcile", str(fold), "its status has changed without an event")
    for name, told in fold.columns.items():
        found, expected = getattr(row, name), told
        if name == "devices":
            found = [device["id"] for device in found]
        elif name in TIMES and told is not None:
            expected = datetime.fromisoformat(told)
        if found != expected:
            book.bad("reconcile", str(fold), f"{name} is {found}, and its events say {expected}")
    # destroyed too early, or put back from a backup
    if bool(row.has_key) is not (fold.columns["retention_stage"] < KEY_GONE):
        odd = "is there again" if row.has_key else "is gone, and no event says so"
        book.bad("reconcile", str(fold), f"its key {odd}")


def _holds(session: Session, ids: list[str]) -> dict[str, list[tuple[str, str | None]]]:
    query = select(LegalHold.case_id, LegalHold.set_by_proposal, LegalHold.lifted_by_proposal)
    found: dict[str, list[tuple[str, str | None]]] = {}
    for case_id, placed, lifted in session.execute(query.where(among(session, LegalHold.case_id, ids))):
        found.setdefault(case_id, []).append((placed, lifted))
    return found
