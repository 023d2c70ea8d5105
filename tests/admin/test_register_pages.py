"""The register's pages: a file is proposed, told to a different person, agreed to or refused; and what may go wrong."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from admin import register_pages
from portal import labels, worker
from portal.casework import register_file
from portal.casework.register_columns import HEADER
from portal.casework.register_file import FILE_MISTAKES, MOST_BYTES
from portal.domain.lifecycle import Role
from portal.models import Account, OutboxRow, Proposal
from tests.admin.clerk import Clerk
from tests.admin.conftest import Hire
from tests.casework.register_desk import account, agreed, count, hanakos_row, imported, proposed
from tests.casework.register_rows import GOOD, another, file, row
from tests.people import HANAKO
from tests.public.visitor import Page
from tests.world import World

REGISTER = "/admin/register/"
PROPOSE = "/admin/register/propose"
USER = row(principal_kind="iam", username="jiro", external_id="user/jiro")

WRONG_CODE = {
    "ja": "MFA コードが一致しません。新しく表示されたコードを入力してください。",
    "en": "The code does not match. Enter the newest code in your app",
}


def upload(clerk: Clerk, data: bytes, name: str = "register.csv") -> Page:
    """Send a file as a browser does, whole: the test client would leave a large one open."""
    clerk.get(PROPOSE)
    boundary, body = encode_multipart(clerk.fill(file=FileStorage(io.BytesIO(data), name)))
    answer = clerk.client.post(
        PROPOSE, data=body, content_type=f"multipart/form-data; boundary={boundary}", follow_redirects=True
    )
    return Page(answer)


def address(proposal: Proposal) -> str:
    return f"{REGISTER}{proposal.id}"


def decide(clerk: Clerk, proposal: Proposal, decision: str = "agree", **more: Any) -> Page:
    clerk.get(address(proposal))
    return clerk.send(decision=decision, **{"code": clerk.code(), **more})


def mistakes(page: Page) -> list[tuple[str, str, str]]:
    """The table of mistakes: number of the line, column and words."""
    rows = page.html.select("#mistakes ~ table tbody tr")
    told = [[cell.get_text(" ", strip=True) for cell in row.find_all(["th", "td"])] for row in rows]
    return [("".join(filter(str.isdigit, line)), column, words) for line, column, words in told]


def stays_empty(world: World) -> bool:
    return count(world, Account) == 0


# who


@pytest.mark.parametrize("name", ["alice", "bob", "chika"])
def test_who_is_neither_admin_nor_lead_gets_nowhere(world: World, clerk: Hire, name: str):
    proposal, visitor = proposed(world), clerk(name)
    visitor.get("/admin/own/")
    token = visitor.token
    pages = [visitor.get(path) for path in (REGISTER, PROPOSE, f"{REGISTER}template", address(proposal))]
    sent = {"csrf_token": token, "code": visitor.code(), "digest": proposal.digest}
    pages.append(visitor.post(address(proposal), {**sent, "decision": "agree"}))

    assert [page.code for page in pages] == [403] * 5
    assert stays_empty(world)


def test_only_those_who_may_open_the_register_have_it_in_their_menu(clerk: Hire):
    shown = [REGISTER in clerk(name).get("/admin/").links() for name in ("ada", "lee", "alice", "chika")]

    assert shown == [True, True, False, False]


def test_whoever_is_not_signed_in_is_led_to_the_door(stranger: Hire):
    assert stranger("ada").get(REGISTER).path == "/admin/sign-in/"


# two persons


def test_a_proposed_file_is_shown_with_its_digest_and_does_not_count_yet(world: World, clerk: Hire):
    page = upload(clerk("ada"), file(row()))
    proposal = world.session.execute(select(Proposal)).scalar_one()

    assert page.path == address(proposal)
    assert "ファイルを提案しました。別の担当者が同意すると有効になります。" in page.text
    assert proposal.digest in page.text
    assert stays_empty(world)


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


# codes and digests


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


# what is told before


def test_the_preview_says_in_words_what_would_be_written(world: World, clerk: Hire):
    imported(world, row(), USER)
    page = clerk("lee", "en").get(
        address(proposed(world, row(), {**USER, "is_administrator": "yes"}, another(2)))
    )

    assert "jiro Administrator: No → becomes Yes" in page.text
    assert "Kind of holder: Individual Connector: By hand, step by step" in page.text
    assert "ext-2 Kind of user: Root user , Administrator: No" in page.text
    assert "Accounts that are new 1 Accounts that the register has 1" in page.text


def test_nobody_reads_a_whole_address_name_or_number_in_the_preview(world: World, clerk: Hire):
    imported(world)
    page = clerk("lee").get(
        address(proposed(world, row(email="new@else.example", name="山田 花子"), another(2)))
    )

    assert not any(
        hidden in page.response.text
        for hidden in ("taro@", "new@else", "花子", "太郎", "0000-1234", "見本区")
    )


def test_a_file_that_changes_nothing_says_so(world: World, clerk: Hire):
    imported(world)

    assert "Stays as it is" in clerk("lee", "en").get(address(proposed(world))).text


def test_a_long_file_is_shown_in_parts(world: World, clerk: Hire, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(register_pages, "PAGE", 2)
    lee, proposal = clerk("lee", "en"), proposed(world, *(another(number) for number in range(1, 6)))
    first, middle = lee.get(address(proposal)), lee.get(f"{address(proposal)}?start=2")

    assert "Accounts 1 to 2 of 5" in first.text
    assert f"{address(proposal)}?start=2" in first.links()
    assert "Accounts 3 to 4 of 5" in middle.text
    assert {f"{address(proposal)}?start=0", f"{address(proposal)}?start=4"} <= set(middle.links())


def test_whoever_agrees_to_a_very_long_file_is_told_that_it_takes_time(
    world: World, clerk: Hire, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(register_pages, "MANY", 1)
    lee, pages = clerk("lee", "en"), []
    for proposal in (proposed(world, row()), proposed(world, row(), another(2))):
        pages.append(lee.get(address(proposal)).text)

    assert ["takes some minutes" in text for text in pages] == [False, True]


def test_a_mistyped_code_leaves_the_reader_at_the_same_part(
    world: World, clerk: Hire, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(register_pages, "PAGE", 2)
    lee, proposal = clerk("lee", "en"), proposed(world, *(another(number) for number in range(1, 6)))
    lee.get(f"{address(proposal)}?start=2")

    assert "Accounts 3 to 4 of 5" in lee.send(decision="agree", code="12").text


@pytest.mark.parametrize(
    ("start", "code"), [("-1", 400), ("x", 400), ("２", 400), ("9" * 30, 400), ("", 400), ("7", 404)]
)
def test_a_part_that_is_not_there_is_a_clear_answer(world: World, clerk: Hire, start: str, code: int):
    assert clerk("lee").get(f"{address(proposed(world))}?start={start}").code == code


@contextmanager
def statements(world: World) -> Iterator[list[str]]:
    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    event.listen(world.runtime.engine, "before_cursor_execute", note)
    yield said
    event.remove(world.runtime.engine, "before_cursor_execute", note)


def test_a_longer_file_takes_no_more_statements_to_show(world: World, clerk: Hire):
    lee, counts = clerk("lee"), []
    for rows in (30, 90):
        proposal = proposed(world, *(another(number) for number in range(1, rows + 1)))
        with statements(world) as said:
            lee.get(address(proposal))
        counts.append(len(said))

    assert counts[0] == counts[1]


# decisions that rest on the old facts


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


# files that cannot be meant

WRONG_FILES: dict[str, bytes] = {
    "not_utf8": b"\x89PNG\r\n\x1a\n",
    "too_large": b"x" * (MOST_BYTES + 1),
    "unreadable": file(row()).replace(b"runbook", b'"run"book'),
    "no_header": b"name;email\r\nx;y\r\n",
    "no_rows": file(),
    "too_many_rows": file(*(another(number) for number in range(1, 5))),
    "column_missing": file(row(), header=HEADER[:-1]),
    "column_unknown": file(row()).replace(b"kana", b"hobby", 1),
    "column_twice": file(row()).replace(b"kana", b"name", 1),
    "cells": file(row()) + b"1,2\r\n",
    "missing": file(row(external_id="")),
    "too_long": file(row(username="x" * 65)),
    "formula": file(row(name="=1+1")),
    "choice": file(row(holder_kind="club")),
    "yes_or_no": file(row(is_administrator="maybe")),
    "date": file(row(email_confirmed_at="2025-02-30")),
    "future": file(row(email_confirmed_at="2099-01-01")),
    "date_missing": file(row(email_confirmed_at="")),
    "contact_missing": file(row(email="")),
    "username_missing": file(row(principal_kind="iam")),
    "mobile_differs": file(row(phone_is_mobile="no")),
    "row_twice": file(row(), row()),
    "second_root": file(row(), row(external_id="other")),
    "differs_from_above": file(row(), {**USER, "email": "else@mail.example"}),
    "external_id_taken": file(row(), another(2, external_id=GOOD["external_id"])),
    "kind_differs": file(another(2, principal_kind="iam", username="jiro")),
    # a cell that is no number, address or name
    "account_digits": file(row(account_number="12")),
    "email_format": file(row(email="nobody")),
    "phone_digits": file(row(phone="12345")),
    "phone_kind": file(row(phone="0120-000-000")),
    "kana_only": file(row(kana="Yamada")),
    "control_character": file(row(name="a\x07b")),
    "direction_mark": file(row(name="a\u202eb")),
}


def test_every_mistake_that_a_file_can_have_is_tried():
    assert set(FILE_MISTAKES) <= set(WRONG_FILES)


def test_every_mistake_is_said_with_its_place_in_the_readers_language(
    world: World, clerk: Hire, app: Flask, lang: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(register_file, "MOST_ROWS", 3)
    imported(world, another(2))
    ada, before = clerk("ada", lang), count(world, Proposal)
    for reason, data in WRONG_FILES.items():
        page = upload(ada, data)
        kind = "file_mistake" if reason in FILE_MISTAKES else "contact_error"
        with app.app_context():
            said = labels.word(kind, reason, lang, digits=2)

        assert page.code == 422, reason
        assert said in [words for _, _, words in mistakes(page)], reason
        assert page.foreign_words(lang) == [], reason
    assert count(world, Proposal) == before, "nothing of such a file is kept"


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("ja", "ファイルに誤りがあるため、何も取り込んでいません。"),
        ("en", "The file has mistakes, so nothing was taken from it."),
    ],
)
def test_mistakes_stand_by_line_and_column_and_the_summary_leads_to_them(
    world: World, clerk: Hire, lang: str, words: str
):
    page = upload(clerk("ada", lang), file(row(), another(2, name="=1+1", email="nobody")))

    assert [(line, column) for line, column, _ in mistakes(page)] == [("4", "name"), ("4", "email")]
    assert words in page.html.select_one("#error-summary").get_text()
    assert [target for _, target in page.summary] == ["mistakes"]


def test_only_the_first_of_very_many_mistakes_are_shown(world: World, clerk: Hire):
    many = file(*(another(number, email="nobody") for number in range(1, 300)))
    page = upload(clerk("ada", "en"), many)

    assert len(mistakes(page)) == register_file.MOST_MISTAKES
    assert "Only the first 200 mistakes are shown." in page.text


@pytest.mark.parametrize(("lang", "words"), [("ja", "ファイルを選択してください。"), ("en", "Choose a file")])
def test_a_form_without_a_file_asks_for_one(clerk: Hire, lang: str, words: str):
    ada = clerk("ada", lang)
    ada.get(PROPOSE)
    page = ada.send()

    assert (page.code, page.errors_at("file")) == (422, [words])


@pytest.mark.parametrize(
    ("lang", "words"), [("ja", "ファイルが大きすぎます"), ("en", "The file is too large")]
)
def test_a_file_far_too_large_is_answered_by_a_clear_page(clerk: Hire, lang: str, words: str):
    page = upload(clerk("ada", lang), b"x" * (MOST_BYTES + register_pages.FORM_BYTES))

    assert (page.code, page.heading) == (413, words)
    assert page.foreign_words(lang) == []


def test_a_file_in_the_encoding_of_old_spreadsheets_says_what_to_do(clerk: Hire):
    page = upload(clerk("ada"), file(row()).decode().encode("cp932", "replace"))

    assert mistakes(page) == [("2", "–", "ファイルを UTF-8 の CSV 形式で保存してください。")]


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "＝1+1", "@SUM(1)", "\t-1+1", "+1"])
def test_what_a_spreadsheet_would_run_is_refused(world: World, clerk: Hire, text: str):
    page = upload(clerk("ada", "en"), file(row(name=text)))

    assert mistakes(page) == [("2", "name", "A cell must not begin like a formula.")]
    assert count(world, Proposal) == 0


@pytest.mark.parametrize("name", ["../../etc/passwd", "<b>.csv", "登録.csv", "a" * 300 + ".csv"])
def test_the_name_of_the_file_means_nothing(world: World, clerk: Hire, name: str):
    page = upload(clerk("ada"), file(row()), name)

    assert page.path.startswith(REGISTER)
    assert name not in page.text


# the empty file


def test_the_empty_file_names_all_columns_and_opens_in_a_spreadsheet(clerk: Hire):
    answer = clerk("ada").client.get(f"{REGISTER}template")

    assert answer.data == b"\xef\xbb\xbf" + ",".join(HEADER).encode() + b"\r\n"
    assert answer.headers["Content-Disposition"] == "attachment; filename=register.csv"
    assert answer.mimetype == "text/csv"


def test_the_empty_file_with_a_row_can_be_proposed(world: World, clerk: Hire):
    ada = clerk("ada")
    empty = ada.client.get(f"{REGISTER}template").data
    upload(ada, empty + file(row()).partition(b"\r\n")[2])

    assert count(world, Proposal) == 1


def test_every_column_is_explained(clerk: Hire, lang: str):
    page = clerk("ada", lang).get(PROPOSE)
    explained = [code.get_text() for code in page.html.select("tbody th code")]

    assert tuple(explained) == HEADER


# everywhere


def test_each_page_speaks_one_language(world: World, clerk: Hire, lang: str):
    changed = hanakos_row(world, email="new@else.example", email_language="en")
    world.pending_approval()
    own, other = (
        proposed(world, changed, another(2, name="Taro Yamada"), by="ada"),
        proposed(world, {**USER, "name": ""}, by="lee"),
    )
    ada = clerk("ada", lang)
    pages = [ada.get(path) for path in (REGISTER, PROPOSE, address(own), address(other))]

    assert [page.foreign_words(lang) for page in pages] == [[]] * 4
    assert [page.code for page in pages] == [200] * 4


@pytest.mark.parametrize("wrong", ["nothing", "0" * 32, "x" * 500])
def test_a_file_that_never_was_is_not_found(clerk: Hire, wrong: str):
    lee = clerk("lee")
    lee.get(REGISTER)
    sent = {"csrf_token": lee.token, "decision": "agree", "digest": "x", "code": lee.code()}

    assert [page.code for page in (lee.get(REGISTER + wrong), lee.post(REGISTER + wrong, sent))] == [404, 404]


def test_a_proposal_of_another_kind_is_not_found(clerk: Hire):
    lee = clerk("lee")
    other = lee.room.propose("ada", "role_grant", "alice", role="approver")

    assert lee.get(REGISTER + other).code == 404


@pytest.mark.parametrize(
    "said", ["nonsense", "added=1&changed=x&unchanged=0", "added=<b>&changed=1&unchanged=1"]
)
def test_an_address_made_by_hand_makes_the_page_say_nothing(clerk: Hire, said: str):
    page = clerk("lee").get(f"{REGISTER}?said={said}")

    assert page.code == 200
    assert page.html.select(".banner") == []


def test_answers_about_the_register_are_kept_by_nobody(world: World, clerk: Hire):
    answer = clerk("lee").get(address(proposed(world))).response

    assert answer.headers["Cache-Control"] == "no-store"
