"""The audit log: one canonical JSON event per act, chained by hash within its stream, written in the act's transaction.

The tags are in `domain/audit_tags`. Personal data never enters an event, neither in clear nor as a plain hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.audit_tags import FACTS
from portal.models import AuditEvent, AuditStream, Case, new_id

GENESIS = "0" * 64
# What `said` reads of an event, in this order.
COLUMNS = (
    *(AuditEvent.id, AuditEvent.stream, AuditEvent.sseq, AuditEvent.case_id, AuditEvent.status_after),
    *(AuditEvent.tag, AuditEvent.actor, AuditEvent.at, AuditEvent.leaf_hash, AuditEvent.event_bytes),
)

_read = json.JSONDecoder().raw_decode


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
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


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
        select(AuditStream).where(AuditStream.stream == stream).with_for_update(key_share=True)
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
        actor=event["actor"],
        at=at,
        leaf_hash=leaf(data),
        event_bytes=data,
        **columns,
    )


def first_break(session: Session, stream: str) -> int | None:
    """Walk one stream from its start to its head; the `sseq` of the first event that does not fit, or None."""
    previous, expected = GENESIS, 1
    query = select(*COLUMNS).where(AuditEvent.stream == stream).order_by(AuditEvent.sseq)
    for row in session.execute(query):
        event = said(row)
        if event is None or not follows(event, expected, previous):
            return expected
        previous, expected = row.leaf_hash, expected + 1
    return None if _head_of(session, stream) == (expected - 1, previous) else expected


def said(row: Sequence[Any]) -> dict[str, Any] | None:
    """What an event says, from its COLUMNS; None where its bytes are not those that were hashed, or its columns say
    something else. A time may be what SQLite keeps of it, as text."""
    identity, stream, sseq, case_id, status, tag, actor, at, leaf_hash, data = row
    try:
        if leaf(data) != leaf_hash:
            return None
        text = data.decode()
        event: dict[str, Any]
        event, end = _read(text)
        told = (
            (event["id"], event["stream"], event["sseq"], event["act"], event["actor"], event.get("to")),
            event["at"],
            _case_of(event["stream"]),
        )
        at = f"{at[:10]}T{at[11:]}Z" if isinstance(at, str) else timestamp(at)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    fits = told == ((identity, stream, sseq, tag, actor, status), at, case_id) and end == len(text)
    return event if fits else None


def _case_of(stream: str) -> str | None:
    kind, _, about = stream.partition(":")
    return about if kind == "case" else None


def follows(event: Mapping[str, Any], expected: int, previous: str) -> bool:
    """Whether an event is the next of its stream."""
    return bool(event["sseq"] == expected and event.get("sprev") == previous)


def _head_of(session: Session, stream: str) -> tuple[int, str]:
    """Where the rows that are changed together with a stream say that it ends: a cut-off tail is missed there."""
    query = select(AuditStream.sseq, AuditStream.head).where(AuditStream.stream == stream)
    if stream.startswith("case:"):
        case_id = stream.removeprefix("case:")
        query = select(Case.audit_seq, Case.audit_head).where(Case.id == case_id)
    head = session.execute(query).one_or_none()
    return (0, GENESIS) if head is None else (head[0], head[1])
