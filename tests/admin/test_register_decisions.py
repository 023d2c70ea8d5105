"""A file for the register is proposed by one person and decided by another; what follows where facts changed meanwhile."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from portal import worker
from portal.casework import register_import
from portal.domain.lifecycle import Role
from portal.models import Account, OutboxRow, Proposal
from tests.admin.clerk import Clerk
from tests.admin.conftest import Hire
from tests.admin.register_clerk import REGISTER, address, decide, mistakes, stays_empty, upload
from tests.casework.register_desk import account, agreed, count, hanakos_row, proposed
from tests.casework.register_rows import GOOD, another, file, row
from tests.people import HANAKO
from tests.world import World

WRONG_CODE = {
    "ja": "MFA コードが一致しません。新しく表示されたコードを入力してください。",
    "en": "The code does not match. Enter the newest code in your app",
}


def test_a_proposed_file_is_shown_with_its_digest_and_does_not_count_yet(world: World, clerk: Hire):
    page = upload(clerk("ada"), file(row()))
    proposal = world.session.execute(select(Proposal)).scalar_one()

    assert page.path == address(proposal)
    assert "ファイルを提案しました。別の担当者が同意すると有効になります。" in page.text
    assert proposal.digest in page.text
    assert stays_empty(world)


@pytest.mark.parametrize("reader", ["ada", "lee"])
@pytest.mark.parametrize(
    ("lang", "how", "own", "others"),
    [
        (
            "ja",
            "コマンドラインから、この担当者の名前で",
            "取り消して、管理者に知らせて",
            "Ada Adminに確認して",
        ),
        ("en", "On the command line, in this person's name", "did not propose this", "Ask Ada Admin before"),
    ],
)
def test_a_file_from_the_command_line_says_so_and_what_to_heed(
    world: World, clerk: Hire, reader: str, lang: str, how: str, own: str, others: str
):
    proposal = register_import.propose_import(world.as_("ada"), file(row()), channel="command_line")
    page = clerk(reader, lang).get(address(proposal))

    assert how in page.text
    assert [words in page.text for words in (own, others)] == [reader == "ada", reader == "lee"]


def test_a_file_from_a_page_says_nothing_of_the_command_line(world: World, clerk: Hire):
    assert "ommand line" not in clerk("lee", "en").get(address(proposed(world))).text


def test_a_different_person_agrees_and_reads_what_was_done(world: World, clerk: Hire):
    page = decide(clerk("lee"), proposed(world, row(), another(2)))

    assert page.path == REGISTER
    assert "追加：2 件、変更：0 件、変更なし：0 件" in page.text
    assert account(world).number == "123456789012"


def test_the_proposer_is_told_that_somebody_else_must_agree(world: World, clerk: Hire):
    page = clerk("ada", "en").get(address(proposed(world, by="ada")))

    assert (
        "You proposed this file, so a different person must agree to it. You can only withdraw it."
        in page.text
    )
    assert not page.html.find_all("input", attrs={"name": "decision"})


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("ja", "ご自身が提案したファイルには同意できません。別の担当者の同意が必要です。"),
        ("en", "You proposed this file, so a different person must agree to it."),
    ],
)
def test_a_proposer_who_agrees_by_a_form_of_their_own_is_refused(
    world: World, clerk: Hire, lang: str, words: str
):
    page = decide(clerk("ada", lang), proposed(world, by="ada"))

    assert (page.code, words in page.text) == (422, True)
    assert stays_empty(world)
    assert world.session.execute(select(Proposal.state)).scalar_one() == "open"


def test_a_second_sign_in_of_the_proposer_is_the_same_person(world: World, app: Flask):
    from tests.casework.staffroom import Staffroom, use_cheap_hashes

    use_cheap_hashes()
    world.hire("ada_too", role=Role.ADMIN, person_of="ada")
    same = Clerk(app, Staffroom(world), "ada_too")
    same.sign_in()
    page = decide(same, proposed(world, by="ada"))

    assert page.code == 422
    assert stays_empty(world)


def test_the_proposer_may_withdraw(world: World, clerk: Hire):
    ada, proposal = clerk("ada"), proposed(world, by="ada")
    ada.get(address(proposal))
    page = ada.send(code=ada.code())

    assert "ファイルを取り消しました。登録台帳は変わっていません。" in page.text
    assert world.session.get_one(Proposal, proposal.id, populate_existing=True).state == "refused"


def test_a_different_person_may_refuse(world: World, clerk: Hire):
    page = decide(clerk("lee"), proposed(world), "refuse")

    assert "ファイルを見送りました。登録台帳は変わっていません。" in page.text
    assert stays_empty(world)


def test_what_waits_is_listed_with_what_each_person_can_do(world: World, clerk: Hire):
    proposal = proposed(world, by="ada")
    pages = [clerk(name, "en").get(REGISTER) for name in ("ada", "lee")]

    assert all(address(proposal) in page.links() and "Ada Admin" in page.text for page in pages)
    assert ["You can decide" in page.text for page in pages] == [False, True]


def test_a_code_that_was_used_is_refused_at_its_field(world: World, clerk: Hire, lang: str):
    lee, proposal, other = clerk("lee", lang), proposed(world), proposed(world, another(2))
    used = lee.code()
    decide(lee, other, "refuse", code=used)
    page = decide(lee, proposal, code=used)

    assert page.errors_at("code") == [WRONG_CODE[lang]]
    assert (page.code, page.value("code")) == (422, "")
    assert stays_empty(world)


@pytest.mark.parametrize(
    ("lang", "words"), [("ja", "MFA コードを入力してください。"), ("en", "Enter the 6-digit MFA code")]
)
def test_without_a_code_nothing_is_decided(world: World, clerk: Hire, lang: str, words: str):
    page = decide(clerk("lee", lang), proposed(world), code="")

    assert page.errors_at("code") == [words]
    assert page.value("decision") == "agree"


@pytest.mark.parametrize(("lang", "words"), [("ja", "選択してください"), ("en", "Select a decision")])
def test_a_decision_has_to_be_made(world: World, clerk: Hire, lang: str, words: str):
    page = decide(clerk("lee", lang), proposed(world), "perhaps")

    assert page.code == 422
    assert words in page.errors_at("decision")[0]


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("ja", "開いたあとに提案の内容が変わりました。確認してから判断してください。"),
        ("en", "This proposal has changed since you opened it. Review it before you decide."),
    ],
)
def test_an_agreement_to_another_file_does_not_count(world: World, clerk: Hire, lang: str, words: str):
    other = proposed(world, another(2))
    page = decide(clerk("lee", lang), proposed(world), digest=other.digest)

    assert page.code == 409
    assert words in page.text
    assert stays_empty(world)


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("ja", "この提案は、すでに判断されています。"),
        ("en", "Somebody has already decided on this proposal."),
    ],
)
def test_a_file_that_was_decided_meanwhile_says_so(world: World, clerk: Hire, lang: str, words: str):
    lou, proposal = clerk("lou", lang), proposed(world)
    lou.get(address(proposal))
    agreed(world, proposal, by="lee")
    late = lou.send(decision="agree", code=lou.code())
    again = lou.get(address(proposal))

    assert [(page.code, words in page.text) for page in (late, again)] == [(409, True), (409, True)]


def test_changed_facts_void_a_running_approval_and_the_pages_say_so(world: World, clerk: Hire):
    changed = hanakos_row(world, email="new@else.example")
    case_id = world.cooling_off()
    lee, proposal = clerk("lee", "en"), proposed(world, changed)
    before = lee.get(address(proposal))
    decide(lee, proposal)

    assert "Running approvals become void The file changes facts" in before.text
    assert HANAKO["number"] in before.html.select_one(".panel--attention").get_text()
    assert (world.status(case_id), world.case(case_id).decision) == ("verifying", None)
    assert "Started the checks again" in clerk("alice", "en").get(f"/admin/case/{case_id}").text


@pytest.mark.parametrize(
    ("lang", "before", "after"),
    [
        (
            "ja",
            "MFA デバイスを無効化している途中です",
            "アカウント 123456789012 の MFA デバイスを無効化している途中です。",
        ),
        (
            "en",
            "A device is being deactivated just now",
            "A device of account 123456789012 is being deactivated just now. Nothing was taken from the file.",
        ),
    ],
)
def test_while_a_device_is_being_removed_the_page_names_the_account(
    world: World, clerk: Hire, lang: str, before: str, after: str
):
    changed = hanakos_row(world, email="new@else.example")
    world.executing()
    lee, proposal = clerk("lee", lang), proposed(world, another(2), changed)
    told = lee.get(address(proposal))
    page = lee.send(decision="agree", code=lee.code())

    assert before in told.text
    assert (page.code, after in page.text) == (409, True)
    assert count(world, Account) == 1


@pytest.mark.parametrize(
    ("lang", "title", "words"),
    [
        ("ja", "登録台帳がこのファイルと矛盾しています", "この識別子は、別のアカウントで使用されています。"),
        ("en", "The register now contradicts this file", "Another account already has this identifier."),
    ],
)
def test_a_register_that_contradicts_the_file_by_now_stops_it(
    world: World, clerk: Hire, lang: str, title: str, words: str
):
    lee, slow = clerk("lee", lang), proposed(world)
    quick = proposed(world, another(7, external_id=GOOD["external_id"]))
    lee.get(address(slow))
    agreed(world, quick, by="lou")
    page = lee.send(decision="agree", code=lee.code())

    assert (page.code, title in page.text) == (409, True)
    assert [(line, column) for line, column, _ in mistakes(page)] == [("2", "external_id")]
    assert page.html.find("input", attrs={"name": "decision"}) is None, "it can only be refused"
    assert mistakes(page)[0][2] == words


def test_a_request_that_waits_for_its_entry_is_matched_by_the_worker_afterwards(
    world: World, clerk: Hire, app: Flask
):
    case_id = world.queued(account_email="taro@mail.example", reply_email="taro@else.example")
    assert world.case(case_id).account_id is None
    decide(clerk("lee"), proposed(world))
    only_matching(world)
    while worker.work_once(world.runtime, app, "w1"):
        pass

    assert world.case(case_id).account_id == account(world).id


def only_matching(world: World) -> None:
    """Take everything else out of the queue: papers and mails are not what this is about."""
    with world.system.act():
        query = select(OutboxRow).where(OutboxRow.kind != "match", OutboxRow.state == "pending")
        for waiting in world.session.execute(query).scalars():
            waiting.state = "done"
