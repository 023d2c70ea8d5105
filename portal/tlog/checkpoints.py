"""Signed heads of the tree: asked of the signer, checked, kept, and put where nobody here can take them back."""

from __future__ import annotations

import json
import os
import socket
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.casework.context import Context
from portal.domain import merkle
from portal.models import AuditCheckpoint
from portal.tlog import sequencer, tiles
from portal.tlog.log_keys import LogKeys
from portal.tlog.notes import BadKey, BadNote, Head

PUBLISHED = "log.vkey"
ANSWER_SECONDS = 10.0
LONGEST = 16_384
# After these a head is signed at once: what two people have decided must not be unwritten in the next minute.
AT_ONCE = frozenset(
    {"case:removal:approved", "case:decline:approved", "case:unfreeze:agreed", "case:removal:started"}
)
EVERY = timedelta(seconds=60)


class NoHead(Exception):
    """No head could be signed. The text says why, in one sentence."""


class SignerRefuses(NoHead):
    """The signer has signed another past. People must look: the database is not the one it was."""


def published_key(keys: Path) -> LogKeys | None:
    """The log's published keys, from the folder of keys; None where the log was never set up. Raises BadKey."""
    path = keys / PUBLISHED
    try:
        return LogKeys.parse(path.read_text("ascii")) if path.exists() else None
    except UnicodeDecodeError:
        raise BadKey("it is no text") from None


def newest(session: Session) -> AuditCheckpoint | None:
    query = select(AuditCheckpoint).order_by(AuditCheckpoint.size.desc()).limit(1)
    return session.execute(query).scalar_one_or_none()


def newest_note(session: Session) -> str | None:
    """The newest signed head, as receipts and exports print it."""
    query = select(AuditCheckpoint.note).order_by(AuditCheckpoint.size.desc()).limit(1)
    return session.execute(query).scalar_one_or_none()


def stands(session: Session, keys: LogKeys | None) -> bool:
    """Whether the newest head, if there is any, is of these keys and over events that are there."""
    row = newest(session)
    if row is None:
        return True
    try:
        head = keys.open(row.note) if keys else None
    except BadNote:
        return False
    return head is not None and head.size == row.size <= sequencer.size_of(session)


def is_due(ctx: Context, tags: frozenset[str]) -> bool:
    """Whether the tree has grown since the last head, and a minute or a decision has passed."""
    last = newest(ctx.session)
    grown = sequencer.size_of(ctx.session) != (last.size if last else 0)
    return grown and (last is None or bool(tags & AT_ONCE) or last.at <= ctx.now - EVERY)


def take(ctx: Context, signer: Path, verifier: LogKeys) -> AuditCheckpoint:
    """Have the tree as it stands signed. Raises NoHead, or SignerRefuses where the signer remembers otherwise."""
    session = ctx.session
    asked, head = _question(session, verifier.name, ask(signer, {}))
    session.rollback()  # no transaction stays open while the signer is asked
    note = ask(signer, asked).get("note")
    try:
        if not isinstance(note, str) or verifier.open(note) != head:
            raise BadNote("it is not the head that was asked for")
    except BadNote as problem:
        raise NoHead(f"The signer's answer cannot be used: {problem}.") from None
    with ctx.act():
        row = session.get(AuditCheckpoint, head.size)
        if row is None:
            row = AuditCheckpoint(size=head.size, root=head.root.hex(), note=note, at=ctx.now)
            session.add(row)
    return row


def _question(session: Session, origin: str, state: dict[str, Any]) -> tuple[dict[str, Any], Head]:
    try:
        signed, signed_root = int(state["size"]), bytes.fromhex(state["root"])
    except (KeyError, TypeError, ValueError):
        raise NoHead("The signer does not say what it has signed last.") from None
    size, nodes = sequencer.size_of(session), tiles.nodes_of(session)
    if size < signed:
        raise SignerRefuses(f"The signer has signed {signed} events, and the database has {size}.")
    if merkle.root(signed, nodes) != signed_root:
        raise SignerRefuses(f"The first {signed} events are not those that the signer has signed.")
    root, proof = merkle.root(size, nodes), merkle.consistency(signed, size, nodes)
    return {"size": size, "root": root.hex(), "proof": [one.hex() for one in proof]}, Head(origin, size, root)


def ask(signer: Path, question: dict[str, Any]) -> dict[str, Any]:
    """One question to the signer. Raises NoHead when it is away, and SignerRefuses when it says no."""
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(ANSWER_SECONDS)
            line.connect(str(signer))
            line.sendall(json.dumps(question).encode() + b"\n")
            with line.makefile("rb") as answers:
                answer = json.loads(answers.readline(LONGEST))
    except (OSError, ValueError):
        raise NoHead(f"The signer does not answer at {signer}: start `flask signer run`.") from None
    if not isinstance(answer, dict):
        raise NoHead("The signer's answer cannot be used.")
    if "failed" in answer:
        raise NoHead(f"The signer cannot keep what it signs ({answer['failed']}): look at its disk.")
    if "refused" in answer:
        raise SignerRefuses(f"The signer refuses: {answer['refused']}.")
    return answer


def anchor(session: Session, folder: Path) -> int:
    """Leave every head that is newer than the folder's last one in it, each as a file of its own. Returns how many.

    A file that is there already is never touched, and none is ever half-written. Raises OSError.
    """
    sizes = (path.stem for path in folder.glob("*.note"))
    last = max((int(size) for size in sizes if size.isascii() and size.isdigit()), default=-1)
    query = select(AuditCheckpoint.size, AuditCheckpoint.note).where(AuditCheckpoint.size > last)
    heads = session.execute(query.order_by(AuditCheckpoint.size)).all()
    for size, note in heads:
        _leave(folder, f"{size:012d}.note", note)
    return len(heads)


def _leave(folder: Path, name: str, note: str) -> None:
    fresh = folder / f".{name}.{os.getpid()}"
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o444), "w") as file:
        file.write(note)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, folder / name)
    except FileExistsError:
        pass  # another worker was quicker
    finally:
        fresh.unlink()
