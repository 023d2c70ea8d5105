"""PDF: a report that can be read by eye and by ear, kept in an archive, and says where it was cut."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import page
import pdfua
import pytest
from flask import Flask
from pypdf import PdfReader

from portal import typesetting
from portal.export import pdf_file
from portal.export.table import Table
from tests.export.desk import NOTE, table, written

VOLUMES = "month requests confirmed deactivated declined hours_to_decision"
MOMENT = datetime(2026, 4, 30, 15, 4, 5, tzinfo=UTC)


def volumes() -> Table:
    rows = [("2026-04", 128, 100, 97, 19, 31.4), ("2026-05", 1290, 2, 3, 4, None)]
    totals = (None, 1418, 102, 100, 23, 31.4)
    return table(rows, report="volumes", columns=VOLUMES, totals=totals, finding="It was a quiet spring")


def words(data: bytes) -> str:
    return "\n".join(sheet.extract_text() for sheet in PdfReader(io.BytesIO(data)).pages)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_summary_is_printed_whole_with_its_sentence_chart_table_columns_and_facts(
    writing: Flask, tmp_path: Path, language: str
) -> None:
    data = written(writing, pdf_file.write, volumes(), tmp_path, language)
    file, text = tmp_path / "report.pdf", words(data)
    file.write_bytes(data)
    april = {"ja": "2026年4月", "en": "April 2026"}[language]

    assert text.count(april) >= 2  # beside its bars, and in the table
    assert "It was a quiet spring" in text
    assert "1,418" in text
    assert NOTE.splitlines()[2] in text
    failures = [
        failure.rule_id
        for profile in ("2a", "ua1")
        for failure in page.validate_pdf(file, profile=profile).failures
        if "STREAM-LENGTH" not in failure.rule_id  # wrong about streams that happen to end in byte 0x0D
    ]
    assert failures == []
    assert [finding.message for finding in pdfua.validate(str(file)).findings] == []


def test_a_long_list_is_cut_and_says_so(
    writing: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf_file, "MOST_ROWS", 3)
    what = table([(f"MR-{number}", "lost") for number in range(5)])
    text = words(written(writing, pdf_file.write, what, tmp_path))
    assert "The first 3 of 5 rows are printed. The CSV and XLSX files have them all." in " ".join(
        text.split()
    )
    assert "MR-2" in text
    assert "MR-3" not in text


def test_paper_takes_fewer_rows_of_a_wide_list() -> None:
    assert pdf_file.most(table([])) == pdf_file.MOST_ROWS
    wide = "reference status outcome language tier reason received_at confirmed_at approved_at removed_at"
    assert pdf_file.most(table([], columns=wide)) == pdf_file.MOST_CELLS // 10


def test_a_text_that_is_mark_up_or_has_no_glyph_is_only_a_text(writing: Flask, tmp_path: Path) -> None:
    what = table([('<img src="file:///etc/passwd">', "lost"), ("한국 😀", "lost")])
    text = words(written(writing, pdf_file.write, what, tmp_path))
    assert '<img src="file:///etc/passwd">' in text.replace("\n", "")
    assert "〓" in text


def test_a_list_without_rows_says_so(writing: Flask, tmp_path: Path) -> None:
    assert "No requests match" in words(written(writing, pdf_file.write, table([]), tmp_path))


def test_a_report_and_a_receipt_do_not_wait_for_each_other() -> None:
    with typesetting._one_at_a_time:
        assert pdf_file.painted('<html lang="en"><title>Volumes</title>').startswith(b"%PDF-")
