"""What stands between a first sign-in and the work: setting up the app, saving the recovery codes, asking for a reset."""

from __future__ import annotations

from collections.abc import Mapping
from io import BytesIO
from typing import Any, ClassVar, cast

import segno
from flask import Response, redirect, request
from flask_admin import expose
from flask_babel import LazyString, gettext
from flask_babel import lazy_gettext as _l

from admin.base import (
    STAGE_PAGES,
    DoorView,
    ctx,
    keep_cookie,
    local_page,
    see,
    signed,
    signed_in,
    to_door,
)
from admin.door_forms import paint
from admin.forms import DeskForm, built, code_field, tick_field
from portal import db, i18n, labels
from portal.casework import sign_in, staff
from portal.casework.context import Refused
from portal.casework.sign_in import Enrolment

# What to do about a code of the new key that is not taken, sentence by sentence.
WRONG_CODE: Mapping[str, tuple[LazyString, ...]] = {
    "wrong_code": (
        labels.TABLES["refusal"]["wrong_code"],
        _l("Check that your device sets its time automatically."),
    ),
    "new_key": (
        _l("The key was shown for too long or tried too often. Set up the app again with the new key"),
    ),
}
MOVED_ON = "session_moved"  # by another tab: the home page knows where to


class StagePages(DoorView):
    """Each of these pages answers one stage of a session, so that none can be skipped and none returned to."""

    stages: ClassVar[Mapping[str, str]] = {
        "enrol": "enrol",
        "qr": "enrol",
        "codes": "codes",
        "codes_file": "codes",
        "reset": "recovery",
    }

    def _handle_view(self, name: str, **kwargs: Any) -> Response | None:
        wanted, found = self.stages.get(name), signed_in()
        if wanted is None or (found and found.stage == wanted):
            return None
        return onward(found.stage) if found else to_door()

    @expose("/enrol", methods=("GET", "POST"))
    def enrol(self) -> Response:
        form = built(("code", code_field()))
        if request.method != "POST" or not form.validate():
            return _key_page(form)
        try:
            opened = sign_in.enrol(ctx(), signed(), form["code"].data)
        except Refused as refused:
            if refused.reason == MOVED_ON:
                return see("admin.index")
            form["code"].errors = [str(words) for words in WRONG_CODE[refused.reason]]
            return _key_page(form)
        return keep_cookie(see("door.codes"), opened)

    @expose("/enrol/key.svg")
    def qr(self) -> Response:
        """The key as a picture of its own, because the page's policy forbids pictures inside it."""
        painted = BytesIO()
        code = segno.make(_enrolment().address, error="m")
        code.save(painted, kind="svg", light="#fff", border=4, omitsize=True, xmldecl=False, svgclass=None)
        return Response(painted.getvalue(), mimetype="image/svg+xml")

    @expose("/codes", methods=("GET", "POST"))
    def codes(self) -> Response:
        saved = tick_field(_l("I have saved my recovery codes"), _l("Save your recovery codes, then confirm"))
        form = built(("saved", saved))
        renewed = request.args.get("next")
        if request.method != "POST" or not form.validate():
            codes, email = sign_in.codes(ctx(), signed()), signed().staff.email
            return paint("codes", form, codes=codes, email=email, is_first=not renewed)
        try:
            opened = sign_in.save_codes(ctx(), signed())
        except Refused:
            return see("admin.index")
        return keep_cookie(cast(Response, redirect(local_page(renewed), 303)), opened)

    @expose("/codes/recovery-codes.txt")
    def codes_file(self) -> Response:
        """The codes to keep as a file. Plain text, so that it can be read where nothing of ours is at hand."""
        text = "\r\n".join((*_file_head(), "", *sign_in.codes(ctx(), signed()), ""))
        answer = Response(text, mimetype="text/plain")
        answer.headers.set("Content-Disposition", "attachment", filename="recovery-codes.txt")
        return answer

    @expose("/reset", methods=("GET", "POST"))
    def reset(self) -> Response:
        if request.method == "POST":
            staff.ask_for_reset(ctx(), signed())
            return see("door.reset")
        waits = i18n.duration(ctx().limits.grant_delay)
        return paint("reset", asked=staff.reset_asked_for(ctx(), signed()), waits=waits)


def onward(stage: str, wanted: str | None = None, *, ended_oldest: bool = False) -> Response:
    """To where a session of this stage goes on: its own page, or where its holder wanted to go."""
    said = "oldest_ended" if ended_oldest else None
    if stage in STAGE_PAGES:
        return see(STAGE_PAGES[stage], said=said)
    if ended_oldest:
        return see("own.index", said=said, next=wanted)
    return cast(Response, redirect(local_page(wanted), 303))


def _enrolment() -> Enrolment:
    return sign_in.enrolment(ctx(), signed(), issuer=db.runtime().settings.service_name)


def _key_page(form: DeskForm) -> Response:
    return paint("enrol", form, key=_enrolment())


def _file_head() -> tuple[str, ...]:
    """What tells the file from others: whose codes, of which service, since when."""
    service = db.runtime().settings.service_name
    return (
        gettext("Recovery codes for the back office of %(service)s", service=service),
        signed().staff.email,
        i18n.when(ctx().now),
        gettext("Each code works once. Keep this file where nobody else can open it."),
    )
