"""A person's own page for their desk phone: where a call-back is connected to after the right digits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from flask import Response, request
from flask_admin import expose
from flask_babel import lazy_gettext as _l
from wtforms import Field, Form

from admin.acts import AT_WORK
from admin.base import StaffView, ctx, see, signed
from admin.door_forms import paint, say
from admin.forms import DeskForm, Printable, Understood, built, code_field, text_field
from portal import contact
from portal.casework import desk_phone
from portal.casework.context import Refused

LONGEST_NUMBER = 40


class NumberIfAny(Understood):
    """A number that can be read; nothing takes the desk phone away."""

    field_flags: ClassVar[Mapping[str, bool]] = {}

    def __call__(self, form: Form, field: Field) -> None:
        if (field.data or "").strip():
            super().__call__(form, field)


class DeskPhoneView(StaffView):
    """For all who work cases. Set, changed and taken away by nobody but its holder, with a fresh code."""

    roles = AT_WORK

    @expose("/", methods=("GET", "POST"))
    def index(self) -> Response:
        form, headers = _form(), {}
        if request.method == "POST" and form.validate():
            try:
                desk_phone.change(ctx(), form["number"].data or "", code=form["code"].data)
            except Refused as refused:
                headers = say(form, refused)
            else:
                return see("desk_phone.index", said="saved")
        kept = desk_phone.number_of(ctx(), signed().staff)
        shown = contact.mask_phone(kept) if kept else ""
        return paint(
            "desk_phone", form, headers=headers, kept=shown, said=request.args.get("said") == "saved"
        )


def _form() -> DeskForm:
    number = text_field(
        _l("Desk phone number"),
        Printable(LONGEST_NUMBER),
        NumberIfAny(contact.parse_phone),
        description=_l("For example 03-0000-0000. Leave it blank to have no desk phone."),
        render_kw={"type": "tel", "inputmode": "tel", "autocomplete": "off"},
    )
    return built(("number", number), ("code", code_field()))
