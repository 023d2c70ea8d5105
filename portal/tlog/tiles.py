"""The tree's hashes as tiles in the database: C2SP tlog-tiles, 256 hashes each, from which every node can be computed."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.merkle import HASH_BYTES, Nodes, whole_root
from portal.models import AuditTile

HEIGHT = 8
WIDTH = 1 << HEIGHT


def grow(session: Session, size: int, leaves: Sequence[bytes]) -> None:
    """Put the hashes of new leaves behind the first `size`, in the caller's transaction."""
    level, start, hashes = 0, size, list(leaves)
    while hashes:
        hashes = _extend(session, level, start, hashes)
        start >>= HEIGHT
        level += 1


def _extend(session: Session, level: int, start: int, hashes: Sequence[bytes]) -> list[bytes]:
    """Put hashes into the tiles of one level. Returns the roots of the tiles that they have filled."""
    filled, at = [], 0
    while at < len(hashes):
        place, used = divmod(start + at, WIDTH)
        row = session.get(AuditTile, (level, place))
        if row is None:
            row = AuditTile(level=level, place=place, hashes=b"")
            session.add(row)
        some = hashes[at : at + WIDTH - used]
        row.hashes = row.hashes[: used * HASH_BYTES] + b"".join(some)
        at += len(some)
        if used + len(some) == WIDTH:
            filled.append(whole_root(split(row.hashes)))
    return filled


def split(data: bytes) -> list[bytes]:
    """The hashes of a tile."""
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def nodes_of(session: Session) -> Nodes:
    """The nodes of the stored tree. Each tile is read once; raises ValueError for a node that no tile has."""
    read: dict[tuple[int, int], bytes] = {}

    def node(level: int, place: int) -> bytes:
        high, low = divmod(level, HEIGHT)
        tile, first = divmod(place << low, WIDTH)
        if (high, tile) not in read:
            query = select(AuditTile.hashes).where(AuditTile.level == high, AuditTile.place == tile)
            read[high, tile] = session.execute(query).scalar_one_or_none() or b""
        found = split(read[high, tile])[first : first + (1 << low)]
        if len(found) != 1 << low:
            raise ValueError(f"no tile has the node {place} of level {level}")
        return whole_root(found)

    return node
