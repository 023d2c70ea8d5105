"""What a story left in the database, made into moulds for copies about other people at other times.

A copy is as true to the life-cycle as its story, because nothing here knows the life-cycle: rows keep their shape, while
ids, times, personal data, and all that is computed from them (hashes, digests, ciphertexts) are made anew.
"""

from __future__ import annotations

import json
import os
import re
from base64 import b32encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime
from secrets import token_hex
from typing import Any

from sqlalchemy import ColumnElement

from portal import audit, vault
from portal.casework import verification
from portal.casework.context import Context, Origin
from portal.demo import loading
from portal.demo.mould import Form, Mould, Values
from portal.demo.people import Human
from portal.models import AuditEvent, Base, IdentityCheck, Message
from portal.tlog import payloads

ID = "[0-9a-f]{64}|[0-9a-f]{32}"
TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}(?:\.[0-9]{6})?(?:Z|\+00:00)"
# Where two are the same text, as the names of somebody who has no kanji, the first counts.
PERSONAL = (
    *("origin", "second_email", "email", "address", "name", "kana", "latin_name"),
    *("company", "phone", "account_number", "network"),
)

Parts = Sequence[str | int]


def origin_of(human: Human) -> str:
    """Where the person's request came from, as it is sealed with a case."""
    return json.dumps(asdict(Origin(human.network, human.browser)), ensure_ascii=False, sort_keys=True)


def personal(human: Human) -> dict[str, str]:
    """Everything by which the person could be recognised."""
    return {name: origin_of(human) if name == "origin" else getattr(human, name) or "" for name in PERSONAL}


class Reader:
    """Reads rows into a mould. `places` says where the mould holds what stands for an id or a hash of the original."""

    def __init__(self, ctx: Context, human: Human, own_ids: Iterable[str]) -> None:
        self.ctx, self.mould = ctx, Mould()
        self.dialect = ctx.session.get_bind().dialect.name
        self.places: dict[str, int] = {}
        self.ciphers: dict[str, int] = {}
        # to be set before anything is made: the person, and what was made for the household
        self.person = {name: self.mould.constant(None) for name in PERSONAL}
        self.taken: list[tuple[int, int]] = []
        known = {text: name for name, text in reversed(personal(human).items()) if text}
        self.known = known
        self.names = re.compile("|".join(re.escape(text) for text in sorted(known, key=len, reverse=True)))
        self.words = re.compile(f"{ID}|{TIME}|{human.account_number}")
        for own in own_ids:
            self.places[own] = self.mould.make(lambda _values: token_hex(16))

    def take(self, home: Reader) -> None:
        """Let the ids that were made for a household stand in this mould too."""
        for word, place in home.places.items():
            self.places[word] = self.take_place(place)

    def take_place(self, place: int) -> int:
        """A place for a value of the household's mould."""
        self.taken.append((place, self.mould.constant(None)))
        return self.taken[-1][1]

    def subject(self, subject_id: str) -> None:
        """A key of its own for a subject."""
        mould, seal = self.mould, self.ctx.vault
        version, wrapped, cipher = (mould.constant(None) for _ in range(3))
        self.ciphers[subject_id] = cipher

        def new_key(values: Values) -> str:
            row, values[cipher] = seal.new_key()
            values[version], values[wrapped] = row.kek_version, row.wrapped
            return row.subject_id

        self.places[subject_id] = mould.make(new_key)
        mould.row("subject_key", (self.places[subject_id], version, wrapped))

    def columns(self, row: Base, subject_id: str | None = None, **instead: int) -> dict[str, int]:
        """A place for each column; `instead` names those that are not made from the original's."""
        return {
            column.key: instead[column.key]
            if column.key in instead
            else self._column(row, column.key, column, subject_id)
            for column in row.__table__.columns
        }

    def row(self, row: Base, subject_id: str | None = None, **instead: int) -> dict[str, int]:
        """Read a row into the mould. Returns the places of its columns."""
        places = self.columns(row, subject_id, **instead)
        self.mould.row(str(row.__tablename__), list(places.values()))
        return places

    def check(self, row: IdentityCheck, subject_id: str) -> None:
        """An identity check, and the digest of its evidence that its event names."""
        places = self.row(row, subject_id)
        evidence, note = places["sealed_evidence"], places["sealed_note"]
        self.places[verification.payload(row)] = self.mould.make(
            lambda values: verification.payload(
                IdentityCheck(sealed_evidence=values[evidence], sealed_note=values[note])
            )
        )

    def message(self, row: Message, subject_id: str) -> None:
        """What was said in a case, and the digest of it that its event names."""
        places = self.row(row, subject_id)
        subject, body = places["sealed_subject"], places["sealed_body"]
        self.places[payloads.digest(row.sealed_subject, row.sealed_body)] = self.mould.make(
            lambda values: payloads.digest(values[subject], values[body])
        )

    def event(self, row: AuditEvent) -> None:
        """An event of a chain, and its hash, which the next one names."""
        said = self.mould.text(self.parts(row.event_bytes.decode()))
        data = self.mould.make(lambda values: values[said].encode())
        leaf = self.mould.make(lambda values: audit.leaf(values[data]))
        self.places[row.leaf_hash] = leaf
        self.row(row, event_bytes=data, leaf_hash=leaf)

    def _column(self, row: Base, name: str, column: ColumnElement[Any], subject_id: str | None) -> int:
        value, convert = getattr(row, name), loading.converter(self.dialect, column)
        if value is None:
            return self.mould.constant(None)
        if name.startswith("sealed_") and subject_id:
            return self._sealed(row, name.removeprefix("sealed_"), subject_id)
        if isinstance(value, datetime):
            return self.mould.moment(value, convert)
        if isinstance(value, str | dict | list):
            return self.mould.text(self.parts(convert(value)))
        return self.mould.constant(convert(value))

    def _sealed(self, row: Base, column: str, subject_id: str) -> int:
        opened = _new_secret if column == "secret" else self.opened(row, column, subject_id)
        place, cipher = self._place(row, column, subject_id), self.ciphers[subject_id]
        text = self.mould.make(opened) if callable(opened) else self.mould.text(self.personal_parts(opened))
        return self.mould.make(
            lambda values: vault.sealed(values[cipher], values[text].encode(), values[place].encode())
        )

    def _place(self, row: Base, column: str, subject_id: str) -> int:
        keys = (str(getattr(row, str(key.key))) for key in row.__table__.primary_key)
        return self.mould.text(
            self.parts(vault.place_of(str(row.__tablename__), column, "/".join(keys), subject_id).decode())
        )

    def opened(self, row: Base, column: str, subject_id: str) -> str:
        """What is sealed in a row of the original."""
        return self.ctx.vault.open(self.ctx.session, subject_id, row, column) or ""

    def parts(self, text: str) -> Parts:
        """A text in which ids, hashes, times and the account's number are another's in a copy."""
        return list(_split(text, self.words, self._word))

    def personal_parts(self, text: str) -> Parts:
        """A text in which everything about the person is another's in a copy."""
        return list(_split(text, self.names, lambda word: self.person[self.known[word]]))

    def _word(self, word: str) -> str | int:
        if self.known.get(word) == "account_number":
            return self.person["account_number"]
        if re.fullmatch(TIME, word):
            form: Form = audit.timestamp if word.endswith("Z") else datetime.isoformat
            return self.mould.moment(datetime.fromisoformat(word), form)
        return self.places.get(word, word)


def _split(text: str, words: re.Pattern[str], placed: Callable[[str], str | int]) -> Iterator[str | int]:
    at = 0
    for match in words.finditer(text):
        if match.start() > at:
            yield text[at : match.start()]
        yield placed(match[0])
        at = match.end()
    if at < len(text) or not text:
        yield text[at:]


def _new_secret(_values: Values) -> str:
    return b32encode(os.urandom(20)).decode()
