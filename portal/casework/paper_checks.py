"""What anybody may learn of a paper whose code they hold, and whether a file is that paper. None of it is personal.

The code has 128 random bits: whoever has it has seen the paper. What the case has come to since is not told here.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from sqlalchemy import select

from portal import paper_check, receipts, throttle
from portal.casework.context import Context, Throttled
from portal.domain import merkle
from portal.models import Document
from portal.tlog import checkpoints, tiles
from portal.tlog.log_keys import LogKeys
from portal.tlog.notes import BadNote, Head

HOUR = timedelta(hours=1)
# The letter is left out: that it was sent is between us and one address.
KINDS = ("receipt", "completion", "reset")
# What can be said of a file: what it is in itself, and beside what we have issued.
OUTCOMES = (*paper_check.OUTCOMES, "another", "unrecorded")


@dataclass(frozen=True)
class Issued:
    """A paper as its own page shows it."""

    id: str
    kind: str
    at: datetime
    sha256: str
    version: str
    head: str | None  # the signed head that was frozen with it; gone when its subject was erased
    is_newest: bool


@dataclass(frozen=True)
class Checked:
    outcome: str
    paper: Issued | None = None  # which one the file is
    grown: bool = False


@dataclass(frozen=True)
class Continuity:
    """Whether today's log begins with the log that the paper names, and the proof of it."""

    holds: bool
    printed: Head
    newest: Head
    text: str


def issued(ctx: Context, document_id: str | None) -> Issued | None:
    """A paper that was handed out; None for a code that is none, for a letter, and for what is not made yet: all alike."""
    query = select(Document).where(
        Document.id == document_id, Document.kind.in_(KINDS), Document.painted_at.is_not(None)
    )
    paper = ctx.session.execute(query).scalar_one_or_none()
    if paper is None or paper.sha256 is None:
        return None
    head = receipts.open_facts(ctx, paper).get("checkpoint")
    return Issued(
        paper.id,
        paper.kind,
        paper.created_at,
        paper.sha256,
        paper.template_version,
        head,
        _is_newest(ctx, paper),
    )


def _is_newest(ctx: Context, paper: Document) -> bool:
    if paper.case_id is None:
        return True  # a removal in self-service has one paper: another without a case is somebody else's
    query = select(Document.id).where(
        Document.case_id == paper.case_id, Document.kind.in_(KINDS), Document.created_at > paper.created_at
    )
    return ctx.session.execute(query.limit(1)).first() is None


def check(
    ctx: Context, data: bytes, certificates: Sequence[x509.Certificate], document_id: str | None = None
) -> Checked:
    """Tell what a file is, beside the paper of this code if one was named. The file is kept nowhere. Raises Throttled."""
    _limit(ctx)
    reading = paper_check.read(data, certificates)
    asked, named = issued(ctx, document_id), issued(ctx, reading.document)
    digest = hashlib.sha256(data).hexdigest()
    paper = next((one for one in (asked, named) if one and one.sha256 == digest), None)
    if paper:
        return Checked("genuine" if paper.id == (document_id or paper.id) else "another", paper)
    if reading.outcome == "genuine":
        return Checked("unrecorded")
    if reading.outcome in {"changed", "foreign"}:
        # a code of ours in a file that is not signed by us was copied from a paper, whoever signed it since
        is_ours = reading.certificate is not None or named is not None
        return Checked("changed" if is_ours else "foreign", grown=reading.grown)
    return Checked(reading.outcome)


def _limit(ctx: Context) -> None:
    """Count per network, in an act of its own: the count must outlive whatever the file does."""
    with ctx.act():
        count = throttle.hit(
            ctx.session, ctx.vault, "paper_check", ctx.origin.address, window=HOUR, now=ctx.now
        )
    if count > ctx.limits.paper_checks_per_ip_hour:
        raise Throttled(int(HOUR.total_seconds()))


def continuity(ctx: Context, note: str, key: LogKeys) -> Continuity | None:
    """Prove that the log which a paper names is the beginning of today's; None where no head of ours can be shown."""
    newest = checkpoints.newest(ctx.session)
    try:
        printed, now = key.open(note), key.open(newest.note if newest else "")
    except BadNote:
        return None
    try:
        proof = merkle.consistency(printed.size, now.size, tiles.nodes_of(ctx.session))
    except ValueError:
        return Continuity(False, printed, now, "")
    holds = merkle.extends(printed.size, printed.root, now.size, now.root, proof)
    assert newest is not None
    return Continuity(holds, printed, now, _proof_text(printed.size, proof, newest.note))


def _proof_text(old: int, proof: Sequence[bytes], note: str) -> str:
    """As C2SP's tlog-witness writes it: the smaller size, the proof line by line, and the larger signed head."""
    lines = [f"old {old}", *(base64.b64encode(one).decode() for one in proof), "", note]
    return "\n".join(lines)
