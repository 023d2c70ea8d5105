"""A story told over HTTP: the owner's browser, colleagues at theirs, the real worker, and the mails that it sends."""

from __future__ import annotations

import re
import threading
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default

from sqlalchemy import select

from portal import audit, worker
from portal.models import AuditEvent, Case, DemoMail
from tests.admin.clerk import Clerk
from tests.applications import app_for
from tests.casework.staffroom import Staffroom, use_cheap_hashes
from tests.public.visitor import Page, Visitor
from tests.world import World, evidence_for

LANGUAGES = ("ja", "en")
# What leads from the first question to the form: no other device, the telephone lost, the mailbox and password at hand.
TO_THE_FORM = {
    "user": "root",
    "other_device": "no",
    "codes_refused": "no",
    "password": "yes",
    "mailbox": "yes",
    "phone": "no",
    "contact_editor": "no",
}


class Story:
    def __init__(self, world: World, language: str) -> None:
        use_cheap_hashes()
        self.world, self.language = world, language
        self.base = world.runtime.settings.base_url
        self.app = app_for(world.runtime)
        self.room = Staffroom(world)
        self.owner = Visitor(self.app, language)
        self.clerks: dict[str, Clerk] = {}

    # the owner

    def file(self, visitor: Visitor | None = None, **changes: dict[str, str]) -> str:
        """Go through the questions and the form, send the request, and return its number."""
        browser = visitor or self.owner
        self.world.now += timedelta(minutes=1)
        browser.get("/triage")
        for question, answer in TO_THE_FORM.items():
            assert browser.page is not None
            assert browser.page.path.endswith(f"/triage/{question}"), browser.page.path
            browser.send(answer=answer)
        page = browser.request(**{"language": {"language": self.language}, **changes})
        assert page.path.endswith("/request/sent"), page.text
        found = re.search(r"MR-[0-9A-Z]{4}-[0-9A-Z]{4}", page.text.replace(" ", ""))
        assert found
        return found[0]

    def confirm(self, address: str) -> Page:
        """Open the link of the newest mail to an address and press its button."""
        self.work()
        self.follow(self.owner, address, "confirm")
        page = self.owner.send()
        self.work()
        return page

    def follow(self, visitor: Visitor, address: str, purpose: str) -> Page:
        """Open a link of the newest mail that has one of this purpose."""
        found = self.link(address, purpose)
        visitor.page = Page(visitor.client.get(found, follow_redirects=True))
        return visitor.page

    def status(self, address: str) -> Page:
        """The status page as its mail leads there."""
        return self.follow(self.owner, address, "status")

    # mails

    def mails(self, address: str) -> list[DemoMail]:
        self.world.session.rollback()
        query = (
            select(DemoMail).where(DemoMail.recipient == address).order_by(DemoMail.at.desc(), DemoMail.id)
        )
        return list(self.world.session.execute(query).scalars())

    def subjects(self, address: str) -> list[str]:
        return [mail.subject for mail in self.mails(address)]

    def link(self, address: str, purpose: str) -> str:
        """The link of the newest mail that has one of this purpose."""
        found = [link for _at, link in self.links(address, purpose)]
        assert found, f"no mail to {address} has a {purpose} link"
        return found[0]

    def links(self, address: str, purpose: str) -> list[tuple[datetime, str]]:
        """All links of a purpose with the moments of their mails, the newest first."""
        pattern = re.compile(rf"{re.escape(self.base)}(/[a-z]+/{purpose}/[A-Za-z0-9_-]{{43}})")
        found = []
        for mail in self.mails(address):
            body = message_from_bytes(mail.raw, policy=default).get_body(("plain",))
            links = pattern.findall(body.get_content()) if body else []
            found += [(mail.at, links[0])] if links else []
        self.world.session.rollback()
        return found

    # time and the worker

    def work(self) -> None:
        """Let the worker do all that is queued and due."""
        self.world.session.rollback()
        while worker.turn(self.world.runtime, self.app, "story", threading.Event()):
            pass

    def pass_time(self, **amount: float) -> None:
        self.world.now += timedelta(**amount)
        self.work()

    # colleagues

    def clerk(self, name: str) -> Clerk:
        """A colleague who is signed in; sessions that have ended meanwhile begin anew."""
        made = self.clerks.setdefault(name, self.new_clerk(name))
        if "/sign-in" in made.get("/admin/").path:
            made.sign_in()
        return made

    def new_clerk(self, name: str) -> Clerk:
        return Clerk(self.app, self.room, name, self.language)

    def case(self, reference: str) -> Case:
        self.world.session.rollback()
        query = select(Case).where(Case.reference == reference)
        return self.world.session.execute(query.execution_options(populate_existing=True)).scalar_one()

    def is_at(self, reference: str) -> str:
        return self.case(reference).status

    def open(self, name: str, reference: str) -> Page:
        """The page of the case, found through the queue's search."""
        clerk = self.clerk(name)
        found = clerk.get(f"/admin/queue/?q={reference}")
        assert any(self.case(reference).id in link for link in found.links()), found.text
        return clerk.get(f"/admin/case/{self.case(reference).id}")

    def act(self, name: str, reference: str, address: str, **fields: object) -> Page:
        """Open the page of an act, fill it in and send it."""
        clerk = self.clerk(name)
        page = clerk.get(f"/admin/{address.format(case=self.case(reference).id)}")
        assert page.code == 200, page.text
        typed = {key: clerk.code() if value == "code" else value for key, value in fields.items()}
        return clerk.send(**typed)

    def claim(self, name: str, reference: str) -> Page:
        page = self.open(name, reference)
        assert page.html.find("form", action=re.compile("/claim$")), page.text
        return self.clerks[name].send("/claim")

    def record(self, name: str, reference: str, method: str = "D2", result: str = "match") -> Page:
        evidence = {f"e_{key}": value for key, value in evidence_for(method).items()}
        note = "" if result == "match" else "does not fit"
        address = f"checks/{{case}}/record/{method}"
        return self.act(name, reference, address, result=result, note=note, **evidence)

    def propose(self, name: str, reference: str) -> Page:
        clerk = self.clerk(name)
        page = clerk.get(f"/admin/decisions/{self.case(reference).id}/propose")
        first = page.html.find("input", attrs={"name": "devices"})
        assert first is not None, page.text
        return clerk.send(devices=str(first["value"]))

    def open_checks(self, name: str, reference: str) -> Page:
        """Open every check that a person recorded, one by one, as the second person has to."""
        clerk = self.clerk(name)
        address = f"/admin/decisions/{self.case(reference).id}/approve"
        page = clerk.get(address)
        while form := page.html.find("form", action=re.compile(r"/open/[0-9a-f]{32}$")):
            clerk.send(str(form["action"]))
            page = clerk.get(address)
        return page

    def decide(self, name: str, reference: str, decision: str = "agree", reason: str = "") -> Page:
        self.open_checks(name, reference)
        clerk = self.clerks[name]
        return clerk.send(decision=decision, reason=reason, code=clerk.code())

    def execute(self, name: str, reference: str) -> Page:
        return self.act(name, reference, "removals/{case}/execute", seen="y", code="code")

    # what stands at the end

    def chains_hold(self) -> bool:
        """Every stream of the audit log verifies from its first event on."""
        self.world.session.rollback()
        streams = self.world.session.execute(select(AuditEvent.stream).distinct()).scalars().all()
        return all(audit.first_break(self.world.session, stream) is None for stream in streams)
