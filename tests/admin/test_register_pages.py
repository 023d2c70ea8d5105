"""The register's pages: who sees them, what a preview tells, and each mistake that a file can have."""

from __future__ import annotations

import pytest
from flask import Flask

from admin import register_pages
from portal import labels
from portal.casework import register_file
from portal.casework.register_columns import HEADER
from portal.casework.register_file import FILE_MISTAKES, MOST_BYTES
from portal.models import Proposal
from tests.admin.conftest import Hire
from tests.admin.desk import statements
from tests.admin.register_clerk import PROPOSE, REGISTER, address, mistakes, stays_empty, upload
from tests.casework.register_desk import count, hanakos_row, imported, proposed
from tests.casework.register_rows import GOOD, another, file, row
from tests.world import World

USER = row(principal_kind="iam", username="jiro", external_id="user/jiro")


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


def test_a_longer_file_takes_no_more_statements_to_show(world: World, clerk: Hire):
    lee, counts = clerk("lee"), []
    for rows in (30, 90):
        proposal = proposed(world, *(another(number) for number in range(1, rows + 1)))
        with statements(world) as said:
            lee.get(address(proposal))
        counts.append(len(said))

    assert counts[0] == counts[1]


def test_more_accounts_that_are_known_take_no_more_statements_to_show(world: World, clerk: Hire):
    imported(world, *(another(number) for number in range(1, 26)))
    lee, counts = clerk("lee", "en"), []
    for rows in (5, 25):
        changed = [another(number, email="new@else.example") for number in range(1, rows + 1)]
        proposal = proposed(world, *changed)
        with statements(world) as said:
            page = lee.get(address(proposal))
        assert f"Accounts that the register has {rows} " in page.text
        counts.append(len(said))

    assert counts[0] == counts[1]


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
