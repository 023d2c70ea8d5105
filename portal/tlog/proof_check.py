"""Checks a proof that `flask audit prove` has written, without any database: what a stranger does with a few hashes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from portal.domain import merkle
from portal.tlog import verify_heads
from portal.tlog.log_keys import LogKeys
from portal.tlog.notes import BadNote, Head, head_of
from portal.tlog.proofs import FIRST, LAST
from portal.tlog.verify_heads import Unreadable

LONGEST = 256 * 1024  # bytes; an event has at most 64 KB


class Broken(Exception):
    """A proof does not hold. The text says what does not fit."""


@dataclass(frozen=True)
class Proven:
    """Where an event stands, the signed head that it is in, and the older one from which that goes on."""

    place: int
    head: Head
    older: Head | None


def check(path: Path, key: LogKeys | None) -> Proven:
    """Raises Unreadable for a file that is no proof, and Broken for one that does not hold."""
    event, said, note = _parts(path)
    try:
        size, place = int(said["size"][0]), int(said["place"][0])
        hashes, more = ([bytes.fromhex(one) for one in said[name]] for name in ("proof", "consistency"))
        older = _older(said, head_of(note))
    except (ValueError, IndexError):
        raise Unreadable(f"{path} is no proof of an event in a log, or it was cut.") from None
    try:
        head = verify_heads.opened(note, key)
    except BadNote as problem:
        raise Broken(f"its signed head does not count: {problem}") from None
    if size != head.size or not merkle.includes(merkle.leaf_hash(event), place, size, hashes, head.root):
        raise Broken("these bytes are not at this place of the log")
    if older and not merkle.extends(older.size, older.root, head.size, head.root, more):
        raise Broken("the newest head does not go on from the older one")
    return Proven(place, head, older)


def _parts(path: Path) -> tuple[bytes, Mapping[str, list[str]], str]:
    """The event, what is said of it line by line, and the signed head."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            text = file.read(LONGEST)
    except UnicodeDecodeError:
        raise Unreadable(f"{path} is no proof of an event: it is no text.") from None
    except OSError as problem:
        raise Unreadable(f"{path} cannot be read ({problem.strerror}).") from None
    body, _, note = text.partition(f"\n{LAST}\n")
    first, _, rest = body.partition("\n")
    event, _, rest = rest.partition("\n")
    said: dict[str, list[str]] = defaultdict(list)
    for line in rest.split("\n"):
        name, _, value = line.rpartition(" ")
        said[name].append(value)
    return (event if first == FIRST else "").encode(), said, note


def _older(said: Mapping[str, list[str]], head: Head) -> Head | None:
    if not said["older size"]:
        return None
    return Head(head.origin, int(said["older size"][0]), bytes.fromhex(said["older root"][0]))
