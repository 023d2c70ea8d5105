"""The IAM users of an account, for its root user and its administrators: who has which device, and how a lost one goes."""

from __future__ import annotations

from flask import Response, g, request
from flask_babel import gettext as _

from portal import db, i18n
from portal.casework import managed_removal
from portal.casework.context import NotFound, Refused
from portal.casework.managed_removal import Managed
from portal.connectors import ConnectorError, Device
from portal.models import Removal
from portal.public.account_forms import LONGEST_REASON, FreshCodeForm, RemoveForm, is_filled_in, place, reason
from portal.public.forms import OwnerForm
from portal.public.refusals import paint_tried
from portal.public.signed_in import needs, present
from portal.public.visit import context, owners, paint, see

SAID_HERE = frozenset({"wrong_code", "owner_codes_off", "changes_held", "objection_open", "own_device"})
LONGEST_NAME = 64


@owners.get("/credentials/users")
@needs("full")
def iam_users() -> Response:
    after = request.args.get("after", "")[:LONGEST_NAME]
    try:
        found = managed_removal.users(context(), present(), after=after)
    except ConnectorError:
        return _unanswered()
    shown = found[: managed_removal.PAGE]
    following = shown[-1].principal.username if len(found) > len(shown) else None
    return paint("iam_users", users=shown, following=following)


@owners.route("/credentials/users/<principal_id>/<device_id>/remove", methods=["GET", "POST"])
@needs("full")
def iam_user_remove(principal_id: str, device_id: str) -> Response:
    """Remove one device; where nobody knows whether it is gone, ask again."""
    try:
        user = managed_removal.user(context(), present(), principal_id)
        removal = managed_removal.removed(context(), present(), principal_id, device_id)
        return _remove(user, device_id, removal)
    except ConnectorError:
        return _unanswered()


def _remove(user: Managed, device_id: str, removal: Removal | None) -> Response:
    device = next((one for one in user.devices if one.id == device_id), None)
    if removal is not None and removal.state == "confirmed":
        return see("iam_user_pass", principal_id=user.principal.id)
    unsure = removal is not None
    form = _form(unsure)
    if not is_filled_in(form, SAID_HERE):
        return _painted(user, device, form, unsure)
    ctx, code, about = context(), form["code"].data, (user.principal.id, device_id)
    try:
        if unsure:
            shown = managed_removal.finish(ctx, present(), *about, code=code)
        else:
            why = reason(form["reason"].data)
            shown = managed_removal.remove(ctx, present(), *about, reason=why, code=code)
    except Refused as refusal:
        return _refused(user, device, form, refusal, unsure)
    return _pass_page(managed_removal.user(ctx, present(), user.principal.id), shown=shown, removed=True)


def _form(unsure: bool) -> OwnerForm:
    sent = request.form if request.method == "POST" else None
    return FreshCodeForm(sent) if unsure else RemoveForm(sent)


def _painted(user: Managed, device: Device | None, form: OwnerForm, unsure: bool) -> Response:
    if device is None and not unsure:
        raise NotFound()
    return paint_tried("iam_remove", form, user=user, device=device, unsure=unsure, longest=LONGEST_REASON)


def _refused(
    user: Managed, device: Device | None, form: OwnerForm, refusal: Refused, unsure: bool
) -> Response:
    if refusal.reason not in SAID_HERE:
        raise refusal
    place(form, refusal)
    return _painted(user, device, form, unsure)


@owners.route("/credentials/users/<principal_id>/pass", methods=["GET", "POST"])
@needs("full")
def iam_user_pass(principal_id: str) -> Response:
    """Another pass for a user who has to register a device. It stands on the answer to the form and nowhere else."""
    ctx = context()
    user = managed_removal.user(ctx, present(), principal_id)
    if user.must_enrol is None:
        return see("iam_users")
    form = FreshCodeForm(request.form if request.method == "POST" else None)
    if is_filled_in(form, SAID_HERE):
        try:
            shown = managed_removal.new_pass(ctx, present(), principal_id, code=form["code"].data)
        except Refused as refusal:
            if refusal.reason not in SAID_HERE:
                raise
            place(form, refusal)
        else:
            return _pass_page(user, shown=shown)
    return _pass_page(user, form)


def _pass_page(
    user: Managed, form: OwnerForm | None = None, *, shown: str = "", removed: bool = False
) -> Response:
    ctx = context()
    return paint(
        "iam_pass",
        form,
        errors_mean=g.get("errors_mean", "yes"),
        user=user,
        shown=shown,
        removed=removed,
        until=ctx.now + ctx.limits.pass_life,
        lasts=i18n.duration(ctx.limits.pass_life),
        sign_in_url=f"{db.runtime().settings.base_url}/{i18n.current()}/sign-in",
    )


def _unanswered() -> Response:
    """The other system is silent: nothing can be shown or was finished."""
    said = _("The system that holds the MFA devices does not answer. Try again in a few minutes.")
    return paint("no_answer", code=503, said=said)
