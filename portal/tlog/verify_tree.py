"""The tree, computed anew from the events: its places, its stored tiles, and its root wherever somebody says what it was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Executable, exists, or_, select
from sqlalchemy.orm import Session

from portal.domain import merkle
from portal.models import AuditEvent, AuditLeaf, AuditTile, AuditWaiting
from portal.tlog import tiles
from portal.tlog.findings import Book

STREAMED = {"stream_results": True, "yield_per": 2000}
NO_HASH = bytes(merkle.HASH_BYTES)


def streamed(session: Session, query: Executable) -> Iterator[Any]:
    """The rows of a query as they come, however many; what is not asked for any more is closed."""
    with session.connection().execute(query, execution_options=STREAMED) as rows:
        for some in rows.partitions():
            yield from some


@dataclass(frozen=True)
class Claim:
    """What somebody says that the root was at one size; `place` names who, and `check` fails where it was not."""

    size: int
    root: bytes
    check: str
    place: str


Stored = Callable[[int, int], bytes | None]


class Tree:
    """Takes the leaves in their order and compares what comes of them with tiles and claims. Keeps one tile a level."""

    def __init__(
        self, book: Book, claims: Iterable[Claim], stored: Stored, edge: merkle.Frontier | None = None
    ) -> None:
        self.book, self.stored = book, stored
        self.edge = edge or merkle.Frontier()
        self._open: list[list[bytes]] = [[]]
        self._at = [0]
        self._claims = iter(claims)
        self._next: Claim | None = next(self._claims, None)

    @property
    def size(self) -> int:
        return self.edge.size

    def begin(self) -> None:
        """Take up the tiles that are open at a size that is not 0: it must be a whole number of lowest tiles."""
        size = self.size >> tiles.HEIGHT
        self._at = [size]
        while size:
            place, used = divmod(size, tiles.WIDTH)
            begun = (self.stored(len(self._open), place) or b"")[: used * merkle.HASH_BYTES]
            self._open.append(tiles.split(begun))
            self._at.append(place)
            size = place
        self._hear()

    def append(self, leaf: bytes) -> None:
        self.edge.append(leaf)
        self._put(0, leaf)
        if self._next is not None and self._next.size <= self.edge.size:
            self._hear()

    def _hear(self) -> None:
        while self._next is not None and self._next.size <= self.size:
            if self._next.size == self.size:
                self._compare(self._next)
            self._next = next(self._claims, None)

    def _compare(self, claim: Claim) -> None:
        if claim.root != self.edge.root():
            words = f"its root over the first {claim.size} events is not the root of these events"
            self.book.bad(claim.check, claim.place, words)

    def _put(self, level: int, found: bytes) -> None:
        if level == len(self._open):
            self._open.append([])
            self._at.append(0)
        tile = self._open[level]
        tile.append(found)
        if len(tile) == tiles.WIDTH:
            self._check_tile(level)
            self._put(level + 1, merkle.whole_root(tile))
            tile.clear()
            self._at[level] += 1

    def _check_tile(self, level: int) -> None:
        if self.stored(level, self._at[level]) != b"".join(self._open[level]):
            self.book.bad("tiles", f"tile {level}/{self._at[level]}", "it is not what its events give")

    def finish(self) -> list[tuple[int, int]]:
        """Compare what is left over. Returns how many tiles each level has, the one that still grows among them."""
        self._hear()
        while self._next is not None:
            self._beyond(self._next)
            self._next = next(self._claims, None)
        for level, tile in enumerate(self._open):
            if tile:
                self._check_tile(level)
        return [(level, at + bool(self._open[level])) for level, at in enumerate(self._at)]

    def _beyond(self, claim: Claim) -> None:
        words = f"it counts {claim.size} events, and there are {self.size}"
        self.book.bad("size" if claim.check == "heads" else claim.check, claim.place, words)


def check(session: Session, book: Book, claims: Iterator[Claim], since: int, tick: Callable[[], None]) -> int:
    """Walk all places from `since` on. Returns how many there are in all."""
    tree = _begun(session, book, claims, since)
    for row in _leaves(session, tree.size):
        if row.place != tree.size:
            book.bad("places", f"place {tree.size}", f"no event has it, and place {row.place} comes next")
        if row.leaf_hash is None:
            book.bad("places", f"place {row.place}", "its event is gone")
        tree.append(_hash(row.leaf_hash))
        tick()
    _no_other_tiles(session, book, tree.finish())
    _nobody_left_out(session, book)
    return tree.size


def _hash(text: str | None) -> bytes:
    try:
        return bytes.fromhex(text or "") or NO_HASH
    except (ValueError, TypeError):
        return NO_HASH  # such an event fails in its stream


def _begun(session: Session, book: Book, claims: Iterator[Claim], since: int) -> Tree:
    def stored(level: int, place: int) -> bytes | None:
        query = select(AuditTile.hashes).where(AuditTile.level == level, AuditTile.place == place)
        return session.execute(query).scalar_one_or_none()

    start = since >> tiles.HEIGHT << tiles.HEIGHT
    if not start:
        return Tree(book, claims, stored)
    try:
        edge = merkle.Frontier.over(start, tiles.nodes_of(session))
    except ValueError as gap:
        book.bad("tiles", f"place {start}", str(gap))
        return Tree(book, claims, stored)
    tree = Tree(book, claims, stored, edge)
    tree.begin()
    return tree


def _leaves(session: Session, start: int) -> Iterator[Any]:
    query = (
        select(AuditLeaf.place, AuditEvent.leaf_hash)
        .outerjoin(AuditEvent, AuditEvent.id == AuditLeaf.event_id)
        .where(AuditLeaf.place >= start)
        .order_by(AuditLeaf.place)
    )
    return streamed(session, query)


def _no_other_tiles(session: Session, book: Book, known: list[tuple[int, int]]) -> None:
    beyond = [(AuditTile.level == level) & (AuditTile.place >= number) for level, number in known]
    query = select(AuditTile.level, AuditTile.place).where(or_(AuditTile.level >= len(known), *beyond))
    for level, place in session.execute(query.order_by(AuditTile.level, AuditTile.place).limit(1)):
        book.bad("tiles", f"tile {level}/{place}", "no event gives it")


def _nobody_left_out(session: Session, book: Book) -> None:
    """An event either waits or has a place."""
    placed = exists().where(AuditLeaf.event_id == AuditEvent.id)
    waits = exists().where(AuditWaiting.event_id == AuditEvent.id)
    for condition, words in (
        (~placed & ~waits, "it has no place and waits for none"),
        (placed & waits, "it has a place and waits for one"),
    ):
        query = select(AuditEvent.stream, AuditEvent.sseq).where(condition).limit(1)
        for stream, sseq in session.execute(query):
            book.bad("places", f"{stream} {sseq}", words)
    gone = select(AuditWaiting.event_id).where(~exists().where(AuditEvent.id == AuditWaiting.event_id))
    for event_id in session.execute(gone.limit(1)).scalars():
        book.bad("places", f"event {event_id}", "it waits for a place, and is gone")
