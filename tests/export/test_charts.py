"""Charts: laid out by a library, painted by our template, readable without colour and without eyes."""

from __future__ import annotations

import pytest
from flask import Flask, render_template_string
from lxml import etree

from portal import charts, i18n, labels
from portal.charts import Series
from portal.export.drawing import drawing_of
from portal.export.table import Table
from tests.export.desk import table

PAGE = '{% import "macros/drawing.html" as drawing %}{{ drawing.bars(chart) }}'
SVG = "{http://www.w3.org/2000/svg}"


def drawn(*series: Series, names: tuple[str, ...] = ("April", "May")) -> charts.Drawing:
    return charts.bars("128 received", names, series)


RECEIVED = Series("Received", [128, 64], ["128", "64"])
DECLINED = Series("Declined", [None, 32], ["", "32"])


def test_bars_are_as_long_as_their_numbers() -> None:
    first, second = sorted(drawn(RECEIVED).bars, key=lambda bar: bar.y)
    assert first.width == pytest.approx(2 * second.width)


def test_each_bar_says_how_much_and_of_what_beside_it() -> None:
    chart = drawn(RECEIVED, DECLINED)
    assert {words.text for words in chart.words} == {
        "April",
        "May",
        "Received 128",
        "Received 64",
        "Declined 32",
    }
    for words in chart.words:
        assert 0 <= words.x <= chart.width
        assert 0 < words.y <= chart.height


def test_names_stand_above_their_bars_and_nothing_overlaps() -> None:
    chart = drawn(RECEIVED, DECLINED)
    names = [words.y for words in chart.words if words.is_name]
    bars = sorted(bar.y for bar in chart.bars)
    assert names[0] < bars[0] < bars[0] + chart.bars[0].height < names[1] - 10 < names[1] < bars[1]


def test_long_words_leave_room_for_the_bars() -> None:
    chart = drawn(Series("承認手続きが終わったリクエスト" * 3, [128, 64], ["128", "64"]), RECEIVED)
    assert max(bar.width for bar in chart.bars) > 100


def test_the_page_has_neither_script_nor_style_and_every_word_is_escaped(writing: Flask) -> None:
    with writing.test_request_context():
        text = render_template_string(PAGE, chart=drawn(RECEIVED, names=("<script>x</script>", "May")))
    svg = etree.fromstring(text.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" '))
    assert svg.get("role") == "img"
    assert svg.get("aria-label") == "128 received"
    assert not [one for one in svg.iter() if one.tag in {f"{SVG}script", f"{SVG}style"} or one.get("style")]
    assert "<script>x</script>" in {"".join(one.itertext()) for one in svg.iter(f"{SVG}text")}


def test_series_are_told_apart_by_their_hatching(writing: Flask) -> None:
    with writing.test_request_context():
        text = render_template_string(PAGE, chart=drawn(RECEIVED, DECLINED))
    assert 'fill="#1a1a1a"' in text
    assert 'fill="url(#drawn-2)"' in text


def test_a_report_draws_what_its_table_says_and_only_what_was_asked_for(writing: Flask) -> None:
    what = table([("2026-04", 5, 3, 1)], report="volumes", columns="month requests deactivated declined")
    part = table([("2026-04", 5)], report="volumes", columns="month requests")
    with writing.app_context(), i18n.spoken_in("en"):
        chart = drawing_of(what.asked, list(what.rows), "In April")
        assert chart is not None
        assert "April 2026" in {words.text for words in chart.words}
        assert drawing_of(part.asked, list(part.rows), "In April") is None
        assert drawing_of(what.asked, [], "In April") is None


def said(what: Table) -> set[str]:
    """The words of the chart of a table."""
    chart = drawing_of(what.asked, list(what.rows), "In April")
    return {words.text for words in chart.words} if chart else set()


def test_two_people_of_one_name_have_bars_of_their_own(writing: Flask) -> None:
    what = table([("Alice", 3, 1), ("Alice", 2, 0)], report="agents", columns="agent approvals fast")
    with writing.app_context(), i18n.spoken_in("en"):
        assert {f"{labels.word('report_column', 'approvals')} {number}" for number in (3, 2)} <= said(what)


def test_failures_of_one_step_are_added_up(writing: Flask) -> None:
    rows = [("call", "no_answer", 3, 2), ("call", "wrong_digits", 4, 1), ("email", "no_mail", 1, 0)]
    what = table(rows, report="fallbacks", columns="step failure attempts requests_after")
    with writing.app_context(), i18n.spoken_in("en"):
        words = said(what)
    assert {"Failed attempts 7", "Then asked the desk 3", "Failed attempts 1"} <= words
    assert len(words) == 2 * 3


def test_a_table_of_many_clocks_draws_the_desks_own_for_each_group(writing: Flask) -> None:
    rows = [(clock, "ja", "standard", 9, 3.0, 8.0) for clock in ("queued", "desk", "whole")]
    columns = "clock language tier counted hours_median hours_p95"
    with writing.app_context(), i18n.spoken_in("en"):
        words = said(table(rows, report="times_by_group", columns=columns))
        assert said(table(rows[:1], report="times_by_group", columns=columns)) == set()
    assert words == {"With the desk · 日本語 · Standard", "Median (hours) 3.0", "95th percentile (hours) 8.0"}


def test_a_name_that_has_only_one_of_its_parts_is_that_part(writing: Flask) -> None:
    what = table(
        [("standard", None, 24.0, 24.2)], report="waits", columns="tier policy_set hours_due hours_least"
    )
    with writing.app_context(), i18n.spoken_in("en"):
        assert said(what) == {"Standard", "Hours due 24.0", "Shortest wait (hours) 24.2"}
