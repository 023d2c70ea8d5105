"""No column of personal data is forgotten: each goes by a class of its own, or with a key; and each is handed out on request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from sqlalchemy import Column, Table

from portal.casework import kept_by_time, person_data, shredding
from portal.domain.retention import KEY_GONE, NEUTRAL, PERIODS, STAGES
from portal.models import HOLDS, Base

TABLES = Base.metadata.tables
PERSONAL = ("evidence", "network", "contact")

# What goes neither by a class of a case nor with an account, and how it goes.
OTHERWISE: Mapping[str, str] = {
    "proposal": "emptied with what it is about, or its own key is destroyed when it is decided",
    "draft": "deleted after its hours, see drafts.purge",
    "throttle": "deleted after two days, see throttle.forget_before",
    "export": "the file's own key is destroyed when it expires; why it was wanted goes by time, see kept_by_time",
    "export_part": "deleted when the export expires",
    "staff": "a colleague's desk phone, theirs to change while the sign-in exists",
    "staff_session": "deleted at the end, and by the run after the period of network addresses",
    "demo_mail": "in a demo only, where nobody is real",
}


def personal() -> Iterator[Column[object]]:
    for table in Base.metadata.sorted_tables:
        yield from shredding.holding(table, PERSONAL)


def reached(key: str) -> set[str]:
    return {table.name for table in shredding.tables_with(key, PERSONAL)}


def test_every_class_but_facts_and_secrets_has_its_period() -> None:
    assert {period.key for period in PERIODS} == set(HOLDS) - {"secret"}


def test_every_column_of_personal_data_is_reached_by_a_stage_or_by_the_end_of_a_key() -> None:
    of_case, of_account = reached("case_id") | {"cases"}, reached("account_id") | {"account"}
    forgotten = {
        f"{column.table.name}.{column.name}"
        for column in personal()
        if column.table.name not in of_case | of_account | set(OTHERWISE)
    }

    assert forgotten == set()
    assert set(OTHERWISE) <= {column.table.name for column in personal()}


def test_what_is_sealed_for_an_account_is_emptied_with_it() -> None:
    assert hang_on_accounts() == reached("account_id")


def hang_on_accounts() -> set[str]:
    return {
        column.table.name
        for column in personal()
        if "account_id" in column.table.columns and column.table.name != "cases"
    }


def test_what_hangs_on_an_account_alone_goes_by_time_as_well() -> None:
    # what is known of the account itself, of calls by which numbers are counted, and of what goes with its case
    stays = {"account", "phone_call"} | reached("case_id")

    assert hang_on_accounts() - stays - set(kept_by_time.SINCE) == set()
    assert all(since in TABLES[name].columns for name, since in kept_by_time.SINCE.items())


def test_every_emptied_column_can_be_empty() -> None:
    for column in personal():
        assert shredding.nothing_in(column) in {None, b"", ""}, column


def test_every_answer_of_an_owner_is_neutralised_and_fits_its_column() -> None:
    cases = TABLES["cases"]
    # what the desk did with the request, and what its rows hang on
    structural = set(cases.columns.keys()) - set(NEUTRAL) - {column.name for column in personal()}
    told_by_owners = {
        *(
            "principal_kind",
            "account_number",
            "problem",
            "device_kind",
            "registered_phone",
            "phone_on_device",
        ),
        *("theft_suspected", "holder_kind", "is_administrator", "call_time", "triage", "accepted"),
    }

    assert not told_by_owners & structural
    for name, value in NEUTRAL.items():
        longest = getattr(cases.columns[name].type, "length", None)
        assert not isinstance(value, str) or len(value) <= longest, name
        assert value is not None or cases.columns[name].nullable, name


def test_the_key_goes_after_all_that_it_opens() -> None:
    assert STAGES["evidence"] < STAGES["network"] < STAGES["contact"] == KEY_GONE < STAGES["fact"]


# what a person is handed


def handed(parts: Iterable[person_data.Several]) -> set[Table]:
    return {TABLES[model.__tablename__] for several in parts for model, _which in several}


def test_every_column_of_a_case_and_of_an_account_is_handed_out_or_has_a_reason() -> None:
    tables = handed([*person_data.OF_CASE.values(), *person_data.OF_ACCOUNT.values()])
    hanging = {
        table
        for table in Base.metadata.sorted_tables
        if {"case_id", "account_id"} & set(table.columns.keys()) and shredding.holding(table, PERSONAL)
    }

    assert hanging - tables == set()
    left_out = {
        f"{table.name}.{column.name}"
        for table in tables
        for column in shredding.holding(table, PERSONAL)
        if not person_data.is_handed(table.name, column.name, column.info["holds"])
    }
    assert left_out == set(person_data.LEFT_OUT)


def test_no_secret_is_handed_out() -> None:
    for table in handed([*person_data.OF_CASE.values(), *person_data.OF_ACCOUNT.values()]):
        for column in shredding.holding(table, ("secret",)):
            assert not person_data.is_handed(table.name, column.name, column.info["holds"])
