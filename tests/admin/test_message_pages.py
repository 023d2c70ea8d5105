"""The two composers: nobody mistakes one for the other, nothing typed is lost, and a reply can be taken back."""

from __future__ import annotations

import pytest

from portal.casework import messages, verification
from portal.casework.message_drafts import Words
from portal.models import Message, MessageDraft, OutboxRow
from tests.admin.composer import GOOD, SECRET, at, open_, press
from tests.admin.conftest import Hire
from tests.admin.desk import act_form, has_form, says_in, statements, typed
from tests.casework.replies import ENGLISH, WORDS, leave, mails, note, receive, reply
from tests.sql import row_of
from tests.world import World


@pytest.fixture
def case_id(world: World) -> str:
    world.account()
    return world.verifying()


def test_the_two_composers_share_no_word_that_matters(lang: str, clerk: Hire, case_id: str) -> None:
    alice = clerk("alice", lang)
    seen = {}
    for kind in ("reply", "note"):
        page = open_(alice, case_id, kind)
        box = page.html.select_one(".composer")
        button = act_form(alice).find("button", value="send").get_text(strip=True)
        seen[kind] = (page.html.h1.get_text(strip=True), button, " ".join(box["class"]))
    assert all(mine != other for mine, other in zip(*seen.values(), strict=True))
    if lang == "en":
        assert [seen[kind][:2] for kind in seen] == [
            ("Reply to owner", "Send to owner"),
            ("Internal note", "Save note"),
        ]


def test_the_language_to_write_in_is_said_in_words_and_marked(
    clerk: Hire, world: World, case_id: str
) -> None:
    alice = clerk("alice", "en")
    page = open_(alice, case_id)
    assert "Write in this language: 日本語" in page.html.select_one(".composer__facts").get_text(
        " ", strip=True
    )
    assert {page.html.find(attrs={"name": name})["lang"] for name in ("subject", "body")} == {"ja"}


def test_a_reply_says_where_it_goes_partly_hidden(clerk: Hire, case_id: str) -> None:
    page = open_(clerk("alice", "en"), case_id)
    assert "h***@m***.example" in page.html.select_one(".composer__facts").get_text()
    assert "hanako@" not in page.text


def test_a_reply_is_sent_and_can_be_taken_back_without_script(
    clerk: Hire, world: World, case_id: str
) -> None:
    alice = clerk("alice", "en")
    open_(alice, case_id)
    page = press(alice, case_id, **GOOD)
    assert (page.code, f"/admin/messages/{case_id}/sent/" in page.path) == (200, True)
    assert "It leaves at 10:0" in page.text
    page = alice.send("/take-back/" + page.path.rsplit("/", 1)[1])
    assert page.path == at(case_id)
    assert (page.html.find(id="subject")["value"], page.html.find(id="body").get_text(strip=True)) == (
        WORDS.subject,
        WORDS.body,
    )


def test_what_has_left_is_not_taken_back_and_the_page_says_so(
    lang: str, clerk: Hire, world: World, case_id: str
) -> None:
    alice = clerk("alice", lang)
    open_(alice, case_id)
    page = press(alice, case_id, **GOOD)
    leave(world, alice.client.application)
    page = alice.send("/take-back/" + page.path.rsplit("/", 1)[1])
    assert page.code == 422
    assert not page.html.select("form[action*='take-back']")
    if lang == "en":
        assert "already left" in page.text


def test_the_preview_is_the_mail_itself(clerk: Hire, world: World, case_id: str) -> None:
    alice = clerk("alice", "en")
    open_(alice, case_id)
    page = press(alice, case_id, "preview", **GOOD)
    shown = page.html.select_one(".mail-preview__text")
    assert shown["lang"] == "ja"
    assert world.mails(case_id, "desk_reply") == []
    press(alice, case_id, **dict(GOOD.items()))
    leave(world, alice.client.application)
    (sent,) = [mail for mail in mails(world) if WORDS.subject in mail["Subject"]]
    text = sent.get_body(("plain",)).get_content().replace("\r\n", "\n")  # type: ignore[union-attr]
    before, token_and_after = text.split("/ja/status/", 1)
    assert shown.get_text().startswith(before)
    assert token_and_after.partition("\n")[2].partition("English:")[0] in shown.get_text()


def test_nothing_is_sent_without_the_button_for_it(clerk: Hire, world: World, case_id: str) -> None:
    alice = clerk("alice", "en")
    open_(alice, case_id)
    for do in (None, "preview", "anything"):
        press(alice, case_id, do, **GOOD)
    assert world.mails(case_id, "desk_reply") == []


EMPTY = {
    "subject": ("件名を入力してください", "Enter a subject"),
    "body": ("本文を入力してください。", "Enter a message"),
}


@pytest.mark.parametrize("kind", ["reply", "note"])
def test_a_secret_is_refused_in_both_and_what_was_typed_stays(
    clerk: Hire, world: World, case_id: str, kind: str
) -> None:
    alice = clerk("alice", "en")
    open_(alice, case_id, kind)
    body = "MFA コードは ４８３９２０ です。"
    fields = {"body": body} if kind == "note" else {"subject": "件名", "body": body}
    page = press(alice, case_id, kind=kind, **fields)
    says_in("en", page, "body", SECRET)
    assert page.html.find(id="body").get_text(strip=True) == body
    assert world.session.query(MessageDraft).count() == 0


def test_an_empty_message_is_asked_for(clerk: Hire, case_id: str) -> None:
    alice = clerk("alice", "en")
    open_(alice, case_id)
    says_in("en", press(alice, case_id, subject="件名", body=" "), "body", EMPTY["body"])
    says_in("en", press(alice, case_id, subject="", body="本文"), "subject", EMPTY["subject"])


def test_gaps_that_are_left_are_named(clerk: Hire, world: World, case_id: str) -> None:
    alice = clerk("alice", "en")
    open_(alice, case_id)
    page = press(alice, case_id, subject="件名", body="{期限} までに｛書類名｝を")
    says_in("en", page, "body", ("", "Fill in: 期限, 書類名"))
    assert world.mails(case_id, "desk_reply") == []


def test_the_wrong_script_is_asked_about_once(clerk: Hire, world: World, case_id: str) -> None:
    alice = clerk("alice", "en")
    page = open_(alice, case_id)
    assert page.html.find(id="other_script") is None
    page = press(alice, case_id, subject=ENGLISH.subject, body=ENGLISH.body)
    assert page.code == 422
    assert page.html.find(id="other_script") is not None
    assert press(alice, case_id, other_script="y").code == 200
    assert len(world.mails(case_id, "desk_reply")) == 1


# who may, and who was faster


def test_whoever_has_the_case_is_named_to_those_who_cannot_reply(clerk: Hire, case_id: str) -> None:
    vic = clerk("vic", "en")
    page = open_(vic, case_id)
    assert "Alice Verity has this case, so only they can reply." in page.text
    assert not has_form(page)


def test_a_colleagues_answer_is_shown_beside_ones_own(clerk: Hire, world: World) -> None:
    world.account()
    case_id = world.declined()
    alice = clerk("alice", "en")
    open_(alice, case_id)
    reply(world, case_id, Words("結果", "担当の Vic です。ご説明します。"), name="vic")
    page = press(alice, case_id, **GOOD)
    assert page.code == 409
    assert "Vic Verdi updated this" in page.text
    assert "ご説明します。" in page.html.select_one(".panel").get_text()
    assert page.html.find(id="body").get_text(strip=True) == WORDS.body
    assert press(alice, case_id).code == 200
    assert len(world.mails(case_id, "desk_reply")) == 2


def test_a_case_that_was_taken_over_keeps_what_was_typed_on_the_page_and_as_a_draft(
    clerk: Hire, world: World, case_id: str
) -> None:
    alice = clerk("alice", "en")
    open_(alice, case_id)
    verification.take_over(world.as_("vic"), case_id, "Alice is away")
    page = press(alice, case_id, **GOOD)
    assert page.code in {409, 422}
    assert WORDS.body in page.text
    assert "Vic Verdi has this case" in page.text
    assert world.session.query(MessageDraft).count() == 1


def test_notes_are_kept_from_a_second_person_who_has_not_seen_for_themselves(
    clerk: Hire, world: World
) -> None:
    world.account()
    case_id = world.verifying()
    note(world, case_id, "免許証に違和感あり。")
    world.check("alice", case_id)
    world.propose("alice", case_id)
    bob = clerk("bob", "en")
    page = open_(bob, case_id, "note")
    assert "違和感" not in page.text
    assert "Internal notes are shown after you have opened every check yourself." in page.text
    world.open_checks("bob", case_id)
    assert "違和感" in open_(bob, case_id, "note").text


def test_a_failed_reply_is_sent_again_from_its_case(clerk: Hire, world: World, case_id: str) -> None:
    alice = clerk("alice", "en")
    message = reply(world, case_id)
    with world.system.act():
        row = world.session.get_one(OutboxRow, message.outbox_id)
        row.state, row.done_at = "dead", world.now
    page = open_(alice, case_id)
    assert "Not sent. Your draft is saved." in page.text
    page = alice.send(f"/again/{message.id}")
    assert page.path == f"/admin/case/{case_id}"
    assert row_of(world, "outbox", id=message.outbox_id)["state"] == "pending"


@pytest.mark.parametrize("place", ["take-back", "again", "sent"])
def test_another_cases_message_is_not_there(clerk: Hire, world: World, case_id: str, place: str) -> None:
    message = reply(world, case_id)
    other = world.queued(account_email="p@nowhere.example", reply_email="p@nowhere.example")
    alice = clerk("alice", "en")
    open_(alice, case_id)
    address = f"/admin/messages/{other}/{place}/{message.id}"
    page = alice.get(address) if place == "sent" else alice.post(address, {"csrf_token": alice.token})
    assert page.code == 404


@pytest.mark.parametrize("name", ["chika", "ada"])
def test_compliance_and_administrators_have_no_composer(clerk: Hire, case_id: str, name: str) -> None:
    assert clerk(name, "en").get(at(case_id)).code == 403


def test_a_hand_made_form_is_refused_in_words(clerk: Hire, world: World, case_id: str) -> None:
    alice = clerk("alice", "en")
    open_(alice, case_id)
    sent = {**typed(alice, **GOOD), "do": "send"}
    for changed in ({"version": "x"}, {"version": ""}):
        assert alice.post(at(case_id), {**sent, **changed}).code == 400
    for changed in (
        {"shown": "-1"},
        {"shown": "9" * 30},
        {"subject": "a\r\nBcc: x@y.example"},
    ):
        assert alice.post(at(case_id), {**sent, **changed, "version": "1"}).code in {409, 422}
    assert alice.get(f"/admin/messages/{case_id}/owner/live").code in {404, 405}
    assert world.mails(case_id, "desk_reply") == []


def test_a_note_has_no_template_also_where_a_hand_made_form_asks_for_one(
    clerk: Hire, world: World, case_id: str
) -> None:
    alice = clerk("alice", "en")
    open_(alice, case_id, "note")
    assert press(alice, case_id, "insert", "note", body="声が若い。", template="x").code == 200
    assert world.session.query(Message).one().kind == "note"


def test_a_draft_that_is_too_long_to_be_kept_is_said_to_be(clerk: Hire, world: World, case_id: str) -> None:
    alice = clerk("alice", "en")
    open_(alice, case_id)
    sent = typed(alice, subject="件名", body="あ" * 20_001)
    said = alice.client.post(at(case_id) + "/live", data=sent).json["said"]
    assert said == "Message must be 20,000 characters or less"
    assert world.session.query(MessageDraft).count() == 0
    assert press(alice, case_id, subject="件名", body="あ" * 20_001).code == 422


def test_the_page_takes_the_same_statements_however_much_was_said(
    clerk: Hire, world: World, case_id: str
) -> None:
    alice = clerk("alice", "en")
    numbers = []
    for more in (1, 5):
        for _ in range(more):
            receive(world, case_id)
            note(world, case_id)
        open_(alice, case_id)
        with statements(world) as seen:
            open_(alice, case_id)
        numbers.append(len(seen))
    assert numbers[0] == numbers[1]


def test_what_an_owner_typed_is_escaped_and_marked_with_its_language(
    clerk: Hire, world: World, case_id: str
) -> None:
    messages.receive(world.owner, world.case(case_id), "<script>alert(1)</script>です")
    page = open_(clerk("alice", "en"), case_id)
    assert page.html.find("script", string="alert(1)") is None
    assert page.html.select_one(".said--owner .said__body")["lang"] == "ja"
