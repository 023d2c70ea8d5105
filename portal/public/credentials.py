"""The security credentials of whoever is signed in: their devices, their recovery codes, and what they look after."""

from __future__ import annotations

from flask import Response, abort, request

from portal import labels
from portal.casework import enrolment, owner_recovery
from portal.casework.context import Refused
from portal.casework.owner_sessions import Visitor
from portal.casework.owner_sign_in import connector_of
from portal.connectors import ConnectorError, Device
from portal.contact import mask_account_number
from portal.public import fields
from portal.public.refusals import attempted, is_filled_in, paint_tried
from portal.public.sign_in_forms import MfaForm, SavedForm
from portal.public.signed_in import address, needs, present
from portal.public.visit import context, is_sent, owners, paint, see


@owners.get("/credentials")
@needs("limited", "enrol", "full")
def credentials() -> Response:
    ctx, visitor = context(), present()
    if owner_recovery.shown(ctx, visitor) and request.args.get("said") is None:
        return see("codes")  # shown once, and not saved yet
    return paint(
        "credentials",
        visitor=visitor,
        devices=devices_of(visitor),
        unused=owner_recovery.unused(ctx, visitor),
        codes_in_all=ctx.limits.recovery_codes,
        account=mask_account_number(visitor.account.number),
        refusal=enrolment.why_not(ctx, visitor),
        reset_url=address("reset"),
        looks_after=_looks_after(visitor),
        said=request.args.get("said"),
    )


def devices_of(visitor: Visitor) -> tuple[Device, ...]:
    try:
        return connector_of(context(), visitor.account).list_devices(context().session, visitor.principal)
    except ConnectorError:
        abort(503)


def _looks_after(visitor: Visitor) -> dict[str, str | None]:
    """Pages for those who may change more than their own devices."""
    principal = visitor.principal
    edits = principal.kind == "iam" and (principal.edits_contacts or principal.is_administrator)
    manages = principal.kind == "root" or principal.is_administrator
    is_full = visitor.stage == "full"
    return {
        "phone": address("phone_number") if is_full and edits else None,
        "users": address("iam_users") if is_full and manages else None,
    }


@owners.route("/credentials/devices/<string(length=32):device_id>/remove", methods=["GET", "POST"])
@needs("full")
def remove_device(device_id: str) -> Response:
    ctx, visitor = context(), present()
    device = next((one for one in devices_of(visitor) if one.id == device_id), None)
    if device is None:
        return see("credentials")
    refusal = enrolment.why_not_remove(ctx, visitor, device_id)
    form = MfaForm(request.form if request.method == "POST" else None)
    if not refusal and is_filled_in(form, "code"):
        code = fields.mfa_code(form["code"].data)
        if attempted(form, "code", lambda: _removed(device_id, code)):
            return see("credentials", said="removed")
    return paint_tried("credentials_remove", form, device=device, refusal=refusal, words=_why(refusal))


def _removed(device_id: str, code: str) -> bool:
    enrolment.remove(context(), present(), device_id, code)
    return True


def _why(refusal: Refused | None) -> str:
    return labels.word("refusal", refusal.reason) if refusal else ""


@owners.route("/credentials/codes/new", methods=["GET", "POST"])
@needs("full")
def new_codes() -> Response:
    form = MfaForm(request.form if request.method == "POST" else None)
    if is_filled_in(form, "code"):
        code = fields.mfa_code(form["code"].data)
        if attempted(form, "code", lambda: _renewed(code)):
            return see("codes")
    unused = owner_recovery.unused(context(), present())
    return paint_tried("credentials_codes", form, unused=unused)


def _renewed(code: str) -> bool:
    owner_recovery.renew(context(), present(), code)
    return True


@owners.route("/credentials/codes", methods=["GET", "POST"])
@needs("limited", "enrol", "full")
def codes() -> Response:
    """Shown until they are saved, and never again."""
    ctx, visitor = context(), present()
    shown = owner_recovery.shown(ctx, visitor)
    if not shown:
        return see("credentials")
    form = SavedForm(request.form if request.method == "POST" else None)
    if not is_sent(form):
        keeps_old = owner_recovery.unused(ctx, visitor) > 0
        return paint("owner_codes", form, codes=shown, keeps_old=keeps_old)
    owner_recovery.save(ctx, visitor)
    return see("device_added") if visitor.stage != "full" else see("credentials", said="codes")
