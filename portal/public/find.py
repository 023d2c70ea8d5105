"""Find my request: whatever is typed, the answer is the same, and only a mailbox learns more."""

from __future__ import annotations

from flask import Response, request

from portal.casework import intake
from portal.public import fields
from portal.public.forms import FindForm
from portal.public.visit import context, is_sent, owners, paint, see


@owners.route("/find", methods=["GET", "POST"])
def find() -> Response:
    form = FindForm(request.form if request.method == "POST" else None)
    if not is_sent(form):
        return paint("find", form)
    reference = fields.receipt_number(form["reference"].data)
    intake.ask_for_link(context(), reference, fields.email(form["email"].data).canonical)
    return see("find_sent")


@owners.get("/find/sent")
def find_sent() -> Response:
    return paint("find_sent")
