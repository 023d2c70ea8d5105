"""The check of the whole log, where nothing is wrong with it, and what it says where something could not be looked at."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, text

from portal import audit
from portal.casework import intake, objection
from portal.domain.lifecycle import SYSTEM
from portal.models import AuditVerdict
from portal.tlog import verify
from tests.sql import TABLES, changed, only_on, row_of
from tests.tlog.desk import keep
from tests.tlog.tampering import checked, placed, tampered
from tests.world import World

SECOND = timedelta(seconds=1)
SHOWN = {"statement_timeout": "0", "transaction_read_only": "on", "transaction_isolation": "repeatable read"}


def test_a_desk_that_nobody_has_touched_passes(logged: World) -> None:
    logged.account()
    held = logged.executing()
    objection.stop_by_link(logged.owner, logged.link(held, "stop"))
    objection.propose_unfreeze(logged.as_("lee"), held, "resume", "it was the owner")
    objection.agree_unfreeze(logged.as_("lou"), held, code=logged.code("lou"))
    intake.withdraw(logged.owner, held, "device_works")
    declined = logged.declined(account_email="nobody@else.example", reply_email="nobody@else.example")
    objection.appeal(logged.owner, declined)
    keep(logged)
    verdict = checked(logged)
    assert verdict.findings == ()
    assert verdict.unchecked.keys() == {"anchors"}


def many(world: World, number: int) -> None:
    """So many more events, in a moment."""
    ctx = world.system
    with ctx.act():
        for at in range(number):
            facts = {"digest": str(at)}
            audit.append(
                ctx.session, "system", "system:settings:started", actor="system", at=ctx.now, facts=facts
            )


def test_what_it_found_is_kept_for_the_page_of_the_log(logged: World) -> None:
    logged.queued()
    keep(logged)
    verify.record(logged.system, checked(logged))
    tampered(logged, changed("audit_event", placed(logged)[0].id, actor="staff:other"))
    logged.now += SECOND
    verify.record(logged.system, checked(logged))
    good, bad = logged.session.execute(select(AuditVerdict).order_by(AuditVerdict.at)).scalars()
    assert (good.failed, good.first_bad, good.events) == (None, None, len(placed(logged)))
    assert (bad.failed, (bad.first_bad or "")[:14]) == ("bytes", "place 0: case:")


def test_from_a_place_on_only_what_came_since_is_read(logged: World) -> None:
    logged.queued()
    many(logged, 300)
    keep(logged)
    case_id = logged.submit(reply_email="other@example.example")
    keep(logged)
    verdict = checked(logged, since=len(placed(logged)) - 1)
    assert verdict.findings == ()
    assert verdict.events < 310
    tampered(logged, changed("cases", case_id, version=9))
    assert checked(logged, since=300).failed == "reconcile"


@only_on("sqlite")
def test_what_stands_before_that_place_is_what_a_signed_head_vouches_for(logged: World) -> None:
    logged.queued()
    many(logged, 270)
    keep(logged)
    size = len(placed(logged))
    assert checked(logged, since=size - 1).events == size  # the only head is behind it, so that all is read
    many(logged, 300)
    keep(logged)
    assert checked(logged, since=size).findings == ()
    row, table = row_of(logged, "audit_tile", level=1, place=0), TABLES["audit_tile"]
    tampered(logged, table.update().where(table.c.level == 1).values(hashes=bytes(32) + row["hashes"][32:]))
    assert checked(logged, since=size).failed == "heads"


def test_tiles_of_every_level_are_compared(logged: World) -> None:
    many(logged, 530)
    keep(logged)
    assert checked(logged).findings == ()
    tampered(logged, TABLES["audit_tile"].insert().values(level=2, place=0, hashes=bytes(32)))
    assert checked(logged).failed == "tiles"


def test_no_writer_waits_for_a_check_and_it_sees_one_moment(logged: World) -> None:
    logged.queued()
    keep(logged)
    with verify.snapshot(logged.runtime.engine) as session:
        before = session.execute(select(AuditVerdict)).all()
        with logged.runtime.sessions() as other:
            verify.record(logged.runtime.context(other, SYSTEM), verify.Verdict(1))
        assert session.execute(select(AuditVerdict)).all() == before == []


@only_on("postgresql")
def test_a_check_may_take_its_time_and_can_write_nothing(world: World) -> None:
    with verify.snapshot(world.runtime.engine) as session:
        shown = {name: session.execute(text(f"SHOW {name}")).scalar() for name in SHOWN}
    assert shown == SHOWN


def test_how_far_it_is_can_be_shown(logged: World) -> None:
    many(logged, 2100)
    keep(logged)
    seen: list[tuple[int, int]] = []
    checked(logged, progress=lambda done, total: seen.append((done, total)))
    assert seen[0] == (2000, 4200)
    assert seen[-1] == (4200, 4200)
