"""The story of an owner who helps themselves: their browsers, the telephone of the demo, and the devices they hold."""

from __future__ import annotations

import re
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pyotp
from sqlalchemy import select

from portal.models import Account, Case, Contact, OutboxRow, PhoneCall
from tests.casework.keepers import Keeper
from tests.casework.owners import EMAIL, PASSWORD, STEP
from tests.journeys.story import Story
from tests.people import HANAKO
from tests.public.visitor import Page, Visitor
from tests.world import World

PHONE = HANAKO["phone"]
EVERYBODY = {HANAKO["account_email"], HANAKO["second_email"]}
READ_FIRST = timedelta(seconds=10)  # the digits stand on the page before the telephone rings
PASS = re.compile(r"\b[0-9A-Z]{4}(?:-[0-9A-Z]{4}){2}\b")


class ResetStory(Story):
    def __init__(self, world: World, language: str) -> None:
        super().__init__(world, language)
        self.telephone = Visitor(self.app, language)

    def browser(self) -> Visitor:
        """A new browser, in the same language."""
        return Visitor(self.app, self.language)

    def read(self, page: Page, path: str = "") -> Page:
        """A page as it must always be: in one language, and where it is expected."""
        assert page.code == 200, page.text
        assert page.foreign_words(self.language) == [], page.path
        if path:
            assert page.path == f"/{self.language}{path}", page.text
        return page

    def go(self, visitor: Visitor, ending: str) -> Page:
        """Follow the page's link to an address, which has to be there."""
        assert visitor.page is not None
        found = {link for link in visitor.page.links() if link.split("?")[0].endswith(ending)}
        assert len(found) == 1, f"{ending}: {sorted(visitor.page.links())}"
        return visitor.open(found.pop())

    # signing in

    def give_password(self, visitor: Visitor, email: str = EMAIL) -> Page:
        self.read(visitor.get("/sign-in"))
        self.read(visitor.send(email=email), "/sign-in")
        return visitor.send(password=PASSWORD)

    def sign_in_as(self, keeper: Keeper, visitor: Visitor) -> Page:
        """A user who holds their device, with password and code."""
        username = keeper.row.username
        if username is None:
            self.give_password(visitor)
        else:
            self.give_iam_password(visitor, username)
        return self.read(visitor.send("", code=keeper.code()), "/credentials")

    def give_iam_password(self, visitor: Visitor, username: str) -> Page:
        self.read(visitor.get("/sign-in"))
        self.read(self.go(visitor, "/sign-in/iam"))
        visitor.send(account_number=HANAKO["number"], username=username)
        return visitor.send(password=PASSWORD)

    def sign_out(self, visitor: Visitor) -> Page:
        visitor.get("/credentials")
        return self.read(visitor.send("/sign-out"), "/sign-in")

    # the three steps

    def to_mail(self, visitor: Visitor, label: str = "Phone") -> Page:
        """From the sign-in page to step 1, as the pages lead there."""
        self.read(self.give_password(visitor), "/mfa")
        self.read(self.go(visitor, "/mfa/trouble"))
        page = self.read(self.go(visitor, "/reset"))
        boxes = page.html.select('input[name="device"]')
        texts = {str(box["value"]): page.html.find("label", attrs={"for": box["id"]}).text for box in boxes}
        chosen = next(value for value, text in texts.items() if label in text)
        return self.read(visitor.send("", device=chosen), "/reset/mail")

    def mailed_link(self, visitor: Visitor) -> str:
        """Have the mail sent, and read the link in it: its path in this story's language."""
        self.read(visitor.send(""), "/reset/mail")
        self.work()
        return f"/reset/link/{self.raw(EMAIL, 'reset/link')}"

    def raw(self, address: str, purpose: str) -> str:
        """The secret part of the newest link of a purpose."""
        return self.link(address, purpose).rpartition("/")[2]

    def to_call(self, visitor: Visitor) -> Page:
        self.to_mail(visitor)
        self.read(visitor.get(self.mailed_link(visitor)))
        return self.read(visitor.send(""), "/reset/call")

    def call_me(self, visitor: Visitor, number: str = PHONE) -> tuple[PhoneCall, str]:
        """Press "Call me now": the call as it rings, and the digits that this browser shows."""
        self.world.now += timedelta(minutes=2)
        assert visitor.page is not None
        path = visitor.page.path
        page = self.read(visitor.send(""))
        assert page.path == path, page.text
        digits = "".join(digit.text for digit in page.html.select(".call-code__digit"))
        assert len(digits) == 6
        self.world.now += READ_FIRST
        self.work()
        return self.rings(number), digits

    def to_remove(self, visitor: Visitor, number: str = PHONE) -> Page:
        self.to_call(visitor)
        call, digits = self.call_me(visitor, number)
        self.pick_up(call)
        self.key(digits)
        return self.read(visitor.get("/reset/call"), "/reset/remove")

    # the telephone

    def calls(self, number: str = PHONE) -> list[PhoneCall]:
        """The calls that ring at a number, the newest first, as its page lists them."""
        page = self.telephone.open(f"/demo/phone?to={number.replace('+', '%2B')}")
        ids = [link.rpartition("/")[2] for link in page.links()]
        self.world.session.rollback()
        found = [self.world.session.get(PhoneCall, id_) for id_ in ids]
        return [call for call in found if call is not None and call.outcome is None]

    def rings(self, number: str = PHONE, **about: object) -> PhoneCall:
        """The newest call that rings there; of those about the same thing, if that is told."""
        fitting = [
            call
            for call in self.calls(number)
            if all(getattr(call, name) == value for name, value in about.items())
        ]
        assert fitting, f"nothing rings at {number}"
        return fitting[0]

    def notice_rings(self, notice: str, number: str = PHONE) -> PhoneCall:
        """The call that speaks a notice."""
        for call in self.calls(number):
            row = self.world.session.get(OutboxRow, call.outbox_id) if call.outbox_id else None
            if row is not None and row.notice == notice:
                return call
        raise AssertionError(f"nobody is called about {notice}")

    def pick_up(self, call: PhoneCall, do: str = "answer") -> Page:
        self.telephone.open(f"/demo/phone/{call.id}")
        return self.telephone.send(f"/{call.id}", do=do)

    def key(self, digits: str) -> Page:
        """Press the keys of the keypad, one after the other."""
        for digit in digits:
            page = self.telephone.send("/keys", key=digit)
        return page

    def hear_out(self, call: PhoneCall) -> str:
        """Answer, listen to the end, and hang up. Returns what was said."""
        said = self.pick_up(call).text
        self.world.now += timedelta(seconds=30)
        self.telephone.send(f"/{call.id}", do="hang_up")
        return said

    # a device

    def enrol(self, visitor: Visitor, label: str) -> pyotp.TOTP:
        """Register an app from the page of the credentials: read its key, and type two codes in a row."""
        self.read(self.go(visitor, "/credentials/devices/new"))
        page = self.read(visitor.send("", kind="virtual"), "/credentials/devices/new/codes")
        totp = pyotp.TOTP(page.html.select_one("code.code").get_text().replace(" ", ""))
        codes = {"code1": totp.at(self.world.now - STEP), "code2": totp.at(self.world.now)}
        self.read(visitor.send("", label=label, **codes), "/credentials/codes")
        return totp

    def save_codes(self, visitor: Visitor) -> list[str]:
        """Read the recovery codes off their page, and say that they are saved."""
        assert visitor.page is not None
        found = [line.get_text() for line in visitor.page.html.select("ol.codes li")]
        self.read(visitor.send("", saved="y"), "/credentials/devices/added")
        return found

    def code_of(self, totp: pyotp.TOTP) -> str:
        """A code that was not used yet: half a minute goes by."""
        self.world.now += STEP
        return totp.at(self.world.now)

    def mailed_pass(self, visitor: Visitor, address: str = EMAIL) -> str:
        """Ask on the page of the pass for one, and read it in the mail."""
        self.world.now += STEP  # so that no other mail is as new
        self.read(visitor.send("/mfa/pass/send"), "/mfa/pass")
        self.work()
        found = PASS.search(self.words(address))
        assert found
        return found[0]

    # what others get to know

    def words(self, address: str) -> str:
        """The text of the newest mail to an address."""
        mail = self.mails(address)[0]
        body = message_from_bytes(mail.raw, policy=default).get_body(("plain",))
        assert body is not None
        return str(body.get_content())

    def told(self, notice: str) -> set[str]:
        """The registered addresses to which the mail of a notice has gone out."""
        self.world.session.rollback()
        query = select(OutboxRow).where(
            OutboxRow.notice == notice, OutboxRow.kind == "mail", OutboxRow.state == "done"
        )
        rows = [row for row in self.world.session.execute(query).scalars() if row.contact_id]
        return {self._address(row.contact_id or "") for row in rows}

    def _address(self, contact_id: str) -> str:
        session = self.world.session
        contact = session.get_one(Contact, contact_id)
        subject_id = session.get_one(Account, contact.account_id).subject_id
        return self.world.runtime.vault.open(session, subject_id, contact, "value") or ""

    def removed(self, label: str) -> bool:
        self.world.session.rollback()
        return self.world.removed(label)

    def only_case(self) -> Case:
        self.world.session.rollback()
        query = select(Case).execution_options(populate_existing=True)
        return self.world.session.execute(query).scalar_one()
