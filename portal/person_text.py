"""The text version of what a person is handed about themselves: short, in every language, one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from portal import i18n, labels
from portal.casework.person_data import Handed
from portal.domain.languages import LANGUAGES

# What a person gave us, in the order of the form.
FIELDS = (
    *("reference", "number", "name", "kana", "latin_name", "organisation"),
    *("account_email", "account_number", "reply_email", "phone", "detail", "created_at", "closed_at"),
)
MARK = "=" * 60
Row = Mapping[str, Any]


def written(handed: Handed) -> str:
    """The whole text, the first language first."""
    return "\n\n".join(_in(language, handed) for language in LANGUAGES) + "\n"


def _in(language: str, handed: Handed) -> str:
    with i18n.spoken_in(language):
        lines = [
            MARK,
            _("What we hold about you: %(name)s", name=handed.name),
            MARK,
            _("As of %(time)s. The same in full stands in the JSON file.", time=_when(handed.collected_at)),
        ]
        for part, rows in handed.parts.items():
            lines += ["", f"[{labels.word('person_part', part)}]", *_part(part, rows)]
        if handed.log_head:
            lines += ["", _("Signed head of the audit log at that time:"), handed.log_head.strip()]
    return "\n".join(lines)


def _part(part: str, rows: Any) -> Iterator[str]:
    say = SAID.get(part)
    if say is None:
        yield _("Entries: %(number)s", number=len(rows))
        return
    for row in rows:
        yield from say(row)


def _fields(row: Row) -> Iterator[str]:
    for field in FIELDS:
        if value := row.get(field):
            shown = _moment(value) if field.endswith("_at") else value
            yield _line(labels.word("person_field", field), shown)


def _contact(row: Row) -> Iterator[str]:
    if value := row.get("value"):
        yield _line(labels.word("register_field", row["kind"]), " ".join(str(value).splitlines()))


def _check(row: Row) -> Iterator[str]:
    result = labels.word("result", row["result"])
    yield f"{_moment(row['recorded_at'])}  {_line(labels.word('method', row['method']), result)}"


def _message(row: Row) -> Iterator[str]:
    text = " ".join(str(row.get("body") or "").split())
    yield f"{_moment(row['created_at'])}  {text or _('(deleted)')}"


def _paper(row: Row) -> Iterator[str]:
    yield f"{_moment(row['created_at'])}  {row['id']}"


def _request(row: Row) -> Iterator[str]:
    yield f"{_moment(row['created_at'])}  {_line(row['reference'], labels.word('status', row['status']))}"


def _event(row: Row) -> Iterator[str]:
    tag = row["act"]
    yield f"{_moment(row['at'])}  {labels.word('audit', tag) if tag in labels.TABLES['audit'] else tag}"


# How the rows of a part are said; of the others only their number is.
SAID: Mapping[str, Callable[[Row], Iterator[str]]] = {
    "case": _fields,
    "account": _fields,
    "contacts": _contact,
    "checks": _check,
    "messages": _message,
    "papers": _paper,
    "cases": _request,
    "history": _event,
}


def _line(name: str, value: str) -> str:
    return str(_("%(name)s: %(value)s", name=name, value=value))


def _moment(written_at: str) -> str:
    return _when(datetime.fromisoformat(written_at))


def _when(at: datetime) -> str:
    return str(i18n.when(at))
