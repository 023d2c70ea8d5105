"""The signer: a process of its own, with its own key and its own memory, that never signs two different pasts.

It has no database. Whoever wants a head signed sends the proof that it extends the last one signed; the memory is that
last note, in a file. Who rewrites the database, and even the program that asks, gets no second history signed.

One question and one answer a connection, each a line of JSON, over a socket in the file system:

    {}                                         -> {"size": 7, "root": "…"}
    {"size": 9, "root": "…", "proof": ["…"]}   -> {"note": "…"} or {"refused": "…"}
"""

from __future__ import annotations

import fcntl
import json
import os
import socketserver
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from portal.domain import merkle
from portal.tlog.log_keys import LogKeys
from portal.tlog.notes import BadKey, BadNote, Head, NoteSigner

KEY, STATE, PUBLISHED = "log.key", "last.note", "log.vkey"
LONGEST = 16_384  # bytes of a question; a proof over 2**63 leaves has 126 hashes
LARGEST = 10**18 - 1  # what a note can say: a larger head could be signed, and never be read again
NEWEST = 8  # of the anchors: one of them may be none
QUESTION_SECONDS = 5.0


class SignerError(Exception):
    """The signer cannot work. The text is one sentence that says what to do."""


def make_key(home: Path, name: str) -> str:
    """Make the signer's key in its folder and return the published half. Never overwrites. Raises SignerError."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    _refuse_open(home)
    try:
        signer = NoteSigner.generate(name)
        # the memory first: without any, a signer does not start
        _write_once(home / STATE, signer.sign(Head(name, 0, merkle.EMPTY_ROOT)), 0o600)
        _write_once(home / PUBLISHED, f"{signer.verifier}\n", 0o400)
        _write_once(home / KEY, f"{signer}\n", 0o400)
    except BadKey as problem:
        raise SignerError(f"The log needs another name: {problem}.") from None
    except FileExistsError as there:
        raise SignerError(
            f"There is a signer in {home} already, or what is left of one ({Path(there.filename).name}):"
            " it is left as it is."
        ) from None
    return str(signer.verifier)


def replace_key(home: Path, given: str | None = None) -> LogKeys:
    """Make a new key that goes on where the old one ended. Returns all that is to be published. Raises SignerError.

    `given`: the newest signed head, for a signer that has lost its memory as well. The old key is gone afterwards.
    """
    _refuse_open(home)
    with _alone(home):
        keys = _published(home)
        last = _last_of(home, keys, given)
        signer = NoteSigner.generate(keys.name)
        keys = keys.followed_by(signer.verifier, last.size)
        # in this order: who is killed in between does the same again, and nothing that was signed is forgotten
        _replace(home / PUBLISHED, f"{keys}\n", 0o400)
        _replace(home / STATE, signer.sign(last))
        _replace(home / KEY, f"{signer}\n", 0o400)
    return keys


def _published(home: Path) -> LogKeys:
    path = home / PUBLISHED
    try:
        return LogKeys.parse(path.read_text())
    except FileNotFoundError:
        raise SignerError(f"There is no {path}: copy it from the folder of keys.") from None
    except (BadKey, UnicodeDecodeError) as problem:
        raise SignerError(f"{path} is not the log's published key ({problem}): restore it.") from None


def _last_of(home: Path, keys: LogKeys, given: str | None) -> Head:
    """The larger of the head that the signer remembers and the one that somebody brought."""
    state = home / STATE
    try:
        found = [keys.open(note) for note in (state.read_text() if state.exists() else None, given) if note]
    except (BadNote, UnicodeDecodeError) as problem:
        raise SignerError(f"This is no signed head of this log ({problem}).") from None
    if not found:
        raise SignerError(f"There is no {state}: name a file with the newest signed head with --last.")
    return max(found, key=lambda head: head.size)


def _refuse_open(home: Path) -> None:
    # who can put files into it can put an older memory there
    if home.is_dir() and home.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SignerError(f"{home} can be reached by others: run `chmod 700 {home}`.")


def _write_once(path: Path, text: str, mode: int) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def load_key(home: Path) -> NoteSigner:
    """Raises SignerError when the key is missing, open to others or no key."""
    path = home / KEY
    try:
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise SignerError(f"{path} can be read by others: run `chmod 400 {path}`.")
        return NoteSigner.parse(path.read_text())
    except FileNotFoundError:
        raise SignerError(
            f"There is no key in {home}: run `flask signer init`, or restore the folder."
        ) from None
    except (BadKey, UnicodeDecodeError) as problem:
        raise SignerError(f"{path} is no key of a signer ({problem}): restore it.") from None


class Signer:
    """Signs heads that extend the last one. One process at a time per folder."""

    def __init__(self, home: Path, anchors: Path | None = None) -> None:
        _refuse_open(home)
        self.key = load_key(home)
        self._state = home / STATE
        self.last = self._remembered()
        if anchors is not None:
            self._compare(anchors)

    def _remembered(self) -> Head:
        # A signer that forgot would sign a second past.
        try:
            return self.key.verifier.open(self._state.read_text())
        except FileNotFoundError:
            words = "put the newest signed head there: it is the last file in the anchors"
            raise SignerError(f"There is no {self._state}: {words}.") from None
        except (BadNote, UnicodeDecodeError) as problem:
            raise SignerError(f"{self._state} is not the last signed head ({problem}): restore it.") from None

    def _compare(self, anchors: Path) -> None:
        """A memory that was put back from an old copy would let the same places be signed a second time."""
        keys = _published(self._state.parent)
        for path in sorted(path for path in anchors.glob("*.note") if path.stem.isdecimal())[-NEWEST:]:
            try:
                left = keys.open(path.read_text())
            except (BadNote, UnicodeDecodeError):
                continue  # whoever checks the log says what is wrong with it
            if left.size > self.last.size or (left.size == self.last.size and left != self.last):
                raise SignerError(
                    f"{path} counts {left.size} events and {self._state} counts {self.last.size}:"
                    " put the newest signed head there."
                )

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Sign, or say why not. What was signed is remembered on disk before anybody gets it."""
        if not question:
            return {"size": self.last.size, "root": self.last.root.hex()}
        try:
            head, proof = _read(self.key.name, question)
        except (KeyError, TypeError, ValueError):
            return {"refused": "malformed"}
        if head.size < self.last.size:
            return {"refused": "smaller"}
        if not merkle.extends(self.last.size, self.last.root, head.size, head.root, proof):
            return {"refused": "different_past"}
        note = self.key.sign(head)
        try:
            _replace(self._state, note)
        except OSError as problem:
            return {"failed": problem.strerror or "it cannot be written"}
        self.last = head
        return {"note": note}


def _read(origin: str, question: dict[str, Any]) -> tuple[Head, list[bytes]]:
    size, root = question["size"], bytes.fromhex(question["root"])
    proof = [bytes.fromhex(one) for one in question["proof"]]
    if (
        type(size) is not int
        or size > LARGEST
        or any(len(one) != merkle.HASH_BYTES for one in (root, *proof))
    ):
        raise ValueError
    return Head(origin, size, root), proof


def _replace(path: Path, text: str, mode: int = 0o600) -> None:
    fresh = path.with_suffix(f"{path.suffix}.new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class _Listener(socketserver.UnixStreamServer):
    def __init__(self, address: str, signer: Signer) -> None:
        super().__init__(address, _Handler)
        self.signer = signer


class _Handler(socketserver.StreamRequestHandler):
    timeout = QUESTION_SECONDS  # one silent client must not keep the others out
    server: _Listener

    def handle(self) -> None:
        try:
            question = json.loads(self.rfile.readline(LONGEST))
            answer = self.server.signer.answer(question) if isinstance(question, dict) else {}
        except (OSError, ValueError, RecursionError):
            answer = {}
        answer = answer or {"refused": "malformed"}
        self.wfile.write(json.dumps(answer).encode() + b"\n")


@contextmanager
def listening(home: Path, socket_path: Path, anchors: Path | None = None) -> Iterator[_Listener]:
    """A signer that answers at the socket once `serve_forever` is called. Raises SignerError."""
    load_key(home)  # says what lacks before it makes a file in a folder that is none
    with _alone(home):
        signer = Signer(home, anchors)
        if socket_path.exists() and not socket_path.is_socket():
            raise SignerError(f"{socket_path} is no socket: name another path with KAIJO_SIGNER_SOCKET.")
        # Left behind by one that was killed: nobody else listens there, since the folder's lock is ours.
        socket_path.unlink(missing_ok=True)
        before = os.umask(0o117)  # its own user and group
        try:
            listener = _Listener(str(socket_path), signer)
        except OSError as problem:
            raise SignerError(f"The signer cannot listen at {socket_path} ({problem.strerror}).") from None
        finally:
            os.umask(before)
        with listener:
            yield listener
        socket_path.unlink(missing_ok=True)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    with open(home / "lock", "a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SignerError(f"A signer is at work in {home} already.") from None
        yield
