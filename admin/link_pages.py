"""The links in mails to colleagues: an invitation, and the stop of a proposal. Opening one shows, only its button acts."""

from __future__ import annotations

from flask import Response, request
from flask_admin import expose

from admin import door_forms
from admin.base import DoorView, cookie_name, door, keep_cookie, see, speak_to
from admin.door_forms import paint, say
from portal.casework import logins, staff, staff_matters
from portal.casework.context import Refused

GONE = "link_over"


class InviteView(DoorView):
    """Where a new colleague sets a password. It leads on to the second factor, and to nothing else."""

    @expose("/")
    def index(self) -> Response:
        return see("door.sign_in")

    @expose("/<string(length=43):raw>", methods=("GET", "POST"))
    def page(self, raw: str) -> Response:
        invited = logins.find_invite(door(), raw)
        if invited is None:
            return _gone("invite")
        speak_to(invited.language)
        form = door_forms.invite_form(door().limits, invited.email)
        if request.method != "POST" or not form.validate():
            return paint("invite", form)
        old_cookie = request.cookies.get(cookie_name())
        try:
            opened = logins.accept_invite(door(), raw, form["password"].data, old_cookie=old_cookie)
        except Refused as refused:
            say(form, refused)
            # of two presses at once, one finds the link used up
            return _gone("invite") if refused.reason == GONE else paint("invite", form)
        return keep_cookie(see("door.enrol"), opened)


class HaltView(DoorView):
    """Where whoever was told of a proposal stops it, without signing in."""

    @expose("/")
    def index(self) -> Response:
        return see("door.sign_in")

    @expose("/<string(length=43):raw>", methods=("GET", "POST"))
    def page(self, raw: str) -> Response:
        if request.method == "POST":
            return _stop(raw)
        matter = staff_matters.find_halt(door(), raw)
        return paint("halt", matter=matter) if matter else _gone("halt")


def _stop(raw: str) -> Response:
    """Act, and show the page of the link again: it says what has become of the proposal, also to whoever presses twice."""
    try:
        staff.halt(door(), raw)
    except Refused as refused:
        if refused.reason != GONE:
            raise
    return see("halt.page", raw=raw)


def _gone(purpose: str) -> Response:
    answer = paint("link_gone", purpose=purpose)
    answer.status_code = 404
    return answer
