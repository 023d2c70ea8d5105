"""Personal data at rest: one key per subject, wrapped by a key outside the database; keyed digests to find it again.

Deleting a subject's wrapped key is the erasure of all that was sealed with it. Associated data binds a ciphertext to its
table, column, row and subject, so that one moved elsewhere by SQL does not open.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import delete, insert, inspect, select
from sqlalchemy.orm import Session

from portal.models import Base, SearchTerm, SubjectKey, new_id

NONCE = 12
KEY_BYTES = 32
HELD = 8  # keys that a session remembers; enough for a case, its account and who works on it
VERSION = b"\x01"


class VaultError(Exception):
    """A key file or a ciphertext is not what it should be. One error for all causes, on purpose."""


@dataclass(frozen=True)
class Keys:
    """The keys outside the database, by purpose and version; the newest version writes."""

    # hidden, or any traceback or log line that shows a runtime would show the keys
    wrapping: dict[str, bytes] = field(repr=False)
    index: dict[str, bytes] = field(repr=False)
    session: str = field(repr=False)

    @staticmethod
    def generate(folder: Path) -> None:
        """Write a first set of keys, readable by their owner only. Never overwrites."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in ("wrapping-1.key", "index-1.key", "session-1.key"):
            descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_hex(KEY_BYTES) + "\n")

    @staticmethod
    def load(folder: Path) -> Keys:
        """Read all key files. Raises VaultError with a sentence when one is missing, malformed or open to others."""
        wrapping, index, session = (
            _versions(folder, purpose) for purpose in ("wrapping", "index", "session")
        )
        return Keys(wrapping, index, session[max(session, key=int)].hex())


def _versions(folder: Path, purpose: str) -> dict[str, bytes]:
    found = {path.stem.rpartition("-")[2]: _read_key(path) for path in folder.glob(f"{purpose}-*.key")}
    if not found:
        raise VaultError(
            f"No {purpose} key in {folder}: run `flask keys init`, or restore the folder of keys."
        )
    if odd := [version for version in found if not (version.isascii() and version.isdigit())]:
        raise VaultError(f"{folder}/{purpose}-{odd[0]}.key has no number as its version: take it away.")
    return found


def _read_key(path: Path) -> bytes:
    if path.stat().st_mode & 0o077:
        raise VaultError(f"{path} can be read by others: run `chmod 400 {path}`.")
    try:
        key = bytes.fromhex(path.read_text().strip())
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise VaultError(
            f"{path} is not a key of {KEY_BYTES} bytes in hexadecimal: restore it from its backup."
        )
    return key


@dataclass(frozen=True)
class Vault:
    keys: Keys

    @property
    def _current(self) -> str:
        return max(self.keys.wrapping, key=int)

    def new_subject(self, session: Session) -> str:
        """Make a key for a new subject and return the subject's id."""
        row, _ = self.new_key()
        session.add(row)
        session.flush()
        return row.subject_id

    def new_key(self) -> tuple[SubjectKey, AESGCM]:
        """A key for a new subject: wrapped, as it is stored, and open, for whoever seals many values at once."""
        subject_id, version, nonce, key = new_id(), self._current, os.urandom(NONCE), os.urandom(KEY_BYTES)
        wrapped = AESGCM(self.keys.wrapping[version]).encrypt(nonce, key, subject_id.encode())
        return SubjectKey(subject_id=subject_id, kek_version=version, wrapped=nonce + wrapped), AESGCM(key)

    def destroy(self, session: Session, subject_id: str) -> None:
        """Delete the subject's key and search terms: what was sealed with it can never be opened again."""
        session.execute(delete(SearchTerm).where(SearchTerm.subject_id == subject_id))
        session.execute(delete(SubjectKey).where(SubjectKey.subject_id == subject_id))

    def seal(
        self, session: Session, subject_id: str, row: Base, column: str, text: str | bytes | None
    ) -> None:
        """Put a text into `row.sealed_<column>`. The row needs its primary key already."""
        if text is None or text == "":
            setattr(row, f"sealed_{column}", None)
            return
        data = text.encode() if isinstance(text, str) else text
        key = self._subject_key(session, subject_id)
        if key is None:
            raise VaultError("Nothing can be sealed for a subject that has no key.")
        setattr(row, f"sealed_{column}", sealed(AESGCM(key), data, _place(row, column, subject_id)))

    def open_bytes(self, session: Session, subject_id: str, row: Base, column: str) -> bytes | None:
        """What was sealed there, or None where nothing was or the subject was erased. Raises VaultError."""
        data: bytes | None = getattr(row, f"sealed_{column}")
        return self.open_at(session, subject_id, _place(row, column, subject_id), data) if data else None

    def open_at(self, session: Session, subject_id: str, place: bytes, data: bytes) -> bytes | None:
        """The same for what was read without its row: `place` is that of `place_of`."""
        key = self._subject_key(session, subject_id)
        if key is None:
            return None
        start = 1 + NONCE
        try:
            if data[:1] != VERSION:
                raise InvalidTag
            return AESGCM(key).decrypt(data[1:start], data[start:], place)
        except (InvalidTag, ValueError):
            raise VaultError("A sealed value does not belong where it stands.") from None

    def open(self, session: Session, subject_id: str, row: Base, column: str) -> str | None:
        """The same, as text."""
        data = self.open_bytes(session, subject_id, row, column)
        return None if data is None else data.decode()

    def seal_json(self, session: Session, subject_id: str, row: Base, column: str, value: Any) -> None:
        """Seal a value made of primitives."""
        self.seal(session, subject_id, row, column, json.dumps(value, ensure_ascii=False, sort_keys=True))

    def open_json(self, session: Session, subject_id: str, row: Base, column: str) -> Any:
        """Open what `seal_json` sealed; None where there is nothing."""
        text = self.open(session, subject_id, row, column)
        return None if text is None else json.loads(text)

    def _subject_key(self, session: Session, subject_id: str) -> bytes | None:
        row = session.get(SubjectKey, subject_id)
        if row is None:
            return None
        # Whoever opens one value of a subject mostly opens the next: the session forgets rows that nobody holds.
        session.info.setdefault("held_keys", deque(maxlen=HELD)).append(row)
        try:
            wrapping = self.keys.wrapping[row.kek_version]
            return AESGCM(wrapping).decrypt(row.wrapped[:NONCE], row.wrapped[NONCE:], subject_id.encode())
        except (KeyError, InvalidTag, ValueError):
            raise VaultError("The folder of keys does not fit this database.") from None

    def digest(self, kind: str, value: str, version: str | None = None) -> str:
        """A keyed digest: for search terms, short codes and limits, where a plain hash could be guessed."""
        key = self.keys.index[version or max(self.keys.index, key=int)]
        return hmac.new(key, f"{kind}\x1f{value}".encode(), hashlib.sha256).hexdigest()

    def set_terms(self, session: Session, subject_id: str, kind: str, values: Iterable[str]) -> None:
        """Replace what the subject can be found by, for one kind of data."""
        session.execute(
            delete(SearchTerm).where(SearchTerm.subject_id == subject_id, SearchTerm.kind == kind)
        )
        self.add_terms(session, subject_id, {kind: values})

    def add_terms(self, session: Session, subject_id: str, values: Mapping[str, Iterable[str]]) -> None:
        """Let a subject be found by these values, which it has not been found by before. One statement for all kinds."""
        version = max(self.keys.index, key=int)
        found = {
            (kind, self.digest(kind, value, version)) for kind in values for value in values[kind] if value
        }
        if found:
            session.execute(
                insert(SearchTerm),
                [
                    {"subject_id": subject_id, "kind": kind, "key_version": version, "digest": digest}
                    for kind, digest in sorted(found)
                ],
            )

    def find(self, session: Session, kind: str, value: str) -> list[str]:
        """The subjects that have this value, under any version of the index key."""
        digests = [self.digest(kind, value, version) for version in self.keys.index]
        query = select(SearchTerm.subject_id).where(SearchTerm.kind == kind, SearchTerm.digest.in_(digests))
        return list(session.execute(query.distinct()).scalars())


def held(session: Session, subject_ids: Iterable[str]) -> Sequence[SubjectKey]:
    """The keys of several subjects in one statement. Whoever holds them opens what is sealed without asking again."""
    query = select(SubjectKey).where(SubjectKey.subject_id.in_(set(subject_ids)))
    return session.execute(query).scalars().all()


def sealed(cipher: AESGCM, data: bytes, place: bytes) -> bytes:
    """A value as it is stored, bound to its place."""
    nonce = os.urandom(NONCE)
    return VERSION + nonce + cipher.encrypt(nonce, data, place)


def place_of(table: str, column: str, identity: str, subject_id: str) -> bytes:
    """Where a sealed value stands. It opens nowhere else."""
    return f"{table}|{column}|{identity}|{subject_id}".encode()


def _place(row: Base, column: str, subject_id: str) -> bytes:
    identity = "/".join(str(getattr(row, str(key.key))) for key in inspect(type(row)).primary_key)
    return place_of(row.__tablename__, column, identity, subject_id)
