"""The second step of signing in: a code, and every other way there is for whoever has no code that is taken."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from flask import Response, request

from portal import contact
from portal.casework import owner_factor, owner_recovery, passes, self_service
from portal.casework.context import Refused, Throttled
from portal.choices import SelectChoice
from portal.public import fields
from portal.public.refusals import attempted, is_filled_in, paint_tried
from portal.public.sign_in_forms import MfaForm, PassForm, RecoveryForm, ResyncForm
from portal.public.signed_in import address, needs, present, welcome
from portal.public.visit import context, owners, paint, see

P = ParamSpec("P")


def needs_password(view: Callable[P, Response]) -> Callable[P, Response]:
    """A page between password and code. Who must register a device first is led to the one-use pass instead."""

    @needs("password")
    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> Response:
        if passes.is_needed(context(), present()):
            return see("one_use_pass")
        return view(*args, **kwargs)

    return guarded


@owners.route("/mfa", methods=["GET", "POST"])
@needs_password
def mfa() -> Response:
    form = MfaForm(request.form if request.method == "POST" else None)
    if is_filled_in(form, "code"):
        code = fields.mfa_code(form["code"].data)
        opened = attempted(form, "code", lambda: owner_factor.sign_in_with_code(context(), present(), code))
        if opened:
            return welcome(see("credentials"), opened)
    another = request.args.get("another") is not None
    return paint_tried("mfa", form, devices=_devices() if another else (), another=another)


@owners.get("/mfa/trouble")
@needs_password
def trouble() -> Response:
    reset_url = address("reset") if self_service.offered(context()) else None
    return paint("mfa_trouble", reset_url=reset_url)


@owners.route("/mfa/resync", methods=["GET", "POST"])
@needs_password
def resync() -> Response:
    devices = _devices()
    if not devices:
        return see("trouble")
    choose = {"choose": "yes"} if len(devices) > 1 else {}
    form = ResyncForm(request.form if request.method == "POST" else None, choose)
    if choose:
        form["device"].choices = devices
    if is_filled_in(form, "code1"):
        device_id = form["device"].data if choose else devices[0].value
        codes = [fields.mfa_code(form[name].data) for name in ("code1", "code2")]
        if attempted(form, "code1", lambda: _resynchronised(device_id, codes)):
            return see("mfa", said="resynchronized")
    return paint_tried("mfa_resync", form)


def _resynchronised(device_id: str, codes: list[str]) -> bool:
    owner_factor.resynchronise(context(), present(), device_id, codes)
    return True


@owners.route("/mfa/recovery-code", methods=["GET", "POST"])
@needs_password
def recovery_code() -> Response:
    form = RecoveryForm(request.form if request.method == "POST" else None)
    if is_filled_in(form, "code"):
        typed = form["code"].data
        opened = attempted(
            form, "code", lambda: owner_recovery.sign_in_with_code(context(), present(), typed)
        )
        if opened:
            return welcome(see("credentials", said="recovered"), opened)
    return paint_tried("mfa_recovery_code", form)


@owners.route("/mfa/pass", methods=["GET", "POST"])
@needs("password")
def one_use_pass() -> Response:
    """After a removal: only a one-use pass lets the password register a new device."""
    ctx, visitor = context(), present()
    if not passes.is_needed(ctx, visitor):
        return see("mfa")
    form = PassForm(request.form if request.method == "POST" else None)
    if is_filled_in(form, "code"):
        opened = attempted(form, "code", lambda: passes.enter(ctx, visitor, form["code"].data))
        if opened:
            return welcome(see("credentials"), opened)
    masked = [contact.mask_email(address) for address in passes.addresses(ctx, visitor)]
    by_hand = passes.way_of(ctx, visitor).by_hand
    return paint_tried(
        "mfa_pass",
        form,
        mailboxes=masked,
        by_hand=by_hand,
        sent=None if by_hand else passes.sent(ctx, visitor),
    )


@owners.post("/mfa/pass/send")
@needs("password")
def send_pass() -> Response:
    try:
        passes.send(context(), present())
    except Throttled:
        return see("one_use_pass", said="wait")
    except Refused as refusal:
        if refusal.reason != "no_mailbox_for_pass":
            raise
    return see("one_use_pass")


def _devices() -> list[SelectChoice]:
    devices = owner_factor.code_devices(context(), present())
    return [SelectChoice(one.id, one.label) for one in devices]
