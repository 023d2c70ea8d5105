"""The columns of a register file: how each cell is read, and when it cannot be meant."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from portal import contact
from portal.domain.languages import DEFAULT_LANGUAGE, LANGUAGES
from portal.models.register import HOLDER_KINDS, PRINCIPAL_KINDS


class Unmeant(ValueError):
    """A cell that cannot be meant; `key` is one of FILE_MISTAKES in register_file."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


@dataclass(frozen=True)
class Column:
    """How one column is read. `sign` allows the plus at the start of a telephone number."""

    read: Callable[[str], Any]
    required: bool = False
    longest: int = 100
    sign: str = ""


# Spreadsheets run a cell that begins like this. In a register it is never meant.
FORMULA = re.compile(r"[\s\u200b\ufeff]*([=+\-@＝＋－＠])")
ANSWERS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
MOMENT = re.compile(
    r"((?:19|20)[0-9]{2})[-/]([0-9]{1,2})[-/]([0-9]{1,2})"
    r"(?:[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2}))?"
)


def cell(column: Column, typed: str) -> Any:
    """What a cell means, None where it is empty. Raises Unmeant or ContactError, both with a `key`."""
    text = typed.strip()
    if not text:
        if column.required:
            raise Unmeant("missing")
        return None
    if len(text) > column.longest:
        raise Unmeant("too_long")
    formula = FORMULA.match(text)
    if formula and formula[1] not in column.sign:
        raise Unmeant("formula")
    return column.read(text)


def _one_of(values: Sequence[str], text: str) -> str:
    folded = text.casefold()
    if folded not in values:
        raise Unmeant("choice")
    return folded


def _yes_or_no(text: str) -> bool:
    if text.casefold() not in ANSWERS:
        raise Unmeant("yes_or_no")
    return ANSWERS[text.casefold()]


def _moment(text: str) -> datetime:
    """A day, which begins in Japan, or a time with its offset from UTC."""
    found = MOMENT.fullmatch(text)
    if not found:
        raise Unmeant("date")
    year, month, day, time, offset = found.groups()
    try:
        midnight = datetime(
            int(year), int(month), int(day), tzinfo=ZoneInfo(LANGUAGES[DEFAULT_LANGUAGE].zone)
        )
        if time is None:
            return midnight
        return datetime.fromisoformat(f"{midnight:%Y-%m-%d}T{time}{offset.replace('Z', '+00:00')}")
    except ValueError:
        raise Unmeant("date") from None


def _email(text: str) -> str:
    return contact.parse_email(text).canonical


def _phone(text: str) -> contact.Phone:
    return replace(contact.parse_phone(text), raw="")  # two ways to type one number are one number


def _address(text: str) -> str:
    lines = re.split(r"\r\n|\r|\n", text)
    return "\n".join(contact.refuse_unprintable(line).strip() for line in lines)


_language = partial(_one_of, tuple(LANGUAGES))


def columns_for(connectors: Sequence[str]) -> Mapping[str, Column]:
    """The columns, in the order of the header, for a portal with these connectors."""
    return {
        # account
        "account_number": Column(contact.parse_account_number, required=True),
        "holder_kind": Column(partial(_one_of, HOLDER_KINDS)),
        "name": Column(contact.clean_name),
        "latin_name": Column(contact.clean_name),
        "kana": Column(contact.parse_kana),
        "connector": Column(partial(_one_of, connectors), required=True),
        # principal
        "principal_kind": Column(partial(_one_of, PRINCIPAL_KINDS), required=True),
        "username": Column(contact.refuse_unprintable, longest=64),
        "external_id": Column(contact.refuse_unprintable, required=True, longest=64),
        "is_administrator": Column(_yes_or_no),
        "edits_contacts": Column(_yes_or_no),
        "hardware_device": Column(_yes_or_no),
        # contacts
        "email": Column(_email, longest=254),
        "email_language": Column(_language),
        "email_confirmed_at": Column(_moment),
        "phone": Column(_phone, sign="+＋"),
        "phone_language": Column(_language),
        "phone_is_mobile": Column(_yes_or_no),
        "phone_confirmed_at": Column(_moment),
        "post_address": Column(_address, longest=300),
        "post_confirmed_at": Column(_moment),
    }


HEADER = tuple(columns_for(()))
OF_PRINCIPAL = (
    "principal_kind",
    "username",
    "external_id",
    "is_administrator",
    "edits_contacts",
    "hardware_device",
)
CONFIRMED = {
    "email": "email_confirmed_at",
    "phone": "phone_confirmed_at",
    "post_address": "post_confirmed_at",
}
