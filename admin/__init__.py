"""The window for staff: Flask-Admin gives views, menu and access hooks; every page is painted by our own templates."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, Response, abort
from flask_admin import Admin, expose
from flask_babel import LazyString
from flask_babel import lazy_gettext as _l
from flask_babel import lazy_pgettext as _p

from admin import base
from admin.account_page import AccountsView
from admin.base import DeskView, OwnView, see
from admin.board_pages import BoardView
from admin.case_page import CaseView, RevealView
from admin.case_queue import QueueView
from admin.check_pages import ChecksView
from admin.colleague_pages import ColleaguesView
from admin.decision_pages import DecisionsView
from admin.desk_phone import DeskPhoneView
from admin.door_pages import SignInView
from admin.export_pages import ExportsView
from admin.freeze_pages import FreezesView
from admin.link_pages import HaltView, InviteView
from admin.log_pages import LogView
from admin.message_pages import MessagesView
from admin.outbox_pages import UndeliveredView
from admin.own_pages import SettingsView
from admin.protect_pages import ProtectView
from admin.register_pages import RegisterView
from admin.removal_pages import RemovalsView
from admin.report_pages import ReportsView
from admin.retention_pages import RetentionView
from admin.safety_pages import SafetyView
from admin.template_pages import TemplatesView
from admin.training_pages import TrainingCaseView, TrainingView


class HomeView(OwnView):
    """The first page of the menu that a person may open."""

    @expose("/")
    def index(self) -> Response:
        views = (view for view in self.admin._views if view.icon and view.is_accessible())
        first = next(views, None) or abort(403)
        return see(f"{first.endpoint}.index")


@dataclass(frozen=True)
class Place:
    """A view with its endpoint, its name in the menu, and its address below /admin/ where that is not the endpoint."""

    view: type[DeskView]
    endpoint: str
    name: LazyString | str = ""
    address: str | None = None


# In the order of the menu.
PLACES: tuple[Place, ...] = (
    Place(QueueView, "queue", _l("Queue")),
    Place(BoardView, "board", _l("Dashboard")),
    Place(SafetyView, "safety", _l("Objections and holds")),
    Place(CaseView, "case"),
    Place(RevealView, "reveal"),
    Place(MessagesView, "messages"),
    Place(ChecksView, "checks"),
    Place(DecisionsView, "decisions"),
    Place(RemovalsView, "removals"),
    Place(FreezesView, "freezes"),
    Place(TemplatesView, "templates", _l("Reply templates")),
    Place(TrainingView, "training", _l("Training cases")),
    Place(TrainingCaseView, "training_case", address="training-case"),
    Place(ColleaguesView, "colleagues", _l("Colleagues")),
    Place(ReportsView, "reports", _l("Reports")),
    Place(LogView, "log", _l("Audit log")),
    Place(ExportsView, "exports", _l("Exports")),
    Place(UndeliveredView, "undelivered", _l("Undelivered messages")),
    Place(RegisterView, "register", _p("register", "Register")),
    Place(AccountsView, "accounts", _p("register", "Accounts")),
    Place(ProtectView, "protect", address="account-settings"),
    Place(RetentionView, "retention", _l("Retention")),
    Place(SettingsView, "own", _l("Settings")),
    Place(DeskPhoneView, "desk_phone", address="desk-phone"),
    Place(SignInView, "door", address="sign-in"),
    Place(InviteView, "invite"),
    Place(HaltView, "halt"),
)


def init_app(app: Flask) -> None:
    """Open the window on an application."""
    desk = Admin(app, name="desk", url="/admin", index_view=HomeView(endpoint="admin", url="/admin"))
    for place in PLACES:
        desk.add_view(
            place.view(name=place.name or place.endpoint, endpoint=place.endpoint, url=place.address)
        )
    app.before_request(base.speak_as_set)
    app.context_processor(base.frame)
