"""Signing in as an owner: the name on one page, the password on the next, with one answer to whatever was wrong."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from flask import Response, request

from portal.casework import owner_sign_in
from portal.casework.context import Throttled
from portal.casework.owner_sessions import Opened
from portal.public.refusals import attempted, is_filled_in, paint_tried
from portal.public.sign_in_forms import IamForm, PasswordForm, RootForm
from portal.public.signed_in import HOME, OWNER_COOKIE, old_cookie, welcome
from portal.public.visit import context, drop_cookie, is_sent, owners, paint, see

NAMES = ("email", "account_number", "username")


@owners.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Response:
    """As the root user, by e-mail address."""
    form = RootForm(request.form if request.method == "POST" else None)
    if not is_sent(form):
        return paint("sign_in", form, said=request.args.get("said"))
    return _password_page(_password_form(request.form))


@owners.route("/sign-in/iam", methods=["GET", "POST"])
def sign_in_iam() -> Response:
    """As an IAM user, by account and name."""
    form = IamForm(request.form if request.method == "POST" else None)
    if not is_sent(form):
        return paint("sign_in_iam", form)
    return _password_page(_password_form(request.form))


@owners.route("/sign-in/password", methods=["GET", "POST"])
def sign_in_password() -> Response:
    """The same for both. Nothing is looked up before there is a password to look it up with."""
    if request.method == "GET":
        return see("sign_in")
    form = _password_form(request.form)
    if not is_filled_in(form, "password"):
        return _password_page(form)
    try:
        opened = attempted(form, "password", lambda: _open(form), unsaid=("throttled",))
    except Throttled as stopped:
        return too_often(stopped)
    return welcome(see(HOME[opened.visitor.stage]), opened) if opened else _password_page(form)


def _open(form: PasswordForm) -> Opened:
    named = {name: form[name].data or "" for name in NAMES if name in form}
    return owner_sign_in.sign_in(context(), **named, password=form["password"].data, old=old_cookie())


@owners.post("/sign-out")
def sign_out() -> Response:
    owner_sign_in.sign_out(context(), old_cookie())
    return drop_cookie(see("sign_in", said="out"), OWNER_COOKIE)


def too_often(stopped: Throttled) -> Response:
    """A wait, and the way on that needs no password. Who is meant, and whether they exist, makes no difference."""
    after = context().now + timedelta(seconds=int(stopped.details["retry_after"]))
    page = paint("sign_in_wait", code=429, after=after)
    page.headers["Retry-After"] = str(stopped.details["retry_after"])
    return page


def _password_form(sent: Mapping[str, str]) -> PasswordForm:
    return PasswordForm(sent, {"kind": "root" if "email" in sent else "iam"})


def _password_page(form: PasswordForm) -> Response:
    return paint_tried("sign_in_password", form, is_root="email" in form)
