"""A training case and its account look like any other to those who work, and touch nothing that is real."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from portal.casework import accounts, intake, lookup, register_import, similar
from portal.casework.context import Refused
from portal.casework.devices import devices_of
from portal.connectors.table import connectors_for, registrable
from portal.connectors.training import KEY
from portal.domain.training import SCENARIOS
from portal.environment import SettingsError
from portal.models import AccountMark, Principal
from tests import planting
from tests.casework import register_desk, register_rows
from tests.world import World


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_scenario_reaches_the_queue_with_the_history_of_any_case(
    world: World, scenario: str, language: str
) -> None:
    world.account()
    real = world.queued(reply_email="somebody@else.example", language=language)
    case_id = planting.queued(world, scenario, language=language)

    case = world.case(case_id)
    assert (case.status, case.training, case.language) == ("queued", True, language)
    assert planting.account_of(world, case_id).training
    told, usual = (lookup.timeline(world.session, world.case(each)) for each in (case_id, real))
    same = [(entry.tag, entry.actor, entry.status_after, set(entry.facts)) for entry in usual]
    assert [
        (entry.tag, entry.actor, entry.status_after, set(entry.facts) | {"proven"}) for entry in told[:3]
    ] == [(tag, actor, after, facts | {"proven"}) for tag, actor, after, facts in same[:3]]


def test_it_is_confirmed_minutes_after_it_was_sent(world: World) -> None:
    case_id = planting.plant(world)
    (row,) = [row for row in planting.outbox_of(world, case_id) if row.kind == "arrival"]

    assert timedelta(minutes=2) <= row.not_before - row.created_at <= timedelta(minutes=15)
    assert world.status(case_id) == "unconfirmed"


def test_it_is_found_by_name_address_and_number_like_any_other(world: World) -> None:
    case_id = planting.queued(world)
    case, ctx = world.case(case_id), world.as_("vic")
    opened = {
        field: ctx.vault.open(ctx.session, case.subject_id, case, field)
        for field in ("name", "account_email", "phone")
    }
    for text in (*opened.values(), case.reference, case.account_number):
        assert [found.id for found, _ in lookup.search(ctx, text or "")] == [case_id]
    assert [one.id for one in accounts.search(ctx, email=opened["account_email"])] == [case.account_id]


def test_its_account_looks_as_old_and_as_usual_as_any(world: World) -> None:
    world.account()
    real = world.queued()
    case_id = planting.queued(world, "new_phone")
    ctx = world.as_("vic")
    seen, usual = (
        accounts.view(ctx, world.case(each).account_id or "", case_id=each) for each in (case_id, real)
    )
    assert seen.connector == usual.connector == "local"
    assert seen.account.created_at < world.now - timedelta(days=100)
    assert {contact.kind for contact in seen.contacts} == {contact.kind for contact in usual.contacts}
    (device,) = devices_of(ctx, world.case(case_id))
    assert len(device.id) == len(devices_of(ctx, world.case(real))[0].id)


def test_a_telephone_that_changed_four_days_ago_shows_as_changed(world: World) -> None:
    case_id = planting.queued(world, "new_phone")
    seen = accounts.view(world.as_("vic"), world.case(case_id).account_id or "")
    phones = [contact for contact in seen.contacts if contact.kind == "phone"]

    assert [(one.retired_at is None, one.is_recent) for one in phones] == [(True, True), (False, False)]
    assert world.case(case_id).tier == "elevated"


def test_a_real_request_never_meets_an_invented_account(world: World) -> None:
    case = world.case(planting.queued(world))
    email = world.runtime.vault.open(world.session, case.subject_id, case, "account_email")
    for named in ({"account_email": email}, {"account_number": case.account_number}):
        probe = world.submit(**{"reply_email": "probe@mail.example", **named})
        intake.confirm(world.owner, world.link(probe, "confirm"))
        intake.match(world.system, probe)
        assert (world.case(probe).account_id, world.case(probe).training) == (None, False)


def test_what_an_invented_account_remembers_touches_no_real_one(world: World) -> None:
    real = world.account()
    planting.declined(world)
    marked = select(func.count()).select_from(AccountMark)
    assert world.session.execute(marked.where(AccountMark.account_id == real.id)).scalar_one() == 0
    assert world.case(world.queued()).tier == "standard"


def test_an_import_can_name_no_training_account(world: World) -> None:
    row = register_rows.row(connector=KEY)
    with pytest.raises(Refused, match="register_file") as refused:
        register_import.propose_import(world.as_("ada"), register_rows.file(row))
    assert [mistake.reason for mistake in refused.value.details["mistakes"]] == ["choice"]


@pytest.mark.parametrize("connector", ["local", "runbook"])
def test_a_file_with_the_number_of_an_invented_account_moves_it_nowhere(world: World, connector: str) -> None:
    case = world.case(planting.queued(world))
    known_as = world.session.get_one(Principal, case.principal_id).external_id
    row = register_rows.row(
        account_number=case.account_number or "", external_id=known_as, connector=connector
    )
    done = register_desk.imported(world, row)

    assert (done.added, done.changed) == (0, 1)
    account = planting.account_of(world, case.id)
    assert (account.connector, account.training) == (KEY, True)


def test_no_setting_names_its_connector_and_every_desk_has_it(world: World) -> None:
    with pytest.raises(SettingsError):
        connectors_for(("local", KEY), world.runtime.vault)
    for names in (("local",), ("runbook",), ("local", "runbook")):
        made = connectors_for(names, world.runtime.vault)
        assert set(made) == {*names, KEY}
        assert registrable(made) == names
        assert made[KEY].by_hand == made[names[0]].by_hand


def test_a_desk_that_works_by_hand_alone_shows_its_devices_as_those_of_others(world: World) -> None:
    case = world.case(planting.queued(world))
    connector = connectors_for(("runbook",), world.runtime.vault)[KEY]
    principal = world.session.get_one(Principal, case.principal_id)
    assert [device.kind for device in connector.list_devices(world.session, principal)] == ["unknown"]


def test_no_real_case_is_like_a_training_case(world: World) -> None:
    case = world.case(planting.queued(world))
    phone = world.runtime.vault.open(world.session, case.subject_id, case, "phone")
    twin = world.queued(phone=phone)
    ctx = world.as_("vic")
    assert similar.similar(ctx, world.case(twin)).all == []
    assert similar.similar(ctx, world.case(case.id)).all == []
