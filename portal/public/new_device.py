"""Registering an MFA device: what it is, its key, two codes in a row; then a word about a second one."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO

import segno
from flask import Response, abort, request

from portal import db
from portal.casework import enrolment
from portal.casework.context import Refused
from portal.casework.enrolment import NewKey
from portal.casework.owner_sessions import Visitor
from portal.contact import mask_account_number
from portal.public import fields
from portal.public.credentials import devices_of
from portal.public.forms import OwnerForm
from portal.public.refusals import attempted, is_filled_in, paint_tried
from portal.public.sign_in_forms import DeviceKindForm, NewDeviceForm, TokenKeyForm
from portal.public.signed_in import needs, present
from portal.public.visit import context, is_switching, owners, paint, see

STAGES = ("limited", "enrol", "full")


@owners.route("/credentials/devices/new", methods=["GET", "POST"])
@needs(*STAGES)
def new_device() -> Response:
    form = DeviceKindForm(_sent(), _asks())
    if enrolment.why_not(context(), present()):
        return see("credentials")  # which says why
    if form["kind"].data == "hardware" and not is_switching():
        return see("token_key")
    if not is_filled_in(form, _field(form)):
        return paint_tried("new_device", form)
    return _begun(form, kind="virtual") or paint_tried("new_device", form)


@owners.route("/credentials/devices/new/token", methods=["GET", "POST"])
@needs(*STAGES)
def token_key() -> Response:
    """A hardware token brings its key along. It is typed here and then shown no more."""
    form = TokenKeyForm(_sent(), _asks())
    if enrolment.why_not(context(), present()):
        return see("credentials")
    again = request.args.get("said") == "again"
    if not is_filled_in(form, _field(form)):
        return paint_tried("new_device_token", form, again=again)
    secret = enrolment.plain_key(form["key"].data)
    return _begun(form, kind="hardware", secret=secret) or paint_tried("new_device_token", form, again=again)


def _sent() -> Mapping[str, str] | None:
    return request.form if request.method == "POST" else None


def _asks() -> dict[str, str]:
    """Whoever is fully signed in gives a fresh code before another device is set up."""
    return {"asks_code": "yes"} if enrolment.needs_code(context(), present()) else {}


def _field(form: OwnerForm) -> str:
    """Where a refusal is said."""
    return "code" if "code" in form else next(iter(form)).name


def _begun(form: OwnerForm, *, kind: str, secret: str | None = None) -> Response | None:
    """Go on to the codes of the new key; None where the form says what was refused."""
    code = fields.mfa_code(form["code"].data) if "code" in form else None

    def begin() -> Response:
        enrolment.begin(context(), present(), kind=kind, secret=secret, code=code)
        return see("confirm_device")

    try:
        return attempted(form, _field(form), begin)
    except Refused as refusal:
        if refusal.reason == "session_moved":
            raise
        return see("credentials")


@owners.get("/credentials/devices/new/key.svg")
@needs(*STAGES)
def device_qr() -> Response:
    """The key as a picture of its own, because the page's policy forbids pictures inside it."""
    key = enrolment.new_key(context(), present())
    if key is None or key.kind == "hardware":
        abort(404)
    painted = BytesIO()
    code = segno.make(_address(key, present()), error="m")
    code.save(painted, kind="svg", light="#fff", border=4, omitsize=True, xmldecl=False, svgclass=None)
    return Response(painted.getvalue(), mimetype="image/svg+xml")


@owners.route("/credentials/devices/new/codes", methods=["GET", "POST"])
@needs(*STAGES)
def confirm_device() -> Response:
    key = enrolment.new_key(context(), present())
    if key is None:
        return see("new_device")
    form = NewDeviceForm(request.form if request.method == "POST" else None)
    if not is_filled_in(form, "code1"):
        return _key_page(form, key)
    try:
        first = attempted(form, "code1", lambda: _registered(form), unsaid=("type_key_again",))
    except Refused as refusal:
        if refusal.reason != "type_key_again":
            raise
        return see("token_key", said="again")
    if first is None:
        return _key_page(form, enrolment.new_key(context(), present()) or key)
    return see("codes") if first else see("device_added")


def _registered(form: NewDeviceForm) -> bool:
    codes = [fields.mfa_code(form[name].data) for name in ("code1", "code2")]
    return enrolment.register(context(), present(), label=form["label"].data, codes=codes)


def _key_page(form: NewDeviceForm, key: NewKey) -> Response:
    return paint_tried("new_device_codes", form, key=key, address=_address(key, present()))


@owners.get("/credentials/devices/added")
@needs(*STAGES)
def device_added() -> Response:
    ctx, visitor = context(), present()
    return paint(
        "new_device_added",
        devices=devices_of(visitor),
        may_add=enrolment.why_not(ctx, visitor) is None,
        is_full=visitor.stage == "full",
    )


def _address(key: NewKey, visitor: Visitor) -> str:
    """What the app calls the device: the portal, the user, and the end of the account's number."""
    who = visitor.principal.username or "root"
    login = f"{who}@{mask_account_number(visitor.account.number)[-4:]}"
    return key.address(login=login, issuer=db.runtime().settings.service_name)
