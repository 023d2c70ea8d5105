"""The owner's own path told over HTTP: browsers, mails, telephones and authenticator apps, with the real worker between them."""

from __future__ import annotations

import re
from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pyotp
from sqlalchemy import select

from portal import audit
from portal.models import AuditEvent
from tests.journeys.story import Story
from tests.people import HANAKO
from tests.public.visitor import CONSENTS, Page, Visitor

OWN, OTHER = str(HANAKO["account_email"]), str(HANAKO["second_email"])
NUMBER = str(HANAKO["phone"])
PASSWORD = "correct horse battery"  # of everybody in the demo's directory
STEP = timedelta(seconds=30)
PASS = re.compile(r"^\s*([0-9A-Z]{4}(?:-[0-9A-Z]{4}){2})\s*$", re.MULTILINE)


class Reader(Visitor):
    """A browser whose reader knows one language: every page that it is shown speaks it, and none has broken."""

    def post(self, address: str, sent: dict[str, str]) -> Page:
        return self._read(super().post(address, sent))

    def open(self, address: str) -> Page:
        return self._read(super().open(address))

    def _read(self, page: Page) -> Page:
        assert page.code < 500, f"{page.path}: {page.code}"
        if page.path.startswith(f"/{self.language}/"):
            assert page.foreign_words(self.language) == [], page.path
        return page


class App:
    """An authenticator app: it shows what the key says, and every code is new."""

    def __init__(self, story: ResetStory, key: str) -> None:
        self.story, self.totp = story, pyotp.TOTP(key)

    def code(self) -> str:
        self.story.pass_time(seconds=30)
        return self.totp.at(self.story.world.now)

    def two_codes(self) -> dict[str, str]:
        return {"code1": self.code(), "code2": self.code()}


class Handset:
    """The telephone with a number, as the demo shows it."""

    def __init__(self, story: ResetStory, number: str) -> None:
        self.story, self.number = story, number
        self.visitor = Visitor(story.app, story.language)

    def rings(self) -> bool:
        """Look whether it rings. If it does, the call is at hand."""
        listed = self.visitor.client.get("/demo/phone", query_string={"to": self.number})
        calls = dict.fromkeys(re.findall(r"/demo/phone/[0-9a-f]{32}", listed.text))
        return any(self.visitor.open(call).html.select("button[value=answer]") for call in calls)

    def do(self, act: str) -> Page:
        return self.visitor.send(do=act)

    def answer(self, keys: str) -> Page:
        """Pick up and key something in."""
        assert self.rings(), f"{self.number} does not ring"
        self.do("answer")
        assert self.visitor.page is not None
        assert self.visitor.page.html.select("#digits"), self.visitor.page.text
        return self.visitor.send("/keys", digits=keys)

    def wait(self) -> None:
        """Let time pass until it rings: between two calls to one number there is a pause."""
        for _half_a_minute in range(30):
            if self.rings():
                return
            self.story.pass_time(seconds=30)
        raise AssertionError(f"{self.number} did not ring")

    def hear_all(self) -> int:
        """Listen to every notice that is spoken now. Returns how many there were."""
        heard = 0
        while self.rings():
            self.answer("")
            self.story.pass_time(minutes=4)
            heard += 1
        return heard


class ResetStory(Story):
    """A story in which owners help themselves."""

    def reader(self) -> Reader:
        return Reader(self.app, self.language)

    # the door

    def give_password(self, browser: Visitor, **name: str) -> Page:
        """Name and password; `account_number` and `username` for an IAM user."""
        browser.get("/sign-in/iam" if name else "/sign-in")
        browser.send(**(name or {"email": OWN}))
        return browser.send(password=PASSWORD)

    def sign_in(self, browser: Visitor, app: App, **name: str) -> Page:
        page = self.give_password(browser, **name)
        assert page.path.endswith("/mfa"), page.text
        return browser.send(code=app.code())

    # the steps of the reset

    def choose(self, browser: Visitor, label: str = "Phone") -> Page:
        """From the page of the code by way of its troubles to step 1, for one device."""
        browser.follow(self.words("Troubleshoot MFA", "MFA のトラブルシューティング"))
        page = browser.follow(self.words("Sign in using alternative factors", "別の要素を使用してサインイン"))
        boxes = page.html.select('input[name="device"]')
        named = {page.html.find("label", attrs={"for": box["id"]}).get_text(): box["value"] for box in boxes}
        return browser.send(device=next(str(named[each]) for each in named if label in each))

    def prove_mailbox(self, browser: Visitor) -> Page:
        """Have the mail sent, open its link in the same browser, and press its button."""
        browser.send("")
        self.work()
        browser.open(self.prove_link())
        return browser.send("")

    def prove_link(self) -> str:
        return self.spoken_link(OWN, "reset/link")

    def call_me(self, browser: Visitor) -> str:
        """Press the button, note the digits, and let the telephone ring."""
        page = browser.send("")
        self.pass_time(seconds=10)
        digits = digits_on(page)
        assert len(digits) == 6, page.text
        return digits

    def to_step_2(self, browser: Visitor) -> Page:
        self.give_password(browser)
        self.choose(browser)
        page = self.prove_mailbox(browser)
        assert page.path.endswith("/reset/call"), page.text
        return page

    def to_step_3(self, browser: Visitor, handset: Handset) -> Page:
        self.to_step_2(browser)
        handset.answer(self.call_me(browser))
        return browser.get("/reset/call")

    def enrol(self, browser: Visitor, label: str) -> tuple[App, list[str]]:
        """Register an app, with two codes in a row. Returns it, and the recovery codes that are shown."""
        browser.get("/credentials/devices/new")
        page = browser.send(kind="virtual")
        app = App(self, str(page.html.select_one("code.code").get_text()).replace(" ", ""))
        page = browser.send(label=label, **app.two_codes())
        assert page.path.endswith("/credentials/codes"), page.text
        return app, [line.get_text() for line in page.html.select("ol.codes li")]

    def enter_pass(self, browser: Visitor, code: str) -> Page:
        assert browser.page is not None
        assert browser.page.path.endswith("/mfa/pass"), browser.page.text
        return browser.send(code=code)

    # the way out

    def fill_in_the_rest(self, browser: Visitor) -> list[str]:
        """Answer what the form still asks; returns which pages those were."""
        asked: list[str] = []
        page = browser.get("/request")
        while "/request/check" not in page.path:
            step = page.path.rpartition("/")[2]
            asked.append(step)
            page = browser.answer(step, **({"language": self.language} if step == "language" else {}))
            assert not page.summary, page.summary
            assert len(asked) < 20
        return asked

    def send_request(self, browser: Visitor) -> str:
        browser.get("/request/check")
        page = browser.send(**CONSENTS)
        assert page.path.endswith("/request/sent"), page.text
        found = re.search(r"MR-[0-9A-Z]{4}-[0-9A-Z]{4}", page.text.replace(" ", ""))
        assert found
        return found[0]

    # what came by mail

    def spoken_link(self, address: str, place: str) -> str:
        """The newest link to a place, in the story's language: a mail to a registered contact may speak both."""
        pattern = re.compile(rf"{re.escape(self.base)}(/{self.language}/{place}/[A-Za-z0-9_-]{{43}})")
        return next(found[0] for text in self.texts(address) if (found := pattern.findall(text)))

    def mailed_pass(self, address: str) -> str:
        return next(found[1] for text in self.texts(address) if (found := PASS.search(text)))

    def texts(self, address: str) -> list[str]:
        """The words of the mails to an address, the newest first."""
        bodies = [
            message_from_bytes(one.raw, policy=default).get_body(("plain",)) for one in self.mails(address)
        ]
        self.world.session.rollback()
        return [body.get_content() for body in bodies if body]

    # what stands at the end

    def gone(self, label: str) -> bool:
        self.world.session.rollback()
        return self.world.removed(label)

    def words(self, english: str, japanese: str) -> str:
        return english if self.language == "en" else japanese

    def whole_streams(self) -> set[str]:
        """The kinds of streams that there are; every one of them verifies from its first event on."""
        self.world.session.rollback()
        streams = set(self.world.session.execute(select(AuditEvent.stream)).scalars())
        assert [one for one in streams if audit.first_break(self.world.session, one)] == []
        return {one.partition(":")[0] for one in streams}


def digits_on(page: Page) -> str:
    return "".join(digit.get_text() for digit in page.html.select(".call-code__digit"))
