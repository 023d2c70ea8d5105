"""The reset that owners do themselves, from the sign-in page to the new device, and every way in which it ends elsewhere.

All over HTTP: the owner's browsers, the telephone of the demo, the mails, the real worker.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pyotp
import pytest
from pypdf import PdfReader
from sqlalchemy import select

from portal.models import Account, SelfService
from tests.casework import owners
from tests.casework.keepers import NEW, iam_user, numbers, root_user
from tests.journeys.reset_story import EVERYBODY, PHONE, ResetStory
from tests.journeys.story import LANGUAGES, TO_THE_FORM
from tests.people import HANAKO
from tests.public.records import everything
from tests.public.resetting import press
from tests.public.visitor import CONSENTS, Visitor
from tests.world import World

OWN, OTHER = HANAKO["account_email"], HANAKO["second_email"]

pytestmark = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture
def world(calling_world: World) -> World:
    return calling_world


@pytest.fixture
def account(world: World) -> Account:
    return world.account()


@pytest.fixture
def story(world: World, account: Account, language: str) -> ResetStory:
    return ResetStory(world, language)


def old_device(world: World) -> pyotp.TOTP:
    """The device as somebody would have it who finds it."""
    return pyotp.TOTP(owners.secret_of(world, owners.devices(world, owners.only_root(world))[0]))


def attempt(world: World) -> SelfService:
    world.session.rollback()
    query = select(SelfService).order_by(SelfService.created_at.desc()).limit(1)
    return world.session.execute(query.execution_options(populate_existing=True)).scalar_one()


# the whole way, of which test_reset_whole.py tells the rest


def test_opening_the_link_ten_times_changes_no_row(story: ResetStory, world: World, language: str) -> None:
    owner, scanner = story.owner, story.browser()
    story.to_mail(owner)
    link = story.mailed_link(owner)
    before = everything(world)
    for _ in range(10):
        assert scanner.get(link).code == 200
        assert scanner.client.head(f"/{language}{link}").status_code == 200
    assert everything(world) == before
    story.read(owner.get(link))
    story.read(owner.send(""), "/reset/call")


def test_the_paper_names_the_device_and_no_code_counts_twice(
    story: ResetStory, world: World, language: str
) -> None:
    lost, owner = old_device(world), story.owner
    story.to_remove(owner)
    assert not story.removed("Phone")
    story.read(owner.send(""), "/reset/done")
    story.work()
    assert "Phone" in paper_text(story, owner)
    assert story.told("self_service_done") == EVERYBODY
    owner.get("/reset/done")
    new = story.enrol(owner, "New phone")
    codes = story.save_codes(owner)
    story.work()
    assert story.told("device_registered") == EVERYBODY
    story.sign_out(owner)
    signs_in_with_the_new_device_only(story, owner, lost, new)
    signs_in_once_with_each_recovery_code(story, owner, codes)
    assert story.chains_hold()


def paper_text(story: ResetStory, owner: Visitor) -> str:
    page = owner.get("/reset/done")
    paper = next(link for link in page.links() if re.search(r"/reset/paper/[0-9a-f]{32}$", link))
    answer = owner.client.get(paper)
    assert answer.mimetype == "application/pdf"
    return "".join(sheet.extract_text() for sheet in PdfReader(BytesIO(answer.data)).pages)


def signs_in_with_the_new_device_only(
    story: ResetStory, owner: Visitor, lost: pyotp.TOTP, new: pyotp.TOTP
) -> None:
    story.give_password(owner)
    assert owner.send("", code=story.code_of(lost)).code == 422
    story.read(owner.send("", code=story.code_of(new)), "/credentials")
    used = new.at(story.world.now)
    story.sign_out(owner)
    story.give_password(owner)
    assert owner.send("", code=used).code == 422
    assert owner.get("/credentials").path.endswith("/mfa")


def signs_in_once_with_each_recovery_code(story: ResetStory, owner: Visitor, codes: list[str]) -> None:
    story.read(owner.get("/mfa/recovery-code"))
    story.read(owner.send("", code=codes[0]), "/credentials")
    story.work()
    assert story.told("owner_recovery_used") == EVERYBODY
    story.sign_out(owner)
    story.give_password(owner)
    owner.get("/mfa/recovery-code")
    assert owner.send("", code=codes[0]).code == 422
    owner.get("/mfa/recovery-code")
    story.read(owner.send("", code=codes[1]), "/credentials")


# another browser


def test_the_link_goes_on_in_the_browser_where_the_password_is_given_again(
    story: ResetStory, world: World, language: str
) -> None:
    first, second, thief = story.owner, story.browser(), story.browser()
    story.to_mail(first)
    story.give_password(thief)
    link = story.mailed_link(first)
    assert story.read(second.get(link)).html.select_one('input[type="password"]')
    assert second.send("", password="wrong horse battery").code == 422
    story.read(second.send("", password=owners.PASSWORD), "/reset/call")

    # the first browser is told where it goes on, and what it still sends leads nowhere
    story.read(first.get("/reset/mail"), "/reset/elsewhere")
    assert press(first, "/reset/call", language=language).path == f"/{language}/reset/elsewhere"
    # whoever has the password in a third browser is nobody's step further
    assert press(thief, "/reset/call", language=language).path == f"/{language}/reset"
    assert story.calls() == []

    call, digits = story.call_me(second)
    for other in (first, thief):
        for path in ("/reset/call", "/reset", "/reset/remove", "/mfa"):
            assert digits not in other.get(path).response.text
    story.pick_up(call)
    story.key(digits)
    for other in (first, thief):
        assert press(other, "/reset/remove").path != f"/{language}/reset/done"
    assert not story.removed("Phone")
    story.read(second.get("/reset/call"), "/reset/remove")
    story.read(second.send(""), "/reset/done")

    # and after the removal both are signed out, and the password alone registers nothing
    for other in (first, thief):
        assert other.get("/credentials/devices/new").path == f"/{language}/sign-in"
    assert story.give_password(thief).path == f"/{language}/mfa/pass"
    assert thief.get("/credentials/devices/new").path == f"/{language}/mfa/pass"
    assert story.chains_hold()


# this was not me


def test_nine_on_the_telephone_stops_everything_and_a_lead_is_asked(
    story: ResetStory, world: World, language: str
) -> None:
    thief = story.owner
    story.to_call(thief)
    call, _digits = story.call_me(thief)
    story.pick_up(call)
    story.telephone.send("/keys", digits="9")
    story.work()

    assert thief.get("/reset/call").path == f"/{language}/sign-in"
    case = story.only_case()
    assert (case.status, case.theft_suspected) == ("frozen", True)
    lead = story.clerk("lee")
    assert any(case.id in link for link in lead.get("/admin/queue/?view=on_hold").links())
    assert story.told("frozen") == EVERYBODY
    assert story.mails("lee@desk.example")
    assert (story.removed("Phone"), attempt(world).failed_reason) == (False, "stopped")

    # the password still opens the door, and the way is closed until the leads have decided
    story.give_password(thief)
    thief.get("/reset")
    box = thief.page.html.select_one('input[name="device"]')  # type: ignore[union-attr]
    story.read(thief.send("", device=str(box["value"])), "/reset/closed")
    assert story.chains_hold()


# the desk, with all that is known


def fill_in(story: ResetStory, owner: Visitor) -> list[str]:
    """Answer what the form still asks; returns which pages that were."""
    asked = []
    page = owner.get("/request")
    while not page.path.endswith("/request/check"):
        step = page.path.rpartition("/")[2]
        asked.append(step)
        page = owner.answer(step, **({"language": story.language} if step == "language" else {}))
        assert not page.summary, page.summary
    return asked


def hand_over(story: ResetStory, reason: str) -> list[str]:
    """Press the button that leads from the owner's own path to the form, and send that."""
    owner = story.owner
    assert owner.page is not None
    forms = owner.page.html.select('form[action$="/reset/to-form"]')
    form = next(one for one in forms if one.find("input", attrs={"name": "reason", "value": reason}))
    sent = {str(field["name"]): str(field["value"]) for field in form.select("input[name]")}
    page = owner.post(str(form["action"]), sent)
    assert page.path.startswith(f"/{story.language}/request/"), page.text
    asked = fill_in(story, owner)
    story.read(owner.send(**CONSENTS), "/request/sent")
    return asked


def correct_the_number(story: ResetStory, world: World, account: Account) -> None:
    """An IAM user who may do it puts another number into the register, and its holder keys in the digits."""
    taro = iam_user(world, account, "taro", edits=True)
    browser = story.browser()
    story.sign_in_as(taro, browser)
    story.read(story.go(browser, "/credentials/phone"))
    story.read(browser.send("", number="090-0000-1111", code=taro.code()), "/credentials/phone/call")
    call, digits = story.call_me(browser, NEW)
    story.pick_up(call)
    story.key(digits)
    story.read(browser.get("/credentials/phone/call"))
    assert numbers(world, account) == [NEW]
    story.work()
    assert story.told("phone_changed") == EVERYBODY


def reset_with_the_new_number(story: ResetStory, world: World) -> None:
    page = story.to_remove(story.owner, NEW)
    assert page.html.select('form[action$="/reset/stop"]')
    assert press(story.owner, "/reset/remove").path == f"/{story.language}/reset/remove"
    story.work()
    assert story.told("self_service_waiting") == EVERYBODY
    assert not story.removed("Phone")


def test_the_holder_of_the_old_number_stops_the_reset_itself(
    story: ResetStory, world: World, account: Account, language: str
) -> None:
    correct_the_number(story, world, account)
    story.hear_out(story.notice_rings("phone_changed"))
    reset_with_the_new_number(story, world)
    for _ in range(10):
        if any(call.kind == "notice" for call in story.calls()):
            break
        story.pass_time(minutes=1)
    story.pick_up(story.notice_rings("self_service_waiting"))
    story.key("9")
    story.work()

    assert story.told("frozen") == EVERYBODY
    nothing_goes_on(story)
    assert story.chains_hold()


def nothing_goes_on(story: ResetStory) -> None:
    """The account is on hold for the leads, the browser signed out, and the wait comes to nothing."""
    assert story.only_case().status == "frozen"
    assert story.owner.get("/reset/remove").path == f"/{story.language}/sign-in"
    story.pass_time(hours=73)
    assert not story.removed("Phone")


# the telephone at the desk


def test_the_wait_starts_when_the_telephone_has_told_and_afterwards_the_pass_is_needed(
    story: ResetStory, language: str
) -> None:
    owner = story.owner
    story.to_mail(owner)
    hand_over(story, "mail_not_received")
    reference = story.only_case().reference
    story.confirm(OWN)
    story.claim("alice", reference)
    story.read(story.status(OWN))
    called_back(story, reference)
    story.propose("alice", reference)
    story.decide("bob", reference)
    story.work()
    case = story.case(reference)
    assert (case.status, case.policy_set, case.waiting_started_at) == ("cooling_off", "password", None)
    story.hear_out(story.notice_rings("approved"))
    story.work()
    assert story.case(reference).waiting_started_at is not None

    story.pass_time(hours=25)
    story.execute("alice", reference)
    story.work()
    assert (story.is_at(reference), story.removed("Phone")) == ("deactivated", True)
    story.read(story.give_password(owner), "/mfa/pass")
    story.read(owner.send("", code=story.mailed_pass(owner)), "/credentials")
    story.enrol(owner, "New phone")
    assert story.chains_hold()


def called_back(story: ResetStory, reference: str) -> None:
    story.world.now += owners.STEP * 4
    clerk = story.clerk("alice")
    page = clerk.get(f"/admin/checks/{story.case(reference).id}/call")
    assert PHONE not in page.response.text
    contact = str(page.html.select_one("[name=contact]")["value"])
    assert clerk.send(contact=contact).code == 200
    story.work()
    shown = story.read(story.owner.get("/status/call"))
    digits = "".join(digit.text for digit in shown.html.select(".call-code__digit"))
    story.pick_up(story.rings(kind="callback"))
    story.key(digits)
    story.work()


# without a telephone


@pytest.fixture
def silent_story(database_url: str, tmp_path: Path, language: str) -> Iterator[ResetStory]:
    made = World(database_url, tmp_path)
    made.account()
    yield ResetStory(made, language)
    made.close()


def test_without_a_telephone_the_questions_lead_to_the_form(silent_story: ResetStory, language: str) -> None:
    owner = silent_story.owner
    page = owner.get("/triage")
    for question, answer in (TO_THE_FORM | {"phone": "yes"}).items():
        if question == "contact_editor":  # is asked only where nobody answers the telephone
            break
        assert page.path.endswith(f"/triage/{question}")
        page = owner.send(answer=answer)
    silent_story.read(page, "/triage/result")
    found = {str(link["href"]) for link in page.html.main.find_all("a")}
    assert f"/{language}/request" in found
    assert f"/{language}/sign-in" not in found


def test_without_a_telephone_signing_in_works_and_the_reset_is_not_offered(
    silent_story: ResetStory, language: str
) -> None:
    story, owner = silent_story, silent_story.owner
    story.sign_in_as(root_user(story.world, only_account(story.world)), owner)
    story.sign_out(owner)
    story.give_password(owner)
    page = story.read(story.go(owner, "/mfa/trouble"))
    assert f"/{language}/reset" not in page.links()
    assert f"/{language}/request" in page.links()

    # who still has the address is told that this way is closed, and goes on with the password proven
    story.read(owner.get("/reset"), "/reset/closed")
    hand_over(story, "other_way")
    reference = story.only_case().reference
    story.confirm(OWN)
    assert (story.is_at(reference), story.case(reference).proven_by) == ("queued", "password")
    assert story.chains_hold()


def only_account(world: World) -> Account:
    world.session.rollback()
    return world.session.execute(select(Account)).scalar_one()
