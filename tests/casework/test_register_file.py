"""A register file: what it may say, and that no file whatever gets half of itself in."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.casework.register_columns import HEADER
from portal.casework.register_entry import EntryContact, EntryPrincipal, packed, unpacked
from portal.casework.register_file import FILE_MISTAKES, MOST_BYTES, MOST_MISTAKES, MOST_ROWS, parse
from portal.contact import CONTACT_ERRORS
from tests.casework.register_rows import another, file, row
from tests.domain.steady import steady

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
IN_JAPAN = datetime(2025, 3, 31, 15, 0, tzinfo=UTC)  # where 1 April begins
TIMES = {"email_confirmed_at": "", "phone_confirmed_at": "", "post_confirmed_at": ""}
NO_CONTACTS = {
    "email": "",
    "phone": "",
    "post_address": "",
    "email_language": "",
    "phone_is_mobile": "",
    **TIMES,
}


def mistakes(data: bytes | str) -> list[tuple[int, str, str]]:
    parsed = parse(data, now=NOW)
    assert parsed.entries == (), "a file with a mistake must give nothing"
    return [(each.line, each.column, each.reason) for each in parsed.mistakes]


def only(data: bytes | str) -> tuple[str, str]:
    found = mistakes(data)
    assert len(found) == 1, found
    return found[0][1:]


def test_a_good_row_is_read_as_it_is_compared():
    (entry,) = parse(file(row()), now=NOW).entries

    assert (entry.account_number, entry.holder_kind, entry.connector) == (
        "123456789012",
        "individual",
        "runbook",
    )
    assert (entry.name, entry.latin_name, entry.kana) == ("山田 太郎", "Taro Yamada", "ヤマダ タロウ")
    assert entry.principals == (EntryPrincipal("root", "arn:aws:iam::123456789012:root", None, False, None),)
    assert entry.contacts == (
        EntryContact("email", "taro@mail.example", IN_JAPAN, "ja"),
        EntryContact("phone", "+819000001234", datetime(2025, 4, 1, 0, 30, tzinfo=UTC), None, True),
        EntryContact("post", "〒100-0000\n東京都見本区 1-2-3", IN_JAPAN),
    )


def test_an_entry_survives_being_sealed_and_opened():
    (entry,) = parse(file(row()), now=NOW).entries

    assert unpacked(packed(entry)) == entry


def test_rare_characters_stay_as_they_are():
    name = "𠮷﨑 德\U000e0100子"
    (entry,) = parse(file(row(name=name)), now=NOW).entries

    assert entry.name == name


def test_an_account_without_name_or_contacts_is_an_entry():
    (entry,) = parse(
        file(row(name="", latin_name="", kana="", holder_kind="", **NO_CONTACTS)), now=NOW
    ).entries

    assert (entry.name, entry.holder_kind, entry.contacts) == (None, None, ())


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("ending", ["\r\n", "\n", "\r"])
def test_marks_of_order_and_every_line_ending_are_read(mark: str, ending: str):
    plain = file(row(post_address="one line")).decode().replace("\r\n", ending)

    assert len(parse((mark + plain).encode(), now=NOW).entries) == 1


def test_columns_may_stand_in_any_order_and_case():
    turned = tuple(reversed(HEADER))
    data = file(row(), header=turned).replace(b"account_number", b" Account_Number ")

    assert len(parse(data, now=NOW).entries) == 1


def test_empty_lines_are_no_rows():
    assert len(parse(file(row()) + b"\r\n,,,\r\n\r\n", now=NOW).entries) == 1


def test_several_users_of_one_account_are_one_entry():
    iam = row(principal_kind="iam", username="hanako", external_id="arn:aws:iam::123456789012:user/hanako")
    (entry,) = parse(file(row(), iam), now=NOW).entries

    assert [principal.kind for principal in entry.principals] == ["root", "iam"]


def test_a_mistake_is_named_by_the_line_on_which_its_row_begins():
    data = file(row(), another(2, name="=1+1"), another(3))

    assert mistakes(data) == [(4, "name", "formula")]


def test_every_mistake_of_a_row_is_named():
    assert mistakes(file(row(account_number="12", email="nobody", connector="telepathy"))) == [
        (2, "account_number", "account_digits"),
        (2, "connector", "choice"),
        (2, "email", "email_format"),
    ]


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("account_number", "", "missing"),
        ("account_number", "1.23457E+11", "account_digits"),
        ("account_number", '="123456789012"', "formula"),
        ("holder_kind", "club", "choice"),
        ("name", "   ", None),
        ("name", "=HYPERLINK(1)", "formula"),
        ("name", "＝1+1", "formula"),
        ("name", "@SUM(1)", "formula"),
        ("name", "\t-1+1", "formula"),
        ("name", "a\x00b", "control_character"),
        ("name", "a\nb", "control_character"),
        ("name", "a\u202eb", "direction_mark"),
        ("name", "山" * 101, "too_long"),
        ("kana", "Yamada", "kana_only"),
        ("connector", "", "missing"),
        ("connector", "aws_iam", "choice"),
        ("principal_kind", "admin", "choice"),
        ("principal_kind", "iam", "username_missing"),
        ("username", "x" * 65, "too_long"),
        ("external_id", "", "missing"),
        ("external_id", "x" * 65, "too_long"),
        ("is_administrator", "maybe", "yes_or_no"),
        ("edits_contacts", "perhaps", "yes_or_no"),
        ("hardware_device", "2", "yes_or_no"),
        ("email", "taro@mail", "email_format"),
        ("email", "", "contact_missing"),
        ("email", "=taro@mail.example", "formula"),
        ("email_language", "fr", "choice"),
        ("email_confirmed_at", "", "date_missing"),
        ("email_confirmed_at", "2025-02-30", "date"),
        ("email_confirmed_at", "1 April", "date"),
        ("email_confirmed_at", "2025-04-01T09:00:00", "date"),
        ("email_confirmed_at", "2025-04-01T25:00:00Z", "date"),
        ("email_confirmed_at", "0001-01-01", "date"),
        ("email_confirmed_at", "2026-11-25", "future"),
        ("email_confirmed_at", "2026-11-24T01:00:01Z", "future"),
        ("phone", "12345", "phone_digits"),
        ("phone", "0120-000-000", "phone_kind"),
        ("phone", "+81 90 0000 1234", None),
        ("phone_is_mobile", "no", "mobile_differs"),
        ("phone_confirmed_at", "", "date_missing"),
        ("post_address", "x" * 301, "too_long"),
        ("post_address", "a\x07b", "control_character"),
        ("post_confirmed_at", "", "date_missing"),
    ],
)
def test_a_cell_is_read_or_named(column: str, value: str, reason: str | None):
    data = file(row(**{column: value}))

    if reason is None:
        assert len(parse(data, now=NOW).entries) == 1
    else:
        assert reason in {found for _, _, found in mistakes(data)}


def test_a_moment_that_is_just_now_is_not_in_the_future():
    assert parse(file(row(email_confirmed_at="2026-11-24T10:00:00+09:00")), now=NOW).entries


def test_a_fixed_line_may_be_called_no_mobile():
    (entry,) = parse(file(row(phone="03-0000-1234", phone_is_mobile="no")), now=NOW).entries

    assert entry.contacts[1].is_mobile is False


def test_the_same_person_twice_is_a_mistake():
    assert only(file(row(), row())) == ("external_id", "row_twice")


def test_an_account_has_one_root_user():
    assert only(file(row(), row(external_id="other"))) == ("principal_kind", "second_root")


def test_rows_of_one_account_must_agree():
    iam = row(principal_kind="iam", username="hanako", external_id="other", email="else@mail.example")

    assert only(file(row(), iam)) == ("email", "differs_from_above")


def test_one_number_written_in_two_ways_agrees():
    iam = row(principal_kind="iam", username="hanako", external_id="other", phone="+819000001234")

    assert len(parse(file(row(), iam), now=NOW).entries) == 1


def test_two_accounts_cannot_share_a_user():
    assert only(file(row(), row(account_number="000000000002"))) == ("external_id", "external_id_taken")


def test_two_connectors_may_use_the_same_identifier():
    other = row(account_number="000000000002", connector="local")

    assert len(parse(file(row(), other), now=NOW).entries) == 2


def test_a_connector_that_is_switched_off_is_no_choice():
    found = parse(file(row()), now=NOW, connectors=("local",)).mistakes

    assert [(each.column, each.reason) for each in found] == [("connector", "choice")]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (b"", (1, "", "no_rows")),
        (b"\xef\xbb\xbf\r\n", (1, "", "no_rows")),
        (file(), (1, "", "no_rows")),
        (b"name;email\r\nx;y\r\n", (1, "", "no_header")),
        ("氏名,メール\r\n".encode(), (1, "", "no_header")),
        (b"\x00\xff\xfe", (1, "", "not_utf8")),
        (file(row()) + "山田".encode("shift_jis"), (4, "", "not_utf8")),
        (file(row()) + b"a,b\r\n", (4, "", "cells")),
        (file(row()) + b'"a"b,c\r\n', (4, "", "unreadable")),
        (file(row()) + b'"never closed\r\n\r\n', (4, "", "unreadable")),
        (file(row()) + b"x" * 200_000, (4, "", "unreadable")),
        (b"x" * (MOST_BYTES + 1), (1, "", "too_large")),
    ],
)
def test_a_file_that_is_no_register_is_named_with_its_line(data: bytes, found: tuple[int, str, str]):
    assert mistakes(data) == [found]


def test_a_header_must_name_every_column_once_and_no_other():
    header = file().replace(b"kana,", b"kana,kana,").replace(b"username", b"user name")

    assert sorted(mistakes(header)) == [
        (1, "kana", "column_twice"),
        (1, "user name", "column_unknown"),
        (1, "username", "column_missing"),
    ]


def test_ten_thousand_rows_are_read_and_one_more_is_too_many():
    plain = [another(number, **NO_CONTACTS) for number in range(MOST_ROWS + 1)]

    assert len(parse(file(*plain[:-1]), now=NOW).entries) == MOST_ROWS
    assert mistakes(file(*plain)) == [(MOST_ROWS + 2, "", "too_many_rows")]


def test_the_list_of_mistakes_has_an_end():
    broken = [another(number, name="=1", **NO_CONTACTS) for number in range(MOST_MISTAKES + 50)]

    assert len(mistakes(file(*broken))) == MOST_MISTAKES


@steady
@given(st.binary(max_size=300))
def test_no_bytes_make_it_fall_over(data: bytes):
    parse(data, now=NOW)


@steady
@given(st.text(max_size=300))
def test_no_text_makes_it_fall_over(text: str):
    parse(text, now=NOW)


cells = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["=1", "+81", "2025-04-01", "9999-12-31", "yes", "ja", "\ud800", '"', "\r\n", "１２３", "x@y.example"]
    ),
)


@steady
@given(st.dictionaries(st.sampled_from(HEADER), cells, max_size=6))
def test_whatever_stands_in_its_cells_a_row_becomes_an_entry_or_mistakes_with_known_words(
    changes: dict[str, str],
):
    written = row(**changes)
    lines = [",".join(HEADER), ",".join('"' + written[name].replace('"', '""') + '"' for name in HEADER)]
    parsed = parse("\r\n".join(lines), now=NOW)

    assert bool(parsed.entries) != bool(parsed.mistakes)
    assert {each.reason for each in parsed.mistakes} <= {*FILE_MISTAKES, *CONTACT_ERRORS}
    assert {each.column for each in parsed.mistakes} <= {*HEADER, ""}
