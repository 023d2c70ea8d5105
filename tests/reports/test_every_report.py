"""What holds of every report, whatever it tells."""

from __future__ import annotations

from sqlalchemy import event

from portal import labels, reports
from portal.domain.reports import FILTER_WORDS, FILTERS, KINDS, REPORTS, Asked
from portal.reports import LISTS, SUMMARIES
from tests.reports.asking import asked, owner, told
from tests.world import World

# How often a report asks the database, whatever there is to tell.
MOST_STATEMENTS = 5


def test_every_report_is_made_by_something_and_nothing_is_made_in_vain() -> None:
    assert {**SUMMARIES, **LISTS}.keys() == REPORTS.keys()
    assert {key for key, report in REPORTS.items() if report.is_list} == set(LISTS)


def test_every_column_is_of_a_kind_that_can_be_written() -> None:
    for report in REPORTS.values():
        for column in report.columns:
            kind, _, words = column.kind.partition(":")
            assert kind in KINDS
            assert (words in labels.TABLES) == (kind in {"word", "words"}), f"{report.key}: {column.key}"


def test_a_column_of_one_name_means_the_same_in_every_report() -> None:
    kinds = {(column.key, column.kind) for report in REPORTS.values() for column in report.columns}
    assert len({key for key, _ in kinds}) == len(kinds)


def test_every_chart_draws_columns_that_its_report_has() -> None:
    for report in REPORTS.values():
        if report.chart is not None:
            drawn = {*report.chart.names, *report.chart.lengths, *report.chart.only}
            assert drawn <= {column.key for column in report.columns}, report.key


def test_every_value_of_a_filter_has_words() -> None:
    for key, values in FILTERS.items():
        assert set(values) <= set(labels.TABLES[FILTER_WORDS[key]])


def test_every_report_answers_by_every_date_and_filter_that_it_offers(world: World) -> None:
    world.deactivated(**owner(world, 1))
    world.declined(**owner(world, 2))
    for report in REPORTS.values():
        for basis in report.bases:
            _answers(world, asked(world, report.key, basis=basis))
        for key in report.filters:
            _answers(world, asked(world, report.key, filters={key: FILTERS[key][0]}))


def _answers(world: World, wanted: Asked) -> None:
    world.session.rollback()
    width = len(REPORTS[wanted.report].columns)
    result = reports.run(world.system, wanted)
    assert all(len(row) == width for row in result.rows), wanted
    assert result.totals is None or len(result.totals) == width, wanted
    if REPORTS[wanted.report].is_list:
        assert reports.count(world.session, wanted) == len(list(reports.stream(world.session, wanted)))


def test_a_report_about_nothing_is_empty_and_not_an_error(world: World) -> None:
    for report in REPORTS:
        assert list(told(world, report).rows) == [], report
        assert reports.nearest(world.system, asked(world, report)) is None, report


def test_no_report_asks_more_often_the_more_there_is_to_tell(world: World) -> None:
    for place in range(3):
        world.deactivated(**owner(world, place))
    statements: list[str] = []
    event.listen(world.runtime.engine, "before_cursor_execute", lambda *said: statements.append(said[2]))
    for report in REPORTS:
        world.session.rollback()
        wanted = asked(world, report)
        statements.clear()
        reports.run(world.system, wanted)
        assert sum(not said.startswith("BEGIN") for said in statements) <= MOST_STATEMENTS, report
