"""Several people at one case: who else is here is said in words, and what one does is told to the other, who loses nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from portal.casework import timers, verification
from portal.models import Presence, StaffSession
from tests.admin.clerk import Clerk
from tests.admin.desk import D2, banner, checks, do, has_form, open_act, send, statements, tags_of
from tests.public.visitor import Page
from tests.world import World

Hire = Callable[..., Clerk]


def case_address(case_id: str) -> str:
    return f"/admin/case/{case_id}"


def people(page: Page) -> list[str]:
    return [item.get_text(strip=True) for item in page.html.select(".collision .presence")]


def beat(clerk: Clerk, page: Page) -> dict[str, object]:
    """Ask what the script of the page asks."""
    box = page.html.select_one("[data-presence]")
    asked = f"{box['data-presence']}?doing={box['data-doing']}&version={box['data-version']}"
    answer = clerk.client.get(asked)
    assert answer.status_code == 200
    return dict(answer.get_json())


# who is here

READS = {"ja": "Alice Verity さんが閲覧中", "en": "Alice Verity is viewing"}
EDITS = {"ja": "Alice Verity さんが編集中", "en": "Alice Verity is editing"}


def test_whoever_opens_a_case_is_shown_to_be_viewing_it(world: World, clerk: Hire, lang: str) -> None:
    case_id = world.queued()
    clerk("alice").get(case_address(case_id))
    assert people(clerk("vic", lang).get(case_address(case_id))) == [READS[lang]]


def test_whoever_has_a_form_open_is_shown_to_be_editing(world: World, clerk: Hire, lang: str) -> None:
    world.account()
    case_id = world.verifying()
    open_act(clerk("alice"), "checks/record", case_id, "D2")
    vic = clerk("vic", lang)
    assert people(vic.get(case_address(case_id))) == [EDITS[lang]]
    assert people(open_act(vic, "checks/take_over", case_id)) == [EDITS[lang]]


def test_whoever_writes_to_the_owner_is_shown_to_be_editing(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    clerk("alice").get(f"/admin/messages/{case_id}/reply")
    assert people(clerk("vic", "en").get(case_address(case_id))) == [EDITS["en"]]


def test_a_page_that_only_says_why_nothing_can_be_done_is_read_not_edited(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    assert not has_form(open_act(clerk("bob"), "checks/record", case_id, "D2"))
    assert people(clerk("vic", "en").get(case_address(case_id))) == ["Bob Approva is viewing"]


def test_nobody_sees_themselves_nor_whoever_has_left(world: World, clerk: Hire) -> None:
    case_id = world.queued()
    alice = clerk("alice")
    assert people(alice.get(case_address(case_id))) == []
    world.now += timedelta(minutes=1)
    assert people(clerk("vic").get(case_address(case_id))) == []


def test_who_is_here_stands_in_a_status_line_from_the_start(world: World, clerk: Hire) -> None:
    page = clerk("alice").get(case_address(world.queued()))
    assert page.html.select_one("[data-presence]")["role"] == "status"


def test_an_administrator_cannot_ask_who_is_here_nor_be_here(world: World, clerk: Hire) -> None:
    case_id = world.queued()
    clerk("alice").get(case_address(case_id))
    answer = clerk("ada").client.get(f"{case_address(case_id)}/live?doing=viewing&version=1")
    assert answer.status_code == 403
    assert world.session.query(Presence).count() == 1


# what an open page asks again and again


def test_an_open_page_is_told_who_came_and_what_changed(world: World, clerk: Hire, lang: str) -> None:
    case_id = world.queued()
    vic = clerk("vic", lang)
    page = vic.get(case_address(case_id))
    assert beat(vic, page) == {"here": [], "changed": ""}
    alice = clerk("alice")
    alice.get(case_address(case_id))
    alice.send("/claim")
    said = beat(vic, page)
    assert said["here"] == [{"words": READS[lang], "doing": "viewing"}]
    updated = {
        "ja": "に Alice Verity さんが更新しました。",
        "en": "Alice Verity updated this at 24 November 2026",
    }
    assert updated[lang] in str(said["changed"])


def test_an_open_page_keeps_its_reader_in_sight_and_no_session_awake(world: World, clerk: Hire) -> None:
    case_id = world.queued()
    alice = clerk("alice")
    page = alice.get(case_address(case_id))
    session = world.session.query(StaffSession).one()
    before = session.seen_at
    for _ in range(4):
        world.now += timedelta(seconds=40)
        beat(alice, page)
    world.session.rollback()
    assert session.seen_at == before
    assert world.session.query(Presence).one().at > before


def test_asking_leaves_no_trace_in_any_log(world: World, clerk: Hire) -> None:
    case_id = world.queued()
    alice = clerk("alice")
    page = alice.get(case_address(case_id))
    stream = f"staff:{world.logins['alice'].staff_id}"
    before = tags_of(world, stream), tags_of(world, f"case:{case_id}")
    world.now += timedelta(seconds=40)
    beat(alice, page)
    assert (tags_of(world, stream), tags_of(world, f"case:{case_id}")) == before


@pytest.mark.parametrize(
    "asked", ["", "?doing=stealing&version=1", "?doing=viewing&version=x", "?doing=viewing"]
)
def test_a_question_made_by_hand_is_answered_like_a_damaged_address(
    world: World, clerk: Hire, asked: str
) -> None:
    address = f"{case_address(world.queued())}/live{asked}"
    assert clerk("alice").client.get(address).status_code == 400


def test_there_is_nobody_in_a_case_that_is_nobodys_yet(world: World, clerk: Hire) -> None:
    alice = clerk("alice")
    for case_id in (world.submit(), "0" * 32):
        answer = alice.client.get(f"{case_address(case_id)}/live?doing=viewing&version=1")
        assert answer.status_code == 404


def test_asking_costs_the_same_however_many_are_here(world: World, clerk: Hire) -> None:
    case_id = world.queued()
    vic = clerk("vic")
    page = vic.get(case_address(case_id))
    asked = []
    for names in ((), ("alice", "bob", "lee", "chika")):
        for name in names:
            clerk(name).get(case_address(case_id))
        beat(vic, page)
        with statements(world) as seen:
            beat(vic, page)
        asked.append(len(seen))
    assert asked[0] == asked[1]


# a save over somebody's change


def test_a_save_over_changes_shows_all_of_them_beside_what_was_typed(
    world: World, clerk: Hire, lang: str
) -> None:
    world.account()
    case_id = world.verifying()
    alice = clerk("alice", lang)
    open_act(alice, "checks/record", case_id, "D2")
    verification.mark_pressure(world.as_("lee"), case_id, "urgent")
    verification.mark_pressure(world.as_("vic"), case_id, "refuses_call_back")
    page = send(alice, **{**D2, "note": "seen at 10 o'clock"})
    assert page.code == 409
    review = {"ja": "内容を確認してから保存してください。", "en": "Review before saving."}
    assert review[lang] in banner(page)
    changes = [item.get_text(" ", strip=True) for item in page.html.select(".changes li")]
    words = {"ja": ("折り返しの電話を拒む", "急がせる"), "en": ("Refuses a call back", "Presses for speed")}
    assert len(changes) == 2
    assert words[lang][0] in changes[0]
    assert "Vic Verdi" in changes[0]
    assert words[lang][1] in changes[1]
    assert "Lee Leader" in changes[1]
    assert page.value("note") == "seen at 10 o'clock"
    send(alice)
    assert len(checks(world, case_id)) == 1


def test_a_page_that_does_not_say_what_it_has_seen_is_told_the_newest_change(
    world: World, clerk: Hire
) -> None:
    world.account()
    case_id = world.verifying()
    alice = clerk("alice", "en")
    open_act(alice, "checks/record", case_id, "D2")
    verification.mark_pressure(world.as_("lee"), case_id, "urgent")
    verification.mark_pressure(world.as_("vic"), case_id, "asks_to_skip")
    for events in (None, "", "x", "999999999"):
        page = send(alice, **{**D2, "result": None, "version": "1", "events": events})
        assert len(page.html.select(".changes li")) == 1, events
        assert "Asks to skip a check" in banner(page)


# an assignment that ended

ENDED = {"ja": "に担当が終了しました。", "en": "Your assignment ended at 24 November 2026 at "}


def lapsed(world: World) -> str:
    """Alice's case, after half a day in which she did nothing with it."""
    world.account()
    case_id = world.verifying()
    world.now += timedelta(hours=5)
    timers.run_due(world.runtime)
    assert world.status(case_id) == "queued"
    return case_id


def test_whoever_lost_a_case_by_time_reads_when(world: World, clerk: Hire, lang: str) -> None:
    case_id = lapsed(world)
    assert ENDED[lang] in banner(clerk("alice", lang).get(case_address(case_id)))
    assert ENDED[lang] in banner(open_act(clerk("alice", lang), "checks/record", case_id, "D2"))


def test_nobody_else_is_told_that_their_assignment_ended(world: World, clerk: Hire) -> None:
    case_id = lapsed(world)
    assert ENDED["en"] not in banner(clerk("vic", "en").get(case_address(case_id)))


def test_an_assignment_that_began_again_has_not_ended(world: World, clerk: Hire) -> None:
    case_id = lapsed(world)
    alice = clerk("alice", "en")
    alice.get(case_address(case_id))
    assert ENDED["en"] not in banner(alice.send("/claim"))


def test_what_was_typed_when_the_assignment_ended_is_still_shown(
    world: World, clerk: Hire, lang: str
) -> None:
    world.account()
    case_id = world.verifying()
    world.now += timedelta(hours=3, minutes=58)
    alice = clerk("alice", lang)
    open_act(alice, "checks/record", case_id, "D2")
    world.now += timedelta(minutes=5)
    timers.run_due(world.runtime)
    page = send(alice, **{**D2, "note": "the gesture was slow"})
    assert page.code == 409
    assert ENDED[lang] in banner(page)
    assert "the gesture was slow" in page.text
    assert not checks(world, case_id)


def test_who_was_relieved_by_a_colleague_reads_by_whom(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    verification.take_over(world.as_("vic"), case_id, "on leave")
    page = open_act(clerk("alice", "en"), "checks/record", case_id, "D2")
    assert "Last change by Vic Verdi at 24 November 2026" in page.text
    assert ENDED["en"] not in page.text


def test_after_a_save_the_reader_is_back_at_the_control_that_led_there(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    alice = clerk("alice")
    place = alice.get(case_address(case_id)).html.find(id="do-record-D2")
    assert place["href"] == f"/admin/checks/{case_id}/record/D2"
    open_act(alice, "checks/record", case_id, "D2")
    answer = alice.client.post(place["href"], data={**alice.fill(), **D2})
    assert answer.headers["Location"] == f"{case_address(case_id)}?said=recorded#do-record-D2"
    assert do(alice, "checks/pressure", case_id, marker="urgent").html.find(id="do-pressure")
