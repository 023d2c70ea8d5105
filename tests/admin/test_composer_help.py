"""What helps whoever writes: templates with gaps, and drafts that outlive the session."""

from __future__ import annotations

from datetime import timedelta

import pytest

from portal import i18n
from portal.casework import message_drafts, templates, verification
from portal.models import MessageDraft
from tests.admin.composer import GOOD, SECRET, at, open_, press
from tests.admin.conftest import Hire
from tests.admin.desk import says_in, typed
from tests.casework.replies import WORDS
from tests.sql import row_of
from tests.world import World


@pytest.fixture
def case_id(world: World) -> str:
    world.account()
    return world.verifying()


@pytest.fixture
def offered(world: World) -> dict[str, str]:
    lee = world.as_("lee")
    templates.create(
        lee, "ja", "期限のご案内", "期限について", "受付番号 {受付番号} の {書類名} を {期限} までに。"
    )
    templates.create(lee, "en", "Due date", "About the due date", "Send it by {due}.")
    return {one.row.language: one.version.id for one in templates.offered(world.system)}


def test_templates_of_the_owners_language_stand_first_and_others_are_marked(
    clerk: Hire, case_id: str, offered: dict[str, str]
) -> None:
    page = open_(clerk("alice", "en"), case_id)
    groups = page.html.find(id="template").find_all("optgroup")
    assert [[option["value"] for option in group.find_all("option")] for group in groups] == [
        [offered["ja"]],
        [offered["en"]],
    ]
    assert groups[1]["label"] == "In another language: the owner may not be able to read it"


def test_a_template_is_put_in_with_what_the_desk_knows(
    clerk: Hire, world: World, case_id: str, offered: dict[str, str]
) -> None:
    alice = clerk("alice", "en")
    open_(alice, case_id)
    page = press(alice, case_id, "insert", body="お世話になります。", template=offered["ja"])
    assert page.html.find(id="subject")["value"] == "期限について"
    reference = world.case(case_id).reference
    text = page.html.find(id="body").get_text().strip()
    assert (
        text.replace("\r", "")
        == f"お世話になります。\n\n受付番号 {reference} の {{書類名}} を {{期限}} までに。"
    )
    page = press(alice, case_id)
    says_in("en", page, "body", ("", "Fill in: 書類名, 期限"))
    press(alice, case_id, body="書類を明日までに。")
    assert row_of(world, "message", kind="reply")["template_version_id"] == offered["ja"]


def test_a_due_date_that_is_set_is_filled_in(
    clerk: Hire, world: World, case_id: str, offered: dict[str, str]
) -> None:
    verification.ask(world.as_("alice"), case_id, ["H4"])
    alice = clerk("alice", "en")
    open_(alice, case_id)
    page = press(alice, case_id, "insert", template=offered["ja"])
    assert i18n.when(world.case(case_id).asked_until, "ja") in page.html.find(id="body").get_text()


def test_a_template_of_another_language_needs_a_tick(
    clerk: Hire, case_id: str, offered: dict[str, str]
) -> None:
    alice = clerk("alice", "en")
    open_(alice, case_id)
    page = press(alice, case_id, "insert", template=offered["en"])
    assert page.code == 422
    assert page.errors_at("other_language")
    page = press(alice, case_id, "insert", template=offered["en"], other_language="y")
    assert page.html.find(id="subject")["value"] == "About the due date"


@pytest.mark.parametrize("template", ["", "0" * 32, "x" * 40])
def test_a_template_that_is_none_is_asked_for(clerk: Hire, case_id: str, template: str) -> None:
    alice = clerk("alice", "en")
    open_(alice, case_id)
    page = press(alice, case_id, "insert", template=template)
    says_in("en", page, "template", ("", "Select a template"))


def test_a_made_up_template_version_breaks_nothing(clerk: Hire, world: World, case_id: str) -> None:
    alice = clerk("alice", "en")
    open_(alice, case_id)
    assert press(alice, case_id, **GOOD, template_version="0" * 32).code == 200
    assert row_of(world, "message")["template_version_id"] is None


# drafts


def test_a_draft_is_kept_by_preview_and_shown_when_its_writer_comes_back(
    clerk: Hire, world: World, case_id: str
) -> None:
    alice = clerk("alice", "en")
    open_(alice, case_id)
    press(alice, case_id, "preview", **GOOD)
    page = open_(alice, case_id)
    assert "This is your draft of" in page.text
    assert page.html.find(id="body").get_text(strip=True) == WORDS.body
    page = alice.send("/reply/forget")
    assert page.path == f"/admin/case/{case_id}"
    assert world.session.query(MessageDraft).count() == 0


def test_a_page_saves_by_itself_and_keeps_nobody_signed_in(clerk: Hire, world: World, case_id: str) -> None:
    alice = clerk("alice", "en")
    open_(alice, case_id)
    sent = {**typed(alice, **GOOD)}
    answer = alice.client.post(at(case_id) + "/live", data=sent)
    assert answer.json == {"said": answer.json["said"]}
    assert answer.json["said"].startswith("Draft saved at")
    world.now += timedelta(minutes=14)
    alice.client.post(at(case_id) + "/live", data=sent)
    world.now += timedelta(minutes=2)
    assert "/sign-in/" in alice.get(at(case_id)).path
    assert message_drafts.find(world.as_("alice"), world.case(case_id), "reply") is not None


def test_a_secret_is_never_saved_by_itself(clerk: Hire, world: World, case_id: str) -> None:
    alice = clerk("alice", "en")
    open_(alice, case_id)
    answer = alice.client.post(
        at(case_id) + "/live", data={**typed(alice, subject="x", body="コード 483920")}
    )
    assert answer.json == {"said": SECRET[1]}
    assert world.session.query(MessageDraft).count() == 0


def test_saving_by_itself_wants_a_form_of_ours(clerk: Hire, case_id: str) -> None:
    alice = clerk("alice", "en")
    assert alice.client.post(at(case_id) + "/live", data=GOOD).status_code == 400
