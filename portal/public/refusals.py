"""What is refused is said at the field it is about, and once more when the page is shown in the other language."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from flask import Response, g, request
from flask_babel import gettext as _

from portal import i18n, labels
from portal.casework.context import Refused, Throttled
from portal.public.forms import OwnerForm
from portal.public.visit import ERRORS_SHOWN, context, is_sent, is_switching, paint

# Refusals that whoever is at the form can do something about; every other one has a page of its own.
SAID = frozenset(
    {
        "owner_sign_in_failed",
        "iam_sign_in_failed",
        "wrong_code",
        "owner_codes_off",
        "codes_not_in_a_row",
        "wrong_recovery_code",
        "wrong_pass",
        "new_key",
        "type_key_again",
        "slot_gone",
        "message_missing",
        "message_long",
        "message_secret",
        "unprintable",
        "throttled",
    }
)
T = TypeVar("T")


def is_filled_in(form: OwnerForm, field: str) -> bool:
    """Whether a form was sent and is right. On a language choice, a refusal that was on show is shown again."""
    if is_sent(form):
        return True
    reason = request.form.get(ERRORS_SHOWN, "")
    if is_switching() and reason in SAID:
        for each in form:
            each.errors = []
        _say(form, field, reason, labels.word("refusal", reason))
    return False


def attempted(form: OwnerForm, field: str, act: Callable[[], T], *, unsaid: tuple[str, ...] = ()) -> T | None:
    """Do it. None where it was refused, with the words at the field; refusals in `unsaid` are the caller's to answer."""
    try:
        return act()
    except Refused as refusal:
        if refusal.reason not in SAID or refusal.reason in unsaid:
            raise
        _say(form, field, refusal.reason, _words(refusal))
    return None


def paint_tried(template: str, form: OwnerForm, **values: Any) -> Response:
    """The page of such a form."""
    return paint(template, form, errors_mean=g.get("errors_mean", "yes"), **values)


def _say(form: OwnerForm, field: str, reason: str, words: str) -> None:
    g.errors_mean = reason
    form[field].errors = [words]


def _words(refusal: Refused) -> str:
    if not isinstance(refusal, Throttled):
        return labels.word("refusal", refusal.reason)
    after = context().now + timedelta(seconds=int(refusal.details["retry_after"]))
    words: str = _("Too many attempts. Try again after %(time)s", time=i18n.when(after))
    return words
