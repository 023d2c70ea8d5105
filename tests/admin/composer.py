"""A composer of the desk, as a colleague without script fills it in."""

from __future__ import annotations

from typing import Any

from tests.admin.clerk import Clerk
from tests.admin.desk import typed
from tests.casework.replies import WORDS
from tests.public.visitor import Page

GOOD = {"subject": WORDS.subject, "body": WORDS.body}
SECRET = (
    "本文に MFA コードやパスワードのような文字列が含まれています。",
    "The message seems to contain a code or password",
)


def at(case_id: str, kind: str = "reply") -> str:
    return f"/admin/messages/{case_id}/{kind}"


def open_(clerk: Clerk, case_id: str, kind: str = "reply") -> Page:
    page = clerk.get(at(case_id, kind))
    assert page.code == 200, page.text
    return page


def press(clerk: Clerk, case_id: str, do: str | None = "send", kind: str = "reply", **fields: Any) -> Page:
    """Fill in the composer that is open, and press one of its buttons."""
    return clerk.post(at(case_id, kind), {**typed(clerk, **fields), **({"do": do} if do else {})})
