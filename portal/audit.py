"""The audit log: one canonical JSON event per act, chained by hash within its stream, written in the act's transaction.

A tag names what happened (`subject:thing:past`) and fixes which facts may stand in its event. Tags are for ever: old
events still carry them. Personal data never enters an event, neither in clear nor as a plain hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.lifecycle import Act
from portal.models import AuditEvent, AuditStream, Case, new_id

GENESIS = "0" * 64

ACT_TAGS: Mapping[Act, str] = {
    Act.SUBMIT: "case:request:submitted",
    Act.CONFIRM: "case:address:confirmed",
    Act.EXPIRE_UNCONFIRMED: "case:confirmation:expired",
    Act.MATCH: "case:account:matched",
    Act.MERGE: "case:duplicate:merged",
    Act.CONTEST: "case:request:contested",
    Act.CLOSE_SOLVED: "case:request:solved",
    Act.CLAIM: "case:claim:taken",
    Act.RELEASE: "case:claim:released",
    Act.REASSIGN: "case:claim:reassigned",
    Act.TAKE_OVER: "case:claim:taken_over",
    Act.LAPSE_CLAIM: "case:claim:lapsed",
    Act.RECORD_CHECK: "case:check:recorded",
    Act.WITNESS_CHECK: "case:check:witnessed",
    Act.SYSTEM_CHECK: "case:check:proven",
    Act.SEND_CHALLENGE: "case:challenge:sent",
    Act.MARK_PRESSURE: "case:pressure:marked",
    Act.ASK_OWNER: "case:owner:asked",
    Act.REMIND_OWNER: "case:owner:reminded",
    Act.ANSWER: "case:owner:answered",
    Act.END_ASKING: "case:asking:ended",
    Act.EXPIRE_WAITING: "case:answer:expired",
    Act.PROPOSE_REMOVAL: "case:removal:proposed",
    Act.PROPOSE_DECLINE: "case:decline:proposed",
    Act.ALARM_APPROVAL: "case:approval:overdue",
    Act.OPEN_CHECK: "case:check:opened",
    Act.REPEAT_CHECK: "case:check:repeated",
    Act.APPROVE: "case:removal:approved",
    Act.APPROVE_DECLINE: "case:decline:approved",
    Act.SEND_BACK: "case:proposal:sent_back",
    Act.START_WAITING: "case:waiting:started",
    Act.REMIND_CONTACTS: "case:contacts:reminded",
    Act.EXTEND_WAITING: "case:waiting:extended",
    Act.END_WAITING: "case:waiting:ended",
    Act.VOID_ROUND: "case:round:voided",
    Act.DECLARE_READY: "case:owner:ready",
    Act.ALARM_READY: "case:removal:overdue",
    Act.RETURN_UNEXECUTED: "case:removal:returned",
    Act.EXECUTE: "case:removal:started",
    Act.CONFIRM_STEP: "case:step:done",
    Act.ATTEST_STEP: "case:step:attested",
    Act.ALARM_EXECUTING: "case:removal:stuck",
    Act.CONFIRM_GONE: "case:device:deactivated",
    Act.FAIL_REMOVAL: "case:removal:failed",
    Act.OBJECT: "case:objection:received",
    Act.OPEN_FROZEN: "case:objection:opened",
    Act.ALARM_FREEZE_LEAD: "case:freeze:overdue",
    Act.ALARM_FREEZE_DECISION: "case:freeze:alarmed",
    Act.PROPOSE_UNFREEZE: "case:unfreeze:proposed",
    Act.AGREE_UNFREEZE: "case:unfreeze:agreed",
    Act.WITHDRAW: "case:request:withdrawn",
    Act.APPEAL: "case:appeal:received",
    Act.REVEAL: "case:data:revealed",
}

# Which facts an event of this tag may carry. A key that is not listed is a bug, and refused.
FACTS: Mapping[str, frozenset[str]] = {
    tag: frozenset(words.split())
    for tag, words in {
        "case:request:submitted": "language principal problem registered_phone phone_on_device theft holder administrator texts",
        "case:address:confirmed": "",
        "case:confirmation:expired": "",
        "case:account:matched": "account principal proven tier reasons cause",
        "case:duplicate:merged": "kept",
        "case:request:contested": "other tier",
        "case:request:solved": "by",
        "case:claim:taken": "",
        "case:claim:released": "",
        "case:claim:reassigned": "holder",
        "case:claim:taken_over": "holder reason",
        "case:claim:lapsed": "holder",
        "case:check:recorded": "check method result contact payload tier",
        "case:check:witnessed": "check method",
        "case:check:proven": "check method result contact payload",
        "case:challenge:sent": "method contact",
        "case:pressure:marked": "marker tier",
        "case:owner:asked": "items until",
        "case:owner:reminded": "",
        "case:owner:answered": "items",
        "case:asking:ended": "",
        "case:answer:expired": "",
        "case:removal:proposed": "digest policy set devices tier",
        "case:decline:proposed": "why",
        "case:approval:overdue": "",
        "case:check:opened": "check",
        "case:check:repeated": "check method result contact payload tier",
        "case:removal:approved": "digest policy set tier role hours",
        "case:decline:approved": "why role",
        "case:proposal:sent_back": "why",
        "case:waiting:started": "hours until unreached",
        "case:contacts:reminded": "",
        "case:waiting:extended": "contact until",
        "case:waiting:ended": "",
        "case:round:voided": "cause tier",
        "case:owner:ready": "until",
        "case:removal:overdue": "",
        "case:removal:returned": "",
        "case:removal:started": "devices digest connector",
        "case:step:done": "removal step",
        "case:step:attested": "removal step",
        "case:removal:stuck": "",
        "case:device:deactivated": "devices sessions connector",
        "case:removal:failed": "devices errors",
        "case:objection:received": "objection contact channel frozen_from",
        "case:objection:opened": "objection contact channel account",
        "case:freeze:overdue": "",
        "case:freeze:alarmed": "",
        "case:unfreeze:proposed": "outcome",
        "case:unfreeze:agreed": "outcome",
        "case:request:withdrawn": "why",
        "case:appeal:received": "",
        "case:data:revealed": "case field why",
        "case:search:made": "kind found",
        "case:page:read": "case",
        "account:entry:imported": "number rows digest proposal",
        "account:entry:changed": "fields proposal",
        "account:contact:changed": "contact kind",
        "account:page:read": "account case",
        "account:search:made": "kind found",
        "account:objection:received": "objection contact channel",
        "staff:password:accepted": "",
        "staff:sign_in:failed": "factor",
        "staff:sign_in:done": "",
        "staff:sign_in:blocked": "until",
        "staff:session:ended": "why",
        "staff:factor:enrolled": "",
        "staff:factor:refused": "for",
        "staff:factor:disabled": "",
        "staff:recovery:used": "left",
        "staff:codes:saved": "",
        "staff:password:changed": "",
        "staff:login:invited": "staff person proposal",
        "staff:login:disabled": "staff proposal",
        "staff:role:proposed": "staff role proposal channel",
        "staff:proposal:decided": "proposal kind outcome",
        "staff:role:effective": "staff role proposal",
        "staff:change:proposed": "staff role kind proposal channel",
        "staff:change:effective": "staff role kind proposal",
        "staff:proposal:stopped": "proposal kind",
        "staff:settings:changed": "",
        "system:desk:bootstrapped": "staff",
        "system:settings:started": "digest",
        "system:subject:erased": "subject",
        "system:register:proposed": "proposal digest rows channel",
        "system:register:imported": "proposal digest added changed",
        "system:register:refused": "proposal digest",
        "system:sign_in:failed": "",
    }.items()
}


class UnknownFact(ValueError):
    """An event would carry a fact that its tag does not name."""


def canonical(event: Mapping[str, Any]) -> bytes:
    """RFC 8785 for objects, lists, strings, integers and booleans. Raises UnknownFact for anything else."""
    for value in _leaves(event):
        if value is None or isinstance(value, float) or not isinstance(value, str | int | bool):
            raise UnknownFact(f"{value!r} cannot stand in an event")
    return json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value


def leaf(event_bytes: bytes) -> str:
    """The leaf hash of RFC 6962."""
    return hashlib.sha256(b"\x00" + event_bytes).hexdigest()


def timestamp(at: datetime) -> str:
    """UTC with microseconds, always 27 characters."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def append_case(
    session: Session,
    case: Case,
    tag: str,
    *,
    actor: str,
    at: datetime,
    facts: Mapping[str, Any],
    was: str | None,
) -> AuditEvent:
    """Append to the case's own chain and move its head. The case's row must be locked or new."""
    case.audit_seq = (case.audit_seq or 0) + 1
    more: dict[str, Any] = {"to": case.status, "ver": case.version}
    if was is not None:
        more["from"] = was
    event = _event(f"case:{case.id}", case.audit_seq, case.audit_head or GENESIS, tag, actor, at, facts, more)
    row = _row(event, at, case_id=case.id, status_after=case.status)
    case.audit_head = row.leaf_hash
    session.add(row)
    return row


def append(
    session: Session, stream: str, tag: str, *, actor: str, at: datetime, facts: Mapping[str, Any]
) -> AuditEvent:
    """Append to any other stream: `staff:<id>`, `account:<id>` or `system`."""
    head = session.execute(
        select(AuditStream).where(AuditStream.stream == stream).with_for_update()
    ).scalar_one_or_none()
    if head is None:
        head = AuditStream(stream=stream, sseq=0, head=GENESIS)
        session.add(head)
    event = _event(stream, head.sseq + 1, head.head, tag, actor, at, facts, {})
    row = _row(event, at)
    head.sseq, head.head = head.sseq + 1, row.leaf_hash
    session.add(row)
    session.flush()
    return row


def _event(
    stream: str,
    sseq: int,
    sprev: str,
    tag: str,
    actor: str,
    at: datetime,
    facts: Mapping[str, Any],
    more: Mapping[str, Any],
) -> dict[str, Any]:
    known = {key: value for key, value in facts.items() if value is not None}
    if unknown := known.keys() - FACTS[tag]:
        raise UnknownFact(f"{tag} does not carry {sorted(unknown)}")
    head = {"v": 1, "id": new_id(), "stream": stream, "sseq": sseq, "sprev": sprev, "at": timestamp(at)}
    return {**head, "actor": actor, "act": tag, "d": known, **more}


def _row(event: dict[str, Any], at: datetime, **columns: Any) -> AuditEvent:
    data = canonical(event)
    return AuditEvent(
        id=event["id"],
        stream=event["stream"],
        sseq=event["sseq"],
        tag=event["act"],
        at=at,
        leaf_hash=leaf(data),
        event_bytes=data,
        **columns,
    )


def first_break(session: Session, stream: str) -> int | None:
    """Walk one stream from its start to its head; the `sseq` of the first event that does not fit, or None."""
    previous, expected = GENESIS, 1
    query = select(AuditEvent).where(AuditEvent.stream == stream).order_by(AuditEvent.sseq)
    for row in session.execute(query).scalars():
        if not _fits(row, expected, previous):
            return expected
        previous, expected = row.leaf_hash, expected + 1
    return None if _head_of(session, stream) == (expected - 1, previous) else expected


def _fits(row: AuditEvent, expected: int, previous: str) -> bool:
    """Whether a row is the next of its stream, and its columns say what its bytes say."""
    if row.sseq != expected or leaf(row.event_bytes) != row.leaf_hash:
        return False
    try:
        event = json.loads(row.event_bytes)
        said = [event[key] for key in ("id", "stream", "sseq", "sprev", "act", "at")]
        status = event.get("to")
    except (ValueError, TypeError, KeyError, AttributeError):
        return False
    columns = [row.id, row.stream, expected, previous, row.tag, timestamp(row.at)]
    return said == columns and status == row.status_after


def _head_of(session: Session, stream: str) -> tuple[int, str]:
    """Where the rows that are changed together with a stream say that it ends: a cut-off tail is missed there."""
    query = select(AuditStream.sseq, AuditStream.head).where(AuditStream.stream == stream)
    if stream.startswith("case:"):
        case_id = stream.removeprefix("case:")
        query = select(Case.audit_seq, Case.audit_head).where(Case.id == case_id)
    head = session.execute(query).one_or_none()
    return (0, GENESIS) if head is None else (head[0], head[1])


def actor_of(event: AuditEvent) -> str:
    """Who did it, as written in the event: `staff:<id>`, `contact:<id>`, `owner` or `system`."""
    return str(json.loads(event.event_bytes)["actor"])
