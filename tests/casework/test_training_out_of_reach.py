"""Nothing about a training case leaves the house: no mail, no call, no removal, in whatever status it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from portal.casework import call_checks, calls, owner_sign_in, proofs, transition
from portal.casework.devices import held_by
from portal.connectors import ConnectorError
from portal.connectors.training import KEY, TrainingConnector
from portal.domain.lifecycle import Act
from portal.domain.training import SCENARIOS
from portal.models import Contact, DemoMail, PhoneCall, Removal
from portal.telephone import Placing, Telephone
from tests import planting
from tests.applications import app_for
from tests.world import World


class Bell:
    """A provider that would tell on whoever rings it."""

    key = "bell"
    rings: timedelta | None = None

    def __init__(self) -> None:
        self.rung: list[Placing] = []

    def place(self, call: Placing) -> str:
        self.rung.append(call)
        return f"rung-{call.call_id}"


@pytest.fixture
def bell() -> Bell:
    return Bell()


@pytest.fixture
def desk(database_url: str, tmp_path: Path, bell: Bell, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A desk with a telephone whose provider reports the end of each call."""
    made = World(database_url, tmp_path, telephone="demo")
    telephone: Telephone = bell
    object.__setattr__(made.runtime, "telephone", telephone)
    yield made
    made.close()


@pytest.fixture
def app(desk: World) -> Flask:
    return app_for(desk.runtime)


WALKS: dict[str, Callable[..., str]] = {
    "unconfirmed": planting.plant,
    "queued": planting.queued,
    "verifying": planting.verifying,
    "pending": planting.pending_removal,
    "sent back": planting.sent_back,
    "ready": planting.ready,
    "declined": planting.declined,
    "revealed": planting.executed,
}


@pytest.mark.parametrize("walk", WALKS)
def test_no_mail_reaches_anybody_and_every_one_counts_as_arrived(desk: World, app: Flask, walk: str) -> None:
    case_id = WALKS[walk](desk)
    planting.work(desk, app)

    assert [row.state for row in planting.outbox_of(desk, case_id) if row.kind in {"mail", "spoken"}]
    assert {row.state for row in planting.outbox_of(desk, case_id)} <= {"done", "expired", "cancelled"} | (
        {"pending"} if walk == "unconfirmed" else set()
    )
    assert desk.session.execute(select(DemoMail)).all() == []


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_worker_alone_brings_it_into_the_queue(desk: World, app: Flask, scenario: str) -> None:
    case_id = planting.plant(desk, scenario)
    planting.work(desk, app)
    assert desk.status(case_id) == "unconfirmed"
    desk.now += timedelta(minutes=16)
    planting.work(desk, app)

    assert desk.status(case_id) == "queued"
    assert desk.case(case_id).account_id is not None


def test_the_wait_goes_on_as_if_everybody_had_been_told(desk: World, app: Flask, bell: Bell) -> None:
    case_id = planting.pending_removal(desk)
    planting.agree(desk, case_id)
    planting.work(desk, app)

    case = desk.case(case_id)
    assert case.waiting_started_at is not None
    assert case.waiting_hours == 24
    assert bell.rung == []
    desk.pass_time(hours=25)
    assert desk.status(case_id) == "ready"


def test_an_alarm_to_leads_about_it_leaves_like_any_other(desk: World, app: Flask) -> None:
    planting.ready(desk)
    desk.pass_time(days=6)
    planting.work(desk, app)
    kept = desk.session.execute(select(DemoMail.recipient)).scalars().all()
    assert set(kept) == {"lee@desk.example", "lou@desk.example"}


def test_a_real_mail_leaves_beside_it(desk: World, app: Flask) -> None:
    planting.plant(desk)
    desk.submit(reply_email="real@mail.example")
    planting.work(desk, app)
    assert desk.session.execute(select(DemoMail.recipient)).scalars().all() == ["real@mail.example"]


def called(desk: World, case_id: str) -> PhoneCall:
    query = select(Contact).where(
        Contact.account_id == desk.case(case_id).account_id, Contact.kind == "phone"
    )
    contact = desk.session.execute(query).scalars().first()
    assert contact is not None
    call_checks.call_back(desk.as_("alice"), case_id, contact.id)
    return call_of(desk)


def call_of(desk: World) -> PhoneCall:
    desk.session.rollback()
    return desk.session.execute(select(PhoneCall).execution_options(populate_existing=True)).scalar_one()


def test_no_call_reaches_the_provider_and_after_ringing_in_vain_nobody_has_answered(
    desk: World, app: Flask, bell: Bell
) -> None:
    case_id = planting.verifying(desk)
    called(desk, case_id)
    planting.work(desk, app)
    assert (call_of(desk).state, call_of(desk).outcome) == ("calling", None)
    desk.pass_time(seconds=20)
    assert call_of(desk).outcome is None

    desk.pass_time(seconds=20)

    assert (call_of(desk).outcome, bell.rung) == ("no_answer", [])


def test_a_real_call_reaches_it(desk: World, app: Flask, bell: Bell) -> None:
    desk.account()
    called(desk, desk.verifying())
    planting.work(desk, app)
    assert [call.to for call in bell.rung] == ["+819012345678"]


def test_a_call_of_it_that_skips_the_worker_rings_nowhere_either(desk: World, bell: Bell) -> None:
    case_id = planting.verifying(desk)
    call = called(desk, case_id)
    calls.place(desk.system, call.id, bell, "+819000001234")
    assert bell.rung == []


def test_its_letter_and_its_mailbox_link_behave_and_nobody_answers(desk: World, app: Flask) -> None:
    case_id = planting.verifying(desk)
    ctx = desk.as_("alice")
    account_id = desk.case(case_id).account_id
    query = select(Contact).where(Contact.account_id == account_id, Contact.retired_at.is_(None))
    contacts = {contact.kind: contact.id for contact in desk.session.execute(query).scalars()}
    proofs.send_mailbox_link(ctx, case_id, contacts["email"])
    document = proofs.post_letter(desk.as_("alice"), case_id, contacts["post"])
    planting.work(desk, app)

    assert document
    assert desk.session.execute(select(DemoMail)).all() == []
    assert {row.state for row in planting.outbox_of(desk, case_id)} == {"done"}


def test_its_connector_removes_nothing_and_lists_the_same_devices_each_time(desk: World) -> None:
    case_id = planting.verifying(desk)
    connector = desk.runtime.connectors[KEY]
    assert isinstance(connector, TrainingConnector)
    found, principal = held_by(desk.system, desk.case(case_id))
    assert found is connector
    devices = connector.list_devices(desk.session, principal)
    assert devices == connector.list_devices(desk.session, principal)
    with pytest.raises(ConnectorError):
        connector.deactivate(desk.session, principal, devices[0].id, now=desk.now)


def test_where_a_real_case_would_be_executed_nothing_is_touched(desk: World, app: Flask) -> None:
    case_id = planting.executed(desk)
    planting.work(desk, app)

    assert desk.session.execute(select(Removal)).all() == []
    assert "remove" not in {row.kind for row in planting.outbox_of(desk, case_id)}
    assert desk.status(case_id) == "cancelled"


def test_the_rules_have_no_way_to_execute_it_past_the_reveal(desk: World) -> None:
    case_id = planting.ready(desk)

    def force() -> None:
        alice = desk.as_("alice")
        columns = {"executing_at": desk.now, "executor_id": alice.actor.person_id}
        with alice.act():
            transition.apply(alice, desk.lock(case_id), Act.EXECUTE, given={"fresh_factor"}, **columns)

    with pytest.raises(IntegrityError, match="ck_cases_training"):
        force()
    desk.session.rollback()
    assert desk.status(case_id) == "ready"


def test_the_secret_links_of_its_mails_are_wiped_as_if_they_had_been_sent(desk: World, app: Flask) -> None:
    case_id = planting.queued(desk)
    planting.work(desk, app)
    assert {row.sealed_params for row in planting.outbox_of(desk, case_id) if row.kind == "mail"} == {None}


def test_an_invented_account_with_the_address_of_a_real_one_keeps_nobody_out(desk: World) -> None:
    invented = planting.account_of(desk, planting.queued(desk))
    (email, *_) = (
        desk.runtime.vault.open(desk.session, invented.subject_id, contact, "value")
        for contact in desk.contacts(invented, "email")
    )
    real = desk.account(account_email=email)

    found = owner_sign_in.user_named(desk.owner, owner_sign_in.named_as(email=email))
    assert found is not None
    assert found[1].id == real.id


def test_an_invented_request_swallows_no_real_one_from_the_same_mailbox(desk: World) -> None:
    invented = desk.case(planting.queued(desk))
    typed = {
        name: desk.runtime.vault.open(desk.session, invented.subject_id, invented, name)
        for name in ("account_email", "reply_email")
    }
    real = desk.queued(account_number=invented.account_number, **typed)

    assert (desk.status(real), desk.case(real).close_reason) == ("queued", None)
