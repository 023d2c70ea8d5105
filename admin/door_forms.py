"""The forms of the door and of a person's own pages, and the page that shows one with what is wrong on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, render_template
from flask_babel import LazyString, ngettext
from flask_babel import lazy_gettext as _l
from wtforms import Field, Form, PasswordField, StringField
from wtforms.validators import StopValidation

from admin.forms import DeskForm, Needed, Printable, SixDigits, Words, built, code_field, text_field
from portal.casework.context import Refused, Throttled
from portal.domain.limits import Limits

LONGEST_ADDRESS = 320
UNSPELT = {"autocapitalize": "none", "spellcheck": "false"}


class SixDigitsIfAny(SixDigits):
    """For the door, where a login without a factor has no code yet. What is no code at all costs no try."""

    def __call__(self, form: Form, field: Field) -> None:
        if (field.data or "").strip():
            super().__call__(form, field)


class SameAs(Needed):
    """The same once more: what nobody sees while typing is easily typed wrong."""

    def __init__(self, other: str, words: LazyString) -> None:
        super().__init__(words)
        self.other = other

    def __call__(self, form: Form, field: Field) -> None:
        if field.data != form[self.other].data:
            raise StopValidation(str(self.words))


def sign_in_form() -> DeskForm:
    """Address, password and code in one form, because they are judged together."""
    return _proof_form(_app_code)


def recovery_form() -> DeskForm:
    """The same with a saved code in the place of one from the app."""
    return _proof_form(_saved_code)


def _proof_form(code: Callable[[], StringField]) -> DeskForm:
    # in the order of the page: WTForms lists fields, and so their errors, as they were made
    return built(("email", _email_field()), ("password", _present_field(_l("Password"))), ("code", code()))


def _app_code() -> StringField:
    return StringField(
        _l("6-digit MFA code"),
        [SixDigitsIfAny()],
        description=_l(
            "Shown in your authenticator app. Leave it blank only if you have not set up the app yet."
        ),
        render_kw={"inputmode": "numeric", "autocomplete": "one-time-code", "required": False, **UNSPELT},
    )


def _saved_code() -> StringField:
    return text_field(
        _l("Recovery code"),
        Needed(_l("Enter a recovery code")),
        Printable(),
        description=_l("One of the codes that you saved. Each works once."),
        render_kw={"autocomplete": "off", **UNSPELT},
    )


def invite_form(limits: Limits, email: str) -> DeskForm:
    """A first password, typed twice. The address is there for password managers, and what is sent of it is not read."""
    shown = StringField(
        _l("Work email address"),
        render_kw={"readonly": True, "autocomplete": "username", "inputmode": "email", **UNSPELT},
    )
    form = built(("email", shown), *_new_fields(limits, _l("Password"), _l("Password again")))
    form["email"].data = email
    return form


def password_form(limits: Limits) -> DeskForm:
    """Another password: the present one and a fresh code prove who asks."""
    return built(
        ("present", _present_field(_l("Current password"))),
        *_new_fields(limits, _l("New password"), _l("New password again")),
        ("code", code_field()),
    )


def _email_field() -> StringField:
    return text_field(
        _l("Work email address"),
        Needed(_l("Enter your work email address")),
        Printable(LONGEST_ADDRESS),
        render_kw={"inputmode": "email", "autocomplete": "username", **UNSPELT},
    )


def _present_field(label: LazyString) -> PasswordField:
    return _password(label, Needed(_l("Enter your password")), autocomplete="current-password")


def _new_fields(limits: Limits, label: LazyString, again: LazyString) -> tuple[tuple[str, Any], ...]:
    hint = _l(
        "%(least)s characters or more. Several words that do not belong together are easy to remember."
        " Spaces and all characters are allowed.",
        least=limits.password_min,
    )
    missing, differs = _l("Enter a password"), _l("Enter the same password in both fields")
    return (
        ("password", _password(label, Needed(missing), autocomplete="new-password", hint=hint)),
        ("again", _password(again, SameAs("password", differs), autocomplete="new-password")),
    )


def _password(label: LazyString, check: Needed, *, autocomplete: str, hint: Words = "") -> PasswordField:
    return PasswordField(
        label, [check], description=hint, render_kw={"autocomplete": autocomplete, **UNSPELT}
    )


def say(form: DeskForm, refused: Refused) -> dict[str, str]:
    """Say a refusal on its form. Returns the headers of the answer."""
    if not isinstance(refused, Throttled):
        form.place(refused)
        return {}
    seconds = int(refused.details["retry_after"])
    minutes = max(1, -(-seconds // 60))
    form.form_errors.append(
        ngettext(
            "Try again in %(num)d minute or contact your administrator.",
            "Try again in %(num)d minutes or contact your administrator.",
            minutes,
        )
    )
    return {"Retry-After": str(seconds)}


def paint(
    template: str, form: DeskForm | None = None, *, headers: Mapping[str, str] | None = None, **values: Any
) -> Response:
    """A page. One that shows errors is no success, and one that asks to wait says for how long."""
    code = 200
    if form is not None:
        code = 429 if headers else 422 if form.errors else 200
        form.forget_code()
    html = render_template(f"staff/{template}.html", form=form, **values)
    return Response(html, code, dict(headers or {}), mimetype="text/html")
