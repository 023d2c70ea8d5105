"""The decision of a second person about a colleague: who has it, on what exactly, with which code, and from when it counts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from portal.casework import register_import, staff, staff_matters, timers
from portal.casework.logins import Entry
from portal.domain.lifecycle import Role
from portal.models import Proposal
from tests.admin.clerk import Clerk
from tests.admin.conftest import Hire
from tests.admin.desk import banner
from tests.casework.register_rows import file, row
from tests.casework.staffroom import Staffroom
from tests.public.visitor import Page

HOME = "/admin/colleagues/"
OWN_PROPOSAL = {
    "ja": "ご自身の提案のため、別の担当者の判断が必要です。",
    "en": "You proposed this, so somebody else must decide.",
}
OWN_LOGIN = {"ja": "ご自身についてこの操作は行えません。", "en": "You cannot do this for yourself."}
SECOND_ADMIN = {
    "ja": "別の管理者の判断が必要です。責任者が判断するのは、ほかに管理者がいない場合だけです。",
    "en": "Another administrator must decide. A lead may only where none is left.",
}
DECIDED = {
    "ja": "この提案は、すでに判断されています。",
    "en": "Somebody has already decided on this proposal.",
}
CHANGED = {
    "ja": "開いたあとに提案の内容が変わりました。確認してから判断してください。",
    "en": "This proposal has changed since you opened it. Review it before you decide.",
}
HOW = {
    "ja": ("提案の方法", "コマンドラインから、この担当者の名前で"),
    "en": ("How it was proposed", "On the command line, in this person's name"),
}
HEED = {
    ("ja", "ada"): "ご自身で提案したものでない場合は、取り消して、管理者に知らせてください。",
    ("en", "ada"): "If you did not propose this yourself, withdraw it and tell an administrator.",
    ("ja", "ann"): "同意する前に、Ada Adminに確認してください。",
    ("en", "ann"): "Ask Ada Admin before you agree.",
}
WRONG_CODE = {
    "ja": "MFA コードが一致しません。新しく表示されたコードを入力してください。",
    "en": "The code does not match. Enter the newest code in your app",
}


def at(proposal_id: str) -> str:
    return f"{HOME}proposals/{proposal_id}"


def granted(room: Staffroom, by: str = "ada") -> str:
    return room.propose(by, "role_grant", "vic", role="approver")


def decide(clerk: Clerk, proposal_id: str, **typed: Any) -> Page:
    page = clerk.get(at(proposal_id))
    assert page.code == 200, page.text
    return clerk.send(**{"code": clerk.code(), **typed})


def force(clerk: Clerk, proposal_id: str, **typed: Any) -> Page:
    """Send the decision as if the page had a form for it."""
    clerk.get(HOME)
    digest = clerk.room.digest(proposal_id)
    sent = {"csrf_token": clerk.token, "digest": digest, "code": clerk.code(), **typed}
    return clerk.post(at(proposal_id), sent)


def state(room: Staffroom, proposal_id: str) -> str:
    room.world.session.rollback()
    return room.world.session.get_one(Proposal, proposal_id, populate_existing=True).state


def roles_of(room: Staffroom, name: str) -> set[str]:
    room.world.session.rollback()
    return {role.value for role in room.world.as_(name).actor.roles}


def summary_of(page: Page) -> dict[str, str]:
    rows = page.html.main.select(".summary__row")
    return {row.dt.get_text(strip=True): row.dd.get_text(" ", strip=True) for row in rows}


# who decides


def test_another_admin_agrees_and_a_day_goes_by(clerk: Hire, room: Staffroom):
    proposal_id = granted(room)
    page = decide(clerk("ann", "en"), proposal_id, decision="agree")

    assert banner(page) == "Agreed. It takes effect at the time below, and until then it can be stopped."
    assert state(room, proposal_id) == "agreed"
    assert roles_of(room, "vic") == {"verifier"}


def test_a_role_counts_after_24_hours_and_not_before(clerk: Hire, room: Staffroom):
    decide(clerk("ann"), granted(room), decision="agree")
    agreed_at = room.world.now
    room.world.now = agreed_at + timedelta(hours=24) - timedelta(seconds=60)
    timers.run_due(room.world.runtime)
    before = roles_of(room, "vic")
    room.world.now = agreed_at
    room.world.pass_time(hours=24)

    assert before == {"verifier"}
    assert roles_of(room, "vic") == {"verifier", "approver"}


def test_taking_a_role_away_counts_at_once(clerk: Hire, room: Staffroom):
    vic = clerk("vic")
    proposal_id = room.propose("ada", "role_revoke", "vic", role="verifier")
    page = decide(clerk("ann", "en"), proposal_id, decision="agree")

    assert banner(page) == "Agreed and done. Everybody concerned is told."
    assert roles_of(room, "vic") == set()
    assert vic.get("/admin/queue/").path == "/admin/sign-in/"


def test_what_is_agreed_shows_who_agreed_and_from_when_it_counts(clerk: Hire, room: Staffroom):
    proposal_id = granted(room)
    ann = clerk("ann", "en")
    decide(ann, proposal_id, decision="agree")
    page = ann.get(at(proposal_id))
    due = room.world.now + timedelta(hours=24)

    assert summary_of(page)["Agreed by"] == "Ann Admin"
    assert page.html.main.select_one(f'time[datetime="{due:%Y-%m-%dT%H:%M:%SZ}"]')
    assert page.html.main.form is None


def test_the_proposer_can_only_withdraw(clerk: Hire, room: Staffroom):
    proposal_id = granted(room)
    ada = clerk("ada", "en")
    fields = {tag["name"] for tag in ada.get(at(proposal_id)).html.main.form.find_all("input")}
    page = decide(ada, proposal_id)

    assert fields == {"csrf_token", "digest", "code"}
    assert banner(page) == "Withdrawn. Nothing changes."
    assert state(room, proposal_id) == "refused"


@pytest.mark.parametrize("name", ["ada", "ada_two"])
def test_no_form_makes_the_proposer_the_second_person(clerk: Hire, room: Staffroom, name: str):
    room.world.hire("ada_two", role=Role.ADMIN, person_of="ada")
    room.give_password("ada_two")
    proposal_id = granted(room)
    force(clerk(name), proposal_id, decision="agree")

    assert state(room, proposal_id) != "agreed"


def test_ones_own_proposal_is_marked_in_the_list(clerk: Hire, room: Staffroom, lang: str):
    granted(room)

    assert OWN_PROPOSAL[lang] in clerk("ada", lang).get(HOME).text


@pytest.mark.parametrize(
    ("name", "words"), [("ann", OWN_LOGIN), ("lee", SECOND_ADMIN), ("chika", SECOND_ADMIN)]
)
def test_who_has_no_say_is_told_why(
    clerk: Hire, room: Staffroom, lang: str, name: str, words: dict[str, str]
):
    room.world.hire("zoe", role=Role.ADMIN)
    proposal_id = room.propose("ada", "factor_reset", "ann")
    reader = clerk(name, lang)
    shown = reader.get(at(proposal_id))
    answers = [force(reader, proposal_id, decision=decision) for decision in ("agree", "refuse")]

    assert words[lang] in shown.text
    assert shown.html.main.form is None
    said = [(answer.code, words[lang] in answer.text) for answer in answers]
    assert said == [(403, False) if name == "chika" else (422, True)] * 2  # compliance sends no forms at all
    assert state(room, proposal_id) == "open"


def test_a_lead_decides_where_no_other_admin_is_left(clerk: Hire, room: Staffroom):
    proposal_id = room.propose("ada", "factor_reset", "ann")
    decide(clerk("lee"), proposal_id, decision="agree")

    assert state(room, proposal_id) == "agreed"


def test_a_refused_proposal_changes_nothing(clerk: Hire, room: Staffroom):
    proposal_id = granted(room)
    page = decide(clerk("ann", "en"), proposal_id, decision="refuse")
    room.world.pass_time(hours=48)

    assert banner(page) == "Refused. Nothing changes."
    assert state(room, proposal_id) == "refused"
    assert roles_of(room, "vic") == {"verifier"}


# on what exactly, and with what


def test_only_what_was_shown_can_be_agreed_to(clerk: Hire, room: Staffroom, lang: str):
    proposal_id = granted(room)
    ann = clerk("ann", lang)
    page = decide(ann, proposal_id, decision="agree", digest="0" * 64)

    assert (page.code, CHANGED[lang] in page.text) == (409, True)
    assert state(room, proposal_id) == "open"
    assert page.value("digest") == room.digest(proposal_id)


def test_a_row_that_somebody_changed_by_hand_cannot_be_agreed_to(clerk: Hire, room: Staffroom):
    proposal_id = granted(room)
    other = room.propose("ada", "role_grant", "vic", role="lead")
    ann = clerk("ann", "en")
    ann.get(at(proposal_id))
    with room.world.system.act():
        forged = update(Proposal).where(Proposal.id == proposal_id).values(digest=room.digest(other)[::-1])
        room.world.session.execute(forged)
    page = ann.send(decision="agree", code=ann.code())

    assert (page.code, state(room, proposal_id)) == (409, "open")


@pytest.mark.parametrize("how", ["wrong", "used at sign-in"])
def test_a_decision_takes_a_fresh_code(clerk: Hire, room: Staffroom, lang: str, how: str):
    proposal_id = granted(room)
    ann = clerk("ann", lang)
    code = room.world.code("ann") if how == "used at sign-in" else room.wrong_code("ann")
    page = decide(ann, proposal_id, decision="agree", code=code)

    assert (page.code, page.errors_at("code"), page.value("code")) == (422, [WRONG_CODE[lang]], "")
    assert page.value("decision") == "agree"
    assert state(room, proposal_id) == "open"


def test_one_code_decides_one_proposal(clerk: Hire, room: Staffroom):
    first, second = granted(room), room.propose("ada", "role_grant", "bob", role="lead")
    ann = clerk("ann")
    code = ann.code()
    decide(ann, first, decision="agree", code=code)
    page = decide(ann, second, decision="agree", code=code)

    assert page.errors_at("code") == [WRONG_CODE["ja"]]
    assert (state(room, first), state(room, second)) == ("agreed", "open")


def test_a_missing_decision_and_code_stand_at_their_fields(clerk: Hire, room: Staffroom, lang: str):
    ann = clerk("ann", lang)
    ann.get(at(granted(room)))
    page = ann.send()
    words = {
        "ja": ["判断を選択してください。", "MFA コードを入力してください。"],
        "en": ["Select a decision", "Enter the 6-digit MFA code"],
    }

    assert page.summary == list(zip(words[lang], ("decision-0", "code"), strict=True))


def test_who_comes_second_is_told_that_it_was_decided(clerk: Hire, room: Staffroom, lang: str):
    room.world.hire("zoe", role=Role.ADMIN)
    room.give_password("zoe")
    proposal_id = granted(room)
    ann, zoe = clerk("ann", lang), clerk("zoe", lang)
    ann.get(at(proposal_id))
    decide(zoe, proposal_id, decision="refuse")
    page = ann.send(decision="agree", code=ann.code())

    assert (page.code, DECIDED[lang] in page.text) == (409, True)
    assert DECIDED[lang] in ann.get(at(proposal_id)).text
    assert state(room, proposal_id) == "refused"


def test_a_register_file_is_not_decided_here(clerk: Hire, room: Staffroom):
    proposal = register_import.propose_import(room.world.as_("ada"), file(row()))

    assert clerk("ann").get(at(proposal.id)).code == 404


# what is shown


def newcomer(room: Staffroom, name: str, person_of: str | None = None) -> str:
    person_id = room.world.logins[person_of].person_id if person_of else None
    entry = Entry(name, "nao@desk.example", "en", frozenset({Role.COMPLIANCE}), person_id)
    return staff.propose_login(room.world.as_("ada"), entry)


def test_everything_that_is_signed_about_a_new_sign_in_is_shown(clerk: Hire, room: Staffroom):
    page = clerk("ann", "en").get(at(newcomer(room, "Nao Newcomer")))

    assert (
        summary_of(page).items()
        >= {
            "Who it concerns": "Nao Newcomer",
            "Person": "Somebody new, who has no other sign-in",
            "Work email address": "nao@desk.example",
            "Roles": "Compliance officer",
            "Language of pages and mails": "English",
            "Proposed by": "Ada Admin",
        }.items()
    )


@pytest.mark.parametrize("reader", ["ada", "ann"])
def test_a_proposal_from_the_command_line_says_so_and_what_to_heed(
    clerk: Hire, room: Staffroom, reader: str, lang: str
):
    proposal_id = by_command(room)
    page = clerk(reader, lang).get(at(proposal_id))

    assert summary_of(page)[HOW[lang][0]] == HOW[lang][1]
    assert HEED[lang, reader] in page.text
    assert page.foreign_words(lang) == []


def test_a_proposal_from_a_page_says_nothing_of_the_command_line(clerk: Hire, room: Staffroom):
    assert "ommand line" not in clerk("ann", "en").get(at(granted(room))).text


def by_command(room: Staffroom) -> str:
    return staff.propose(
        room.world.as_("ada"),
        "role_grant",
        staff_id=room.id("vic"),
        payload={"role": "approver"},
        channel="command_line",
    )


def test_a_new_colleague_with_a_known_name_is_pointed_out(clerk: Hire, room: Staffroom, lang: str):
    warning = {"ja": "同じ氏名の担当者がすでにいます。", "en": "Somebody of this name has a sign-in already."}

    assert warning[lang] in clerk("ann", lang).get(at(newcomer(room, "vic  verdi"))).text


def test_another_sign_in_of_a_colleague_is_shown_as_theirs(clerk: Hire, room: Staffroom):
    page = clerk("ann", "en").get(at(newcomer(room, "Somebody Else", person_of="vic")))

    assert summary_of(page)["Who it concerns"] == "Vic Verdi"
    assert summary_of(page)["Person"] == "Has another sign-in already, and stays one person"
    assert "Somebody of this name" not in page.text


def test_both_addresses_of_a_change_are_shown(clerk: Hire, room: Staffroom):
    proposal_id = staff.propose_address(room.world.as_("ada"), room.id("vic"), "victor@desk.example")
    shown = summary_of(clerk("ann", "en").get(at(proposal_id)))

    assert shown["Work email address"] == "vic@desk.example"
    assert shown["New work email address"] == "victor@desk.example"


def test_a_new_sign_in_is_invited_when_its_day_has_come(clerk: Hire, room: Staffroom):
    decide(clerk("ann"), newcomer(room, "Nao Newcomer"), decision="agree")
    before = room.mails("staff_invite")
    room.world.pass_time(hours=24)
    row = clerk("ann", "en").get(HOME).html.main.find("a", string="Nao Newcomer").find_parent("tr")

    assert before == []
    assert len(room.mails("staff_invite")) == 1
    assert "Invited" in row.get_text()


def test_what_was_stopped_by_mail_waits_no_longer(clerk: Hire, room: Staffroom):
    decide(clerk("ann"), granted(room), decision="agree")
    staff.halt(room.door(), room.link("staff_proposal", "halt", to="vic"))

    assert staff_matters.matters(room.world.system) == []
    assert "有効になる前" not in clerk("ann").get(HOME).text
