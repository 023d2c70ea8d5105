"""A member of staff at a browser without script: signed in through the real pages, with password and code."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bs4 import Tag
from flask import Flask

from portal.models import Base
from tests.casework.staffroom import PASSWORD, Staffroom
from tests.public.visitor import Page, Visitor
from tests.world import World

SIGN_IN = "/admin/sign-in/"


class Clerk(Visitor):
    """One browser of a colleague of the cast. Addresses are whole: `clerk.get("/admin/queue/")`."""

    def __init__(self, app: Flask, room: Staffroom, name: str, language: str = "ja") -> None:
        super().__init__(app, language)
        self.room, self.world, self.name = room, room.world, name
        self.client.set_cookie("lang", language)
        if name in self.world.logins:
            with self.world.system.act():
                room.login(name).language = language

    def code(self) -> str:
        """A code that was not used yet: half a minute goes by."""
        self.world.session.rollback()
        self.world.now += timedelta(seconds=30)
        return self.world.code(self.name)

    def sign_in(self, **typed: str) -> Page:
        """Sign in at the door, and follow where it leads."""
        page = self.get(SIGN_IN)
        assert page.code == 200, page.text
        mine = {"email": f"{self.name}@desk.example", "password": PASSWORD}
        code = typed.pop("code", None)
        return self.send(**{**mine, "code": self.code() if code is None else code, **typed})

    def arrive(self) -> None:
        """Be signed in already, at the same browser: what the pages of the door do is tested at the door."""
        opened = self.room.sign_in(self.name, code=self.code())
        self.client.set_cookie("staff", opened.cookie)

    def get(self, path: str) -> Page:
        """Open a page of the desk, whatever its language."""
        self.page = Page(self.client.get(path, follow_redirects=True))
        return self.page

    def fill(self, form: str | None = None, **fields: Any) -> dict[str, Any]:
        """All fields of a form as the page has them, with some changed; a list is sent as a repeated field."""
        sent: dict[str, Any] = dict(super().fill(form, **fields))
        for select in self._form(form).find_all("select"):
            chosen = select.find("option", selected=True) or select.find("option")
            if select["name"] not in fields and chosen is not None:
                sent[str(select["name"])] = str(chosen["value"])
        return sent

    def post(self, address: str, sent: Mapping[str, Any]) -> Page:
        return super().post(address, dict(sent))

    @property
    def cookie(self) -> str | None:
        """The session's cookie, as this browser keeps it."""
        kept = self.client.get_cookie("staff")
        return kept.value if kept else None

    @property
    def token(self) -> str:
        """What proves to the desk that a form is one of its own."""
        assert self.page is not None
        return str(self.page.html.find("input", attrs={"name": "csrf_token"})["value"])

    def _form(self, ending: str | None) -> Tag:
        """A form of the page's own; those of the frame only by the end of their address."""
        assert self.page is not None
        whole = self.page.html if ending else self.page.html.main
        forms = whole.find_all("form", method="post")
        return next(form for form in forms if not ending or form["action"].endswith(ending))


def whole_database(world: World) -> dict[str, list[str]]:
    """Every row of every table, to see that something has changed nothing."""
    world.session.rollback()
    tables = Base.metadata.sorted_tables
    return {table.name: sorted(map(repr, world.session.execute(table.select()))) for table in tables}
