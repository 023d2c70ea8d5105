"""XLSX as an independent reader finds it: a zip of XML, with typed cells, and nothing that a spreadsheet would run."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from lxml import etree

from portal.export import xlsx_file
from portal.export.table import Table
from tests.export.desk import NOTE, table, written

NS = {"s": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
MOMENT = datetime(2026, 4, 30, 15, 4, 5, tzinfo=UTC)  # the first of May in Japan


def sheets(data: bytes) -> dict[str, list[list[tuple[str, str]]]]:
    """Each sheet by its name: rows of cells, each with its type and its value."""
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        names = etree.fromstring(book.read("xl/workbook.xml")).xpath("//s:sheet/@name", namespaces=NS)
        return {
            str(name): rows(book.read(f"xl/worksheets/sheet{number}.xml"))
            for number, name in enumerate(names, 1)
        }


def rows(xml: bytes) -> list[list[tuple[str, str]]]:
    found = etree.fromstring(xml).iterfind(".//s:row", NS)
    return [
        [(cell.get("t", "n"), "".join(cell.itertext())) for cell in row.iterfind("s:c", NS)] for row in found
    ]


def made(writing: Flask, folder: Path, what: Table, language: str = "en") -> dict[str, Any]:
    return sheets(written(writing, xlsx_file.write, what, folder, language))


def test_cells_are_typed_so_that_numbers_add_up_and_times_sort(writing: Flask, tmp_path: Path) -> None:
    what = table(
        [("MR-7K4Q-2W9D", "lost", MOMENT, None, 3)], columns="reference reason received_at closed_at rounds"
    )
    data = made(writing, tmp_path, what)["Data"]
    assert [kind for kind, _ in data[1]] == ["inlineStr", "inlineStr", "n", "n"]
    assert [text for _, text in data[1][:2]] == ["MR-7K4Q-2W9D", "Lost"]
    # days since 1900 on the clock of Japan
    assert float(data[1][2][1]) == pytest.approx(46143 + 4 / 1440 + 5 / 86400)
    assert data[1][3] == ("n", "3")
    assert data[0][2][1].endswith("(Japan time)")


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "＝1+1",
        "+81 3",
        "-2",
        "@SUM(A1)",
        "\t=1",
        "http://evil.example/",
        "<r><t>x</t></r>",
        "_x0041_",
    ],
)
def test_a_text_stays_a_text(writing: Flask, tmp_path: Path, text: str) -> None:
    what = table([(text, "lost")])
    with zipfile.ZipFile(io.BytesIO(written(writing, xlsx_file.write, what, tmp_path))) as book:
        sheet = etree.fromstring(book.read("xl/worksheets/sheet1.xml"))
        names = book.namelist()
    cell = sheet.xpath("//s:row[2]/s:c[1]", namespaces=NS)[0]
    shown = "".join(cell.itertext())
    assert cell.get("t") == "inlineStr"
    assert shown == {"<r><t>x</t></r>": "'<r><t>x</t></r>", "_x0041_": "_x005F_x0041_"}.get(text, text)
    assert not sheet.xpath("//s:f | //s:hyperlink", namespaces=NS)
    assert not [name for name in names if "rels/sheet" in name]


def test_control_characters_are_replaced_and_rare_characters_are_kept(writing: Flask, tmp_path: Path) -> None:
    data = made(writing, tmp_path, table([("a\x00b\x0bc", "lost"), ("𠮷野家 葛\U000e0100 👩‍🚀", "lost")]))[
        "Data"
    ]
    assert data[1][0] == ("inlineStr", "a\ufffdb\ufffdc")
    assert data[2][0] == ("inlineStr", "𠮷野家 葛\U000e0100 👩‍🚀")


def test_a_text_too_long_for_a_cell_says_that_it_is_cut_and_where_the_whole_is(
    writing: Flask, tmp_path: Path
) -> None:
    long, fits = "あ" * 32_768, "𠮷" * 16_383
    book = made(writing, tmp_path, table([(long, "lost"), (fits, "lost")]))
    assert book["Data"][1][0][1].endswith("[32,768 characters. The whole text is in the CSV file.]")
    assert book["Data"][2][0][1] == fits
    assert ("inlineStr", "1 cells were too long for a spreadsheet.") in book["About this file"][-1]


def test_what_the_library_does_not_write_whole_is_an_error() -> None:
    with pytest.raises(xlsx_file.NotWritten):
        xlsx_file.checked(-2)
    xlsx_file.checked(0)


def test_rows_beyond_a_million_go_on_in_another_sheet(
    writing: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx_file, "ROWS_A_SHEET", 3)
    book = made(writing, tmp_path, table([(f"MR-{number}", "lost") for number in range(7)]))
    assert [name for name in book if name.startswith("Data")] == ["Data", "Data 2", "Data 3"]
    assert [len(book[name]) for name in ("Data", "Data 2", "Data 3")] == [4, 4, 2]
    assert book["Data 3"][1][0][1] == "MR-6"


def test_a_book_says_what_it_is_and_what_its_columns_mean(writing: Flask, tmp_path: Path) -> None:
    book = made(writing, tmp_path, table([], finding="Nothing came in"), "ja")
    assert len(book) == 3
    told = ["".join(text for _, text in row) for sheet in list(book.values())[1:] for row in sheet]
    assert any(NOTE in text for text in told)
    assert any("2026年4月1日〜6月30日" in text for text in told)


def test_many_rows_take_no_more_memory_than_few(writing: Flask, tmp_path: Path) -> None:
    def peak(number: int) -> int:
        folder = tmp_path / str(number)
        folder.mkdir()
        what = table([], number=number)
        streamed = Table(**{**vars(what), "rows": ((f"MR-{each}", "lost") for each in range(number))})
        with writing.app_context():
            tracemalloc.start()
            xlsx_file.write(streamed, lambda _piece: None, folder)
            _, most = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        return most

    assert peak(10_000) < peak(1_000) + 1_000_000
