"""Proofs that anybody can check: that an event is in the tree, and that one signed head goes on from another."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain import merkle
from portal.models import AuditCheckpoint, AuditEvent, AuditLeaf
from portal.tlog import checkpoints, tiles
from portal.tlog.notes import Head

FIRST = "The event, of which the hash is SHA-256 over a byte 0 and these bytes:"
LAST = "The newest signed head:"


class NoProof(Exception):
    """There is nothing that could be proven. The text is one sentence that says why."""


@dataclass(frozen=True)
class Inclusion:
    """An event's place, the newest signed head, and the hashes that lead from the one to the other (RFC 6962)."""

    place: int
    size: int
    root: str
    hashes: list[str]


def inclusion_of(session: Session, event_id: str) -> Inclusion | None:
    """None while no signed head covers the event. Raises ValueError where the stored tree has a gap."""
    place = session.execute(
        select(AuditLeaf.place).where(AuditLeaf.event_id == event_id)
    ).scalar_one_or_none()
    head = checkpoints.newest(session)
    if place is None or head is None or place >= head.size:
        return None
    hashes = merkle.inclusion(place, head.size, tiles.nodes_of(session))
    return Inclusion(place, head.size, head.root, _hex(hashes))


def consistency_of(session: Session, old: Head, new: AuditCheckpoint) -> list[str]:
    """The hashes that show that the newest head goes on from an older one. Raises NoProof where it does not."""
    nodes = tiles.nodes_of(session)
    if old.size > new.size:
        raise NoProof(f"That head counts {old.size} events, and the newest here counts {new.size}.")
    proof = merkle.consistency(old.size, new.size, nodes)
    if not merkle.extends(old.size, old.root, new.size, bytes.fromhex(new.root), proof):
        raise NoProof(
            f"That head is over other events than the first {old.size} here: run `flask audit verify`."
        )
    return _hex(proof)


def _hex(hashes: list[bytes]) -> list[str]:
    return [one.hex() for one in hashes]


def written(session: Session, event_id: str, old: Head | None) -> str:
    """The proof of an event as text, with all that is needed to check it. Raises NoProof."""
    event = session.get(AuditEvent, event_id)
    if event is None:
        raise NoProof(f"There is no event {event_id}.")
    head = checkpoints.newest(session)
    try:
        found = inclusion_of(session, event_id)
        if found is None or head is None:
            raise NoProof("No signed head covers this event yet: ask again in a minute.")
        lines = [
            *(FIRST, event.event_bytes.decode()),
            *("", f"hash {event.leaf_hash}", f"place {found.place}", f"size {found.size}"),
            *(f"proof {one}" for one in found.hashes),
        ]
        if old is not None:
            lines += ["", f"older size {old.size}", f"older root {old.root.hex()}"]
            lines += [f"consistency {one}" for one in consistency_of(session, old, head)]
    except ValueError as gap:
        raise NoProof(f"The stored tree has a gap ({gap}): run `flask audit verify`.") from None
    return "\n".join([*lines, "", LAST, head.note])
