"""The log as one file for a stranger: all events, the tree and the signed heads, in the public formats (C2SP tlog-tiles)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from portal.domain.merkle import HASH_BYTES
from portal.models import AuditCheckpoint, AuditEvent, AuditLeaf, AuditTile
from portal.tlog import checkpoints
from portal.tlog.log_keys import LogKeys
from portal.tlog.tiles import HEIGHT, WIDTH
from portal.tlog.verify_tree import streamed
from portal.tlog.whole_file import whole_file

README = Path(__file__).parent.parent / "templates" / "bundle" / "README.txt"
LONGEST_ENTRY = 0xFFFF


class BundleError(Exception):
    """The bundle cannot be written. The text is one sentence that says why; nothing was left behind."""


def tile_name(kind: int | str, place: int, width: int = WIDTH) -> str:
    """Where a tile stands: C2SP writes 1234067 as x001/x234/067."""
    digits = f"{place:03}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[at : at + 3] for at in range(0, len(digits), 3)]
    name = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
    return f"tile/{kind}/{name}" + ("" if width == WIDTH else f".p/{width}")


def widths(size: int, level: int) -> Iterator[tuple[int, int]]:
    """The tiles that a level of a tree of this size has, each with the number of its hashes."""
    number = size >> (HEIGHT * level)
    for place in range(-(-number // WIDTH)):
        yield place, min(WIDTH, number - place * WIDTH)


def write(
    session: Session, path: Path, key: LogKeys, *, since: int = 0, tick: Callable[[], None] = lambda: None
) -> tuple[int, datetime]:
    """Write what the newest signed head is over. Returns its size and its time. Raises BundleError."""
    head = checkpoints.newest(session)
    if head is None:
        raise BundleError("The log has no signed head yet: start `flask signer run` and the worker.")
    if since >= head.size:
        raise BundleError(f"The newest signed head counts {head.size} events: begin at an earlier place.")
    try:
        with whole_file(path) as file, ZipFile(file, "w") as bundle:
            _texts(session, bundle, key, head)
            _tiles(session, bundle, head.size, since >> HEIGHT)
            _entries(session, bundle, head.size, since >> HEIGHT, tick)
    except FileExistsError:
        raise BundleError(f"{path} is there already: it is left as it is; name another file.") from None
    except OSError as problem:
        raise BundleError(
            f"{path} cannot be written ({problem.strerror}): nothing was left behind."
        ) from None
    return head.size, head.at


def _texts(session: Session, bundle: ZipFile, key: LogKeys, head: AuditCheckpoint) -> None:
    bundle.writestr(_info("README.txt"), README.read_bytes())
    bundle.writestr(_info("log.vkey"), f"{key}\n")
    bundle.writestr(_info("checkpoint"), head.note)
    query = (
        select(AuditCheckpoint.note).where(AuditCheckpoint.size <= head.size).order_by(AuditCheckpoint.size)
    )
    with bundle.open(_info("checkpoints.txt"), "w") as file:
        for row in streamed(session, query):
            file.write(f"{row.note}\n".encode())


def _info(name: str, kind: int = ZIP_DEFLATED) -> ZipInfo:
    info = ZipInfo(name)  # of 1980: the same log gives the same bytes
    info.compress_type, info.external_attr = kind, 0o644 << 16
    return info


def _tiles(session: Session, bundle: ZipFile, size: int, first: int) -> None:
    level = 0
    while size >> (HEIGHT * level):
        query = select(AuditTile.place, AuditTile.hashes).where(AuditTile.level == level)
        rows = streamed(session, query.order_by(AuditTile.place))
        for (place, width), row in zip(widths(size, level), rows, strict=False):
            if row.place != place or len(row.hashes) < width * HASH_BYTES:
                raise BundleError(
                    f"The tile {level}/{place} is missing or too short: run `flask audit verify`."
                )
            if level or place >= first:
                bundle.writestr(
                    _info(tile_name(level, place, width), ZIP_STORED), row.hashes[: width * HASH_BYTES]
                )
        level += 1


def _entries(session: Session, bundle: ZipFile, size: int, first: int, tick: Callable[[], None]) -> None:
    query = (
        select(AuditEvent.event_bytes)
        .join(AuditLeaf, AuditLeaf.event_id == AuditEvent.id)
        .where(AuditLeaf.place >= first << HEIGHT, AuditLeaf.place < size)
        .order_by(AuditLeaf.place)
    )
    events = (row.event_bytes for row in streamed(session, query))
    for place, width in widths(size, 0):
        if place < first:
            continue
        entries = list(islice(events, width))
        if len(entries) != width:
            raise BundleError(f"An event behind place {place << HEIGHT} is gone: run `flask audit verify`.")
        bundle.writestr(_info(tile_name("entries", place, width)), b"".join(map(_entry, entries)))
        for _ in entries:
            tick()


def _entry(event: bytes) -> bytes:
    if len(event) > LONGEST_ENTRY:
        raise BundleError(
            f"An event of {len(event)} bytes is too long for the format: run `flask audit verify`."
        )
    return len(event).to_bytes(2, "big") + event


def entries_of(data: bytes) -> list[bytes]:
    """The events of a tile of entries. Raises ValueError where it does not end with an entry."""
    found, at = [], 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if end > len(data):
            raise ValueError("an entry is cut off")
        found.append(data[at + 2 : end])
        at = end
    return found
