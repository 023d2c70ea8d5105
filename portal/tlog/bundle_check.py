"""Checks a bundle without any database: what a stranger does by the words of its README, done by us."""

from __future__ import annotations

import json
import re
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile

from portal import audit
from portal.domain import merkle
from portal.tlog import verify_heads
from portal.tlog.bundle import LONGEST_ENTRY, entries_of, tile_name
from portal.tlog.findings import Book, Verdict
from portal.tlog.log_keys import LogKeys
from portal.tlog.notes import BadKey, BadNote, Head, head_of
from portal.tlog.tiles import HEIGHT, WIDTH, split
from portal.tlog.verify import Counter, Progress
from portal.tlog.verify_heads import Unreadable
from portal.tlog.verify_tree import Claim, Tree

OWN_KEY = (
    "the signatures fit the key inside the bundle, which proves nothing: compare it with the published one, or name that"
    " with --vkey"
)
NO_ROWS = "a bundle has events and no rows: the database has to be asked"
NEEDED = ("id", "stream", "sseq", "sprev", "act", "actor", "at", "d")
LONGEST_TEXT = 64 * 1024
LONGEST_NOTE = 40  # lines
TILE = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,5}[0-9]{3})(?:\.p/[0-9]{1,3})?")
TEXTS = frozenset({"README.txt", "log.vkey", "checkpoint", "checkpoints.txt"})
PACKED = frozenset({ZIP_STORED, ZIP_DEFLATED})
CHAINS = "CREATE TABLE chain (stream TEXT, sseq INTEGER, sprev TEXT, leaf TEXT, place INTEGER)"


class Bundle:
    """An open bundle. Nothing in it is believed, its sizes neither."""

    def __init__(self, path: Path, file: ZipFile) -> None:
        self.path, self._file = path, file
        self.names = frozenset(file.namelist())
        self._refuse_what_others_read_otherwise()
        # A bundle may begin behind what its reader has already.
        found = filter(None, map(TILE.fullmatch, self.names))
        self.first = min((_number(one[2]) for one in found if one[1] == "entries"), default=0)

    def _refuse_what_others_read_otherwise(self) -> None:
        seen: set[str] = set()
        for info in self._file.infolist():
            if info.filename in seen:
                raise Unreadable(f"{self.path} is no bundle of a log: {info.filename} in it stands twice.")
            if info.compress_type not in PACKED:
                raise Unreadable(
                    f"{self.path} is no bundle of a log: {info.filename} in it is packed in a way that none is."
                )
            seen.add(info.filename)

    def odd(self, size: int) -> list[str]:
        """Files that do not belong to a log of this size, which somebody could take for a part of it."""
        return sorted(name for name in self.names - TEXTS if not _belongs(name, size))

    def read(self, name: str, most: int) -> bytes | None:
        """A file of the bundle; None where it has none of this name. Raises Unreadable."""
        if name not in self.names:
            return None
        with self._opened(name) as file:
            found = file.read(most + 1)
        if len(found) > most:
            raise Unreadable(f"{self.path} is no bundle of a log: {name} in it is too long.")
        return found

    def lines(self, name: str) -> Iterator[str]:
        with self._opened(name) as file:
            while line := file.readline(LONGEST_TEXT):
                yield line.decode("utf-8")

    @contextmanager
    def _opened(self, name: str) -> Iterator[IO[bytes]]:
        try:
            with self._file.open(name) as file:
                yield file
        except (BadZipFile, EOFError, zlib.error, UnicodeDecodeError, NotImplementedError, RuntimeError):
            raise Unreadable(f"{self.path} is damaged: {name} in it cannot be read.") from None


def _number(digits: str) -> int:
    return int(re.sub(r"[x/]", "", digits))


def _belongs(name: str, size: int) -> bool:
    found = TILE.fullmatch(name)
    if found is None:
        return False
    kind, place = found[1], _number(found[2])
    level = 0 if kind == "entries" else int(kind)
    width = min(WIDTH, (size >> (HEIGHT * level)) - place * WIDTH)
    return width > 0 and name == tile_name(kind, place, width)


def check(
    path: Path, *, key: LogKeys | None, anchors: Path | None, progress: Progress | None = None
) -> Verdict:
    """Make every check that a bundle allows. Raises Unreadable."""
    with _opened(path) as bundle:
        book = Book()
        head, key = _head(bundle, book, key)
        elsewhere = verify_heads.left(anchors, book, key) if anchors else []
        if anchors is None:
            book.unchecked("anchors", "no folder of heads that were left elsewhere was named")
        for name in ("reconcile", "payloads", "schema", "age"):
            book.unchecked(name, NO_ROWS)
        claims = verify_heads.merged(_kept(bundle, book, head, key), elsewhere)
        events = _walk(bundle, book, head, claims, progress)
        for name in bundle.odd(head.size):
            book.bad("places", name, f"it does not belong to a log of {head.size} events")
        return book.verdict(events)


@contextmanager
def _opened(path: Path) -> Iterator[Bundle]:
    try:
        with ZipFile(path) as file:
            yield Bundle(path, file)
    except BadZipFile:
        raise Unreadable(f"{path} is no bundle of a log, or it was cut: ask for it again.") from None
    except OSError as problem:
        raise Unreadable(f"{path} cannot be read ({problem.strerror}).") from None


def _head(bundle: Bundle, book: Book, key: LogKeys | None) -> tuple[Head, LogKeys | None]:
    """The bundle's own head, and the key to go on with: without any, the one in the bundle shows at least its slips."""
    note = (bundle.read("checkpoint", LONGEST_TEXT) or b"").decode("utf-8", "replace")
    try:
        head = head_of(note)
    except BadNote:
        raise Unreadable(f"{bundle.path} is no bundle of a log: it has no signed head.") from None
    if key is None:
        key = _own_key(bundle)
        book.unchecked("heads", OWN_KEY if key else verify_heads.WITHOUT_KEY)
    if key is not None:
        try:
            key.open(note)
        except BadNote as problem:
            book.bad("heads", "checkpoint", str(problem))
    return head, key


def _own_key(bundle: Bundle) -> LogKeys | None:
    try:
        return LogKeys.parse((bundle.read("log.vkey", LONGEST_TEXT) or b"").decode("ascii"))
    except (BadKey, UnicodeDecodeError):
        return None


def _kept(bundle: Bundle, book: Book, head: Head, key: LogKeys | None) -> Iterator[Claim]:
    """All heads of the bundle in their order, and its own behind them."""
    start, last = bundle.first << HEIGHT, 0
    for note in _notes(bundle) if "checkpoints.txt" in bundle.names else ():
        place = f"checkpoints.txt behind {last}"
        try:
            claimed = verify_heads.opened(note, key)
        except BadNote as problem:
            book.bad("heads", place, str(problem))
            continue
        if not last < claimed.size <= head.size:
            book.bad("heads", place, "the heads are not in their order, or newer than the bundle")
            continue
        last = claimed.size
        if last >= start:
            yield Claim(last, claimed.root, "heads", f"head {last}")
    if last < head.size:
        book.bad("heads", "checkpoints.txt", "the newest head is not among them")
    yield Claim(head.size, head.root, "heads", "checkpoint")


def _notes(bundle: Bundle) -> Iterator[str]:
    """The heads of the file: each is a body, an empty line and its signatures, with an empty line behind it."""
    note: list[str] = []
    for line in bundle.lines("checkpoints.txt"):
        if len(note) > LONGEST_NOTE:
            raise Unreadable(
                f"{bundle.path} is no bundle of a log: checkpoints.txt in it holds something else."
            )
        if line == "\n" and "\n" in note:
            yield "".join(note)
            note = []
        else:
            note.append(line)
    if note:
        yield "".join(note)


def _walk(bundle: Bundle, book: Book, head: Head, claims: Iterator[Claim], progress: Progress | None) -> int:
    start = bundle.first << HEIGHT
    if start:
        words = f"the bundle begins at place {start}: what is before it is vouched for by the heads alone"
        book.unchecked("places", words)
    tree = _begun(bundle, book, head.size, start, claims)
    counter = Counter(head.size - start, progress)
    with closing(
        sqlite3.connect("")
    ) as chains:  # a file without a name, so that memory does not grow with the log
        chains.execute(CHAINS)
        while tree.size < head.size:
            events = _events(bundle, book, tree.size >> HEIGHT, min(WIDTH, head.size - tree.size))
            if not events:
                break
            for event in events:
                _event(book, chains, event, tree.size)
                tree.append(merkle.leaf_hash(event))
                counter()
            if tree.size % WIDTH:
                break
        _chains(book, chains, is_whole=not start)
    if tree.size != head.size:
        book.bad(
            "places", f"place {tree.size}", f"{head.size} events are in the head, and the bundle ends here"
        )
    tree.finish()
    return tree.size - start


def _begun(bundle: Bundle, book: Book, size: int, start: int, claims: Iterator[Claim]) -> Tree:
    def stored(level: int, place: int) -> bytes | None:
        width = min(WIDTH, (size >> (HEIGHT * level)) - place * WIDTH)
        return bundle.read(tile_name(level, place, width), WIDTH * merkle.HASH_BYTES)

    def node(level: int, place: int) -> bytes:
        high, low = divmod(level, HEIGHT)
        tile, at = divmod(place << low, WIDTH)
        found = split(stored(high, tile) or b"")[at : at + (1 << low)]
        if len(found) != 1 << low:
            raise Unreadable(f"{bundle.path} lacks the tile {high}/{tile}.")
        return merkle.whole_root(found)

    if not start:
        return Tree(book, claims, stored)
    tree = Tree(book, claims, stored, merkle.Frontier.over(start, node))
    tree.begin()
    return tree


def _events(bundle: Bundle, book: Book, place: int, width: int) -> list[bytes]:
    name = tile_name("entries", place, width)
    data = bundle.read(name, WIDTH * (LONGEST_ENTRY + 2))
    if data is None:
        book.bad("places", f"place {place << HEIGHT}", f"{name} is missing")
        return []
    try:
        found = entries_of(data)
    except ValueError as problem:
        book.bad("bytes", f"place {place << HEIGHT}", f"{name}: {problem}")
        return []
    if len(found) != width:
        book.bad("places", f"place {place << HEIGHT}", f"{name} has {len(found)} events instead of {width}")
    return found


def _event(book: Book, chains: sqlite3.Connection, data: bytes, place: int) -> None:
    try:
        event = json.loads(data)
        if any(key not in event for key in NEEDED):
            raise ValueError
        row = (str(event["stream"]), int(event["sseq"]), str(event["sprev"]), audit.leaf(data), place)
        chains.execute("INSERT INTO chain VALUES (?, ?, ?, ?, ?)", row)
    except (ValueError, TypeError, RecursionError, OverflowError):
        book.bad("bytes", f"place {place}", "it is no event")


def _chains(book: Book, chains: sqlite3.Connection, *, is_whole: bool) -> None:
    """Each event follows the one before it in its stream. A bundle that begins later cannot tell of the first of each."""
    before: tuple[str, int, str] | None = None
    broken: list[int] = []
    for stream, sseq, sprev, leaf, place in chains.execute(
        "SELECT * FROM chain ORDER BY stream, sseq, place"
    ):
        if before is not None and before[0] == stream:
            fits = (sseq, sprev) == (before[1] + 1, before[2])
        else:
            fits = (sseq, sprev) == (1, audit.GENESIS) or (not is_whole and sseq > 1)
        if not fits:
            broken = [min([*broken, place])]
        before = (stream, sseq, leaf)
    for place in broken:
        book.bad("streams", f"place {place}", "it does not follow the event before it in its stream")
