"""The self-service reset from its first page to its last, and every way that leads out of it, over HTTP."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from portal.casework import facts
from portal.domain.policy import Verdict
from portal.models import Account, IdentityCheck
from tests.casework.keepers import NEW, iam_user, numbers, root_user
from tests.journeys.reset_whole import NUMBER, OTHER, OWN, App, Handset, ResetStory, digits_on
from tests.journeys.story import LANGUAGES
from tests.public.visitor import Visitor
from tests.world import World


@pytest.fixture
def world(calling_world: World) -> World:
    return calling_world


@pytest.fixture
def account(world: World) -> Account:
    return world.account()


@pytest.mark.parametrize("language", LANGUAGES)
def test_from_a_lost_device_to_a_new_one_without_the_desk(
    world: World, account: Account, language: str
) -> None:
    story = ResetStory(world, language)
    owner, handset = story.reader(), Handset(story, NUMBER)
    old = App(story, str(root_user(world, account).secret))
    # a request was sent before; whoever helps themselves does not need it any more
    reference = story.file()
    story.confirm(OWN)
    assert story.is_at(reference) == "queued"
    handset.hear_all()

    page = story.give_password(owner)
    assert page.path == f"/{language}/mfa"
    page = story.choose(owner)
    assert page.path == f"/{language}/reset/mail"
    assert OWN not in page.response.text
    by_the_mailed_link(story, owner)
    by_the_call(story, owner, handset)

    told = {address: len(story.texts(address)) for address in (OWN, OTHER)}
    page = owner.send("")
    assert page.path == f"/{language}/reset/done"
    assert (story.gone("Phone"), story.gone("Drawer key")) == (True, False)
    story.work()
    [paper] = [each for each in owner.get("/reset/done").links() if "/reset/paper/" in each]
    assert owner.client.get(paper).data.startswith(b"%PDF-")
    for address, before in told.items():
        new_mails = story.texts(address)[: len(story.texts(address)) - before]
        assert [text for text in new_mails if "Phone" in text and "/stop/" in text]
    handset.wait()
    assert handset.hear_all() == 1
    assert (story.is_at(reference), story.case(reference).close_reason) == ("cancelled", "self_service")

    new, recovery = story.enrol(owner, "New phone")
    assert owner.send(saved="y").path == f"/{language}/credentials/devices/added"
    owner.send("sign-out")
    signed_in_by_the_new_device_only(story, owner, old, new)
    each_recovery_code_once(story, owner, recovery)
    story.work()
    assert story.whole_streams() >= {"account", "case"}


def by_the_mailed_link(story: ResetStory, owner: Visitor) -> None:
    """Steps 4 to 8: whoever only looks at the link changes nothing, its button proves the mailbox."""
    owner.send("")
    story.work()
    link = story.prove_link()
    scanner = story.app.test_client()
    for _ in range(3):
        assert (scanner.get(link).status_code, scanner.head(link).status_code) == (200, 200)
    owner.open(link)
    assert owner.get("/reset/call").path == f"/{story.language}/reset/mail"
    owner.open(link)
    assert owner.send("").path == f"/{story.language}/reset/call"


def by_the_call(story: ResetStory, owner: Visitor, handset: Handset) -> None:
    """Steps 8 and 9: the digits of the page, keyed in on the telephone."""
    digits = story.call_me(owner)
    assert owner.get("/reset/remove").path == f"/{story.language}/reset/call"
    handset.answer(digits)
    assert owner.get("/reset/call").path == f"/{story.language}/reset/remove"
    assert story.gone("Phone") is False


def signed_in_by_the_new_device_only(story: ResetStory, owner: Visitor, old: App, new: App) -> None:
    story.give_password(owner)
    page = owner.send(code=old.code())
    assert (page.code, len(page.errors_at("code"))) == (422, 1)
    page = owner.send(code=new.code())
    assert page.path == f"/{story.language}/credentials"
    names = [row.get_text(strip=True) for row in page.html.select("th[scope=row]")]
    assert names == ["Drawer key", "New phone"]
    owner.send("sign-out")


def each_recovery_code_once(story: ResetStory, owner: Visitor, recovery: list[str]) -> None:
    assert len(set(recovery)) == 10
    story.give_password(owner)
    owner.follow(story.words("Use a recovery code", "リカバリーコードを使う"))
    assert owner.send(code=recovery[0]).path == f"/{story.language}/credentials"
    owner.send("sign-out")
    story.give_password(owner)
    owner.get("/mfa/recovery-code")
    assert owner.send(code=recovery[0]).code == 422


@pytest.mark.parametrize("language", LANGUAGES)
def test_who_cannot_answer_the_call_goes_on_with_the_form_and_the_agent_sees_why(
    world: World, account: Account, language: str
) -> None:
    story = ResetStory(world, language)
    owner, handset = story.reader(), Handset(story, NUMBER)
    story.to_step_2(owner)
    story.call_me(owner)
    assert handset.rings()
    handset.do("ring_out")
    page = owner.get("/reset/call")
    assert story.words("No answer", "応答なし") in page.text
    assert digits_on(page) == ""

    page = owner.send("to-form")
    assert page.path.startswith(f"/{language}/request/")
    asked = story.fill_in_the_rest(owner)
    assert not {"user", "account", "registered-phone"} & set(asked)
    reference = story.send_request(owner)
    story.owner = owner
    story.confirm(OWN)
    assert story.is_at(reference) == "queued"

    text = story.open("alice", reference).text
    assert (
        story.words("Step 2, phone: Nobody answered the call", "ステップ 2（電話）：電話に応答がなかった")
        in text
    )
    assert story.words("Password proven", "パスワードの確認") in text
    assert story.case(reference).proven_by == "password"
    assert story.gone("Phone") is False
    assert story.whole_streams() >= {"account", "case"}


def correct_the_number(story: ResetStory, account: Account) -> Handset:
    """An IAM user signs in with their own device, and the new number's holder keys in what the page shows."""
    taro = iam_user(story.world, account, "taro", edits=True)
    browser, handset = story.reader(), Handset(story, NEW)
    name = {"account_number": account.number, "username": "taro"}
    page = story.sign_in(browser, App(story, str(taro.secret)), **name)
    assert page.path == f"/{story.language}/credentials"
    browser.follow(story.words("Change the registered phone number", "登録した電話番号を変更する"))
    page = browser.send(number="090-0000-1111", code=App(story, str(taro.secret)).code())
    assert page.path == f"/{story.language}/credentials/phone/call", page.text
    handset.answer(story.call_me(browser))
    assert numbers(story.world, account) == [NEW]
    page = browser.get("/credentials/phone/call")
    assert not page.html.main.find_all("form")
    browser.get("/credentials")
    browser.send("sign-out")
    return handset


@pytest.mark.parametrize("language", LANGUAGES)
def test_nine_on_the_old_number_within_the_wait_brings_it_back_and_nothing_is_removed(
    world: World, account: Account, language: str
) -> None:
    story = ResetStory(world, language)
    handset, old_number = correct_the_number(story, account), Handset(story, NUMBER)
    story.work()
    assert old_number.rings()
    old_number.do("busy")  # it rings again an hour later
    story.pass_time(minutes=2)  # between two calls to one number there is a pause
    owner = story.reader()
    page = story.to_step_3(owner, handset)
    assert page.html.select("form[action$='/reset/stop']")

    # of the wait it is told as well; then the notice of the change is spoken that did not come through before
    old_number.wait()
    old_number.answer("")
    story.pass_time(minutes=50)
    old_number.wait()
    assert numbers(world, account) == [NEW]
    old_number.answer("9")
    assert numbers(world, account) == [NUMBER]
    story.pass_time(hours=73)
    assert story.gone("Phone") is False
    assert owner.get("/reset/remove").path != f"/{language}/reset/remove"
    assert story.whole_streams() >= {"account"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_corrected_number_serves_at_once_and_the_removal_waits_three_days(
    world: World, account: Account, language: str
) -> None:
    story = ResetStory(world, language)
    handset, old_number = correct_the_number(story, account), Handset(story, NUMBER)
    story.work()
    assert all(story.spoken_link(address, "revert") for address in (OWN, OTHER))
    assert old_number.hear_all() == 1
    assert not old_number.rings()

    owner = story.reader()
    page = story.to_step_3(owner, handset)
    assert page.path == f"/{language}/reset/remove"
    assert page.html.select("form[action$='/reset/stop']")  # the page of the wait, which has no other button
    assert not page.html.select("#remove")
    story.pass_time(hours=71, minutes=50)
    assert story.gone("Phone") is False
    handset.hear_all()
    old_number.hear_all()
    story.pass_time(minutes=30)
    assert (story.gone("Phone"), story.gone("Drawer key")) == (True, False)
    assert all(story.spoken_link(address, "stop") for address in (OWN, OTHER))

    # the browser of that day is signed out; the password alone lets nobody in
    assert owner.get("/credentials").path == f"/{language}/sign-in"
    page = story.give_password(owner)
    assert page.path == f"/{language}/mfa/pass"
    assert owner.get("/credentials").path != f"/{language}/credentials"
    owner.get("/mfa/pass")
    owner.send("pass/send")
    story.work()
    code = story.mailed_pass(OWN)
    assert story.enter_pass(owner, code).path == f"/{language}/credentials"
    new, _recovery = story.enrol(owner, "New phone")
    owner.send(saved="y")
    owner.send("sign-out")
    assert story.sign_in(owner, new).path == f"/{language}/credentials"
    assert story.whole_streams() >= {"account"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_root_user_removes_an_iam_users_device_and_hands_over_the_pass(
    world: World, account: Account, language: str
) -> None:
    story = ResetStory(world, language)
    jiro = iam_user(world, account, "jiro")
    name = {"account_number": account.number, "username": "jiro"}
    old = App(story, str(jiro.secret))
    root, key = story.reader(), App(story, str(root_user(world, account).secret))
    story.sign_in(root, key)
    page = root.follow(story.words("MFA devices of IAM users", "IAM ユーザーの MFA デバイス"))
    [remove] = [link for link in page.links() if link.endswith("/remove")]
    root.open(remove)
    page = root.send(reason="Lost phone", code=key.code())
    handed_over = page.html.select_one(".code").get_text(strip=True)[:14]
    assert story.gone("jiro's phone") is True
    assert handed_over not in root.open(remove).response.text
    story.work()
    assert all(story.spoken_link(address, "stop") for address in (OWN, OTHER))
    assert not [text for text in story.texts(OWN) + story.texts(OTHER) if handed_over in text]

    user = story.reader()
    page = story.give_password(user, **name)
    assert page.path == f"/{language}/mfa/pass"
    assert user.get("/credentials/devices/new").path != f"/{language}/credentials/devices/new"
    user.get("/mfa/pass")
    assert story.enter_pass(user, "AAAA-AAAA-AAAA").code == 422
    assert story.enter_pass(user, handed_over).path == f"/{language}/credentials"
    new, recovery = story.enrol(user, "New phone")
    assert len(set(recovery)) == 10
    user.send(saved="y")
    user.send("sign-out")
    story.give_password(user, **name)
    assert user.send(code=old.code()).code == 422
    assert user.send(code=new.code()).path == f"/{language}/credentials"
    assert story.whole_streams() >= {"account"}


def handed_to_the_desk(story: ResetStory) -> str:
    """A request of somebody who proved the password and got no call, confirmed, and claimed by Alice."""
    owner = story.owner = story.reader()
    story.to_step_2(owner)
    story.call_me(owner)
    handset = Handset(story, NUMBER)
    assert handset.rings()
    handset.do("busy")
    owner.get("/reset/call")
    owner.send("to-form")
    story.fill_in_the_rest(owner)
    reference = story.send_request(owner)
    story.confirm(OWN)
    story.claim("alice", reference)
    return reference


@pytest.mark.parametrize("language", LANGUAGES)
def test_password_mailbox_and_the_owners_call_complete_the_set(
    world: World, account: Account, language: str
) -> None:
    story = ResetStory(world, language)
    reference, handset = handed_to_the_desk(story), Handset(story, NUMBER)
    # confirming the request from the registered address has proven the mailbox
    assert matched(world, story, reference) == ["H1"]
    assert not verdict(world, story, reference).met
    story.act("alice", reference, "checks/{case}/ask", items=["H2"])
    story.work()

    owner = story.owner
    owner.open(story.spoken_link(OWN, "status"))
    story.pass_time(minutes=2)
    page = owner.get("/status/call")
    assert digits_on(page) == ""
    handset.answer(story.call_me(owner))
    assert digits_on(owner.get("/status/call")) == ""
    assert matched(world, story, reference) == ["H1", "H2"]
    found = verdict(world, story, reference)
    assert (found.met, found.set_key) == (True, "password")
    assert story.is_at(reference) == "verifying"  # all that was asked for is done
    story.propose("alice", reference)
    assert story.is_at(reference) == "pending_approval"
    assert story.whole_streams() >= {"account", "case"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_desk_has_the_number_called_and_only_the_status_page_shows_the_digits(
    world: World, account: Account, language: str
) -> None:
    story = ResetStory(world, language)
    reference, handset = handed_to_the_desk(story), Handset(story, NUMBER)
    owner = story.owner
    owner.open(story.spoken_link(OWN, "status"))
    story.pass_time(minutes=2)
    phone = world.contacts(account, "phone")[0].id
    page = story.act("alice", reference, "checks/{case}/call", contact=phone)
    story.pass_time(seconds=10)
    digits = digits_on(owner.get("/status"))
    assert len(digits) == 6
    assert digits not in page.response.text
    assert digits not in story.open("alice", reference).response.text
    handset.answer(digits)
    assert matched(world, story, reference) == ["H1", "H3"]
    assert digits_on(owner.get("/status")) == ""
    assert story.whole_streams() >= {"account", "case"}


def matched(world: World, story: ResetStory, reference: str) -> list[str]:
    case_id = story.case(reference).id
    query = select(IdentityCheck.method).where(
        IdentityCheck.case_id == case_id,
        IdentityCheck.result == "match",
        IdentityCheck.attested_by == "system",
    )
    return sorted(world.session.execute(query).scalars())


def verdict(world: World, story: ResetStory, reference: str) -> Verdict:
    """Whether the checks are enough, as the approval will judge them."""
    return facts.verdict_of(world.system, story.case(reference))
