"""The page on which a second person decides: all there is to judge by, no colleague's opinion before the evidence, and the pool."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from portal import written_times
from portal.casework import approval, messages, objection, verification
from portal.models import IdentityCheck
from tests.admin.clerk import Clerk
from tests.admin.desk import address, banner, do, has_form, open_act, send, statements
from tests.admin.test_decisions import open_every_check
from tests.casework.test_approval import privileged
from tests.casework.test_second_look import pool
from tests.people import HANAKO
from tests.public.visitor import Page
from tests.world import World, evidence_for

Hire = Callable[..., Clerk]

CHECK_NOTE = "she seemed honest to me"
NOTE = "I am sure it is her"
SENT_BACK = "the photo was blurred, else fine"


def with_opinions(world: World) -> str:
    """A case about which its first person, and a second one of before, have written what they think."""
    world.account()
    case_id = world.verifying()
    for method in ("D2", "D5"):
        verification.record_check(
            world.as_("alice"), case_id, method, "match", evidence=evidence_for(method), note=CHECK_NOTE
        )
    messages.note(world.as_("alice"), case_id, world.case(case_id).version, NOTE)
    world.propose("alice", case_id)
    world.open_checks("ben", case_id)
    approval.send_back(world.as_("ben"), case_id, SENT_BACK, code=world.code("ben"))
    world.propose("alice", case_id)
    return case_id


def pages_of(clerk: Clerk, case_id: str) -> list[Page]:
    """Every page that shows something of the case to somebody who could decide it."""
    case = f"/admin/case/{case_id}"
    tabs = [f"{case}?show={tab}" for tab in ("all", "owner", "notes", "history")]
    acts = [address(f"decisions/{key}", case_id) for key in ("approve", "propose", "decided")]
    more = [
        address("checks/pressure", case_id),
        address("freezes/agree", case_id),
        f"/admin/removals/{case_id}/result",
    ]
    lists = ["/admin/queue/?view=second_approval", "/admin/board/", "/admin/safety/"]
    return [clerk.get(path) for path in (case, *tabs, *acts, *more, *lists)]


def leaks(pages: list[Page]) -> list[tuple[str, str]]:
    opinions = (CHECK_NOTE, NOTE, SENT_BACK)
    return [(page.path, words) for page in pages for words in opinions if words in page.response.text]


@pytest.mark.parametrize("name", ["bob", "lee"])
def test_no_page_shows_a_colleagues_opinion_before_every_check_is_opened(
    world: World, clerk: Hire, name: str
) -> None:
    case_id = with_opinions(world)
    second = clerk(name)
    assert leaks(pages_of(second, case_id)) == []
    page = open_act(second, "decisions/approve", case_id)
    first = next(form for form in page.html.main.find_all("form") if "/open/" in form["action"])
    second.send(first["action"])
    assert leaks(pages_of(second, case_id)) == []


def test_after_every_check_is_opened_all_that_was_written_is_there(world: World, clerk: Hire) -> None:
    case_id = with_opinions(world)
    bob = clerk("bob")
    page = open_every_check(bob, case_id)
    assert CHECK_NOTE in page.text
    assert SENT_BACK in page.text
    assert NOTE in bob.get(f"/admin/case/{case_id}").response.text


def test_the_page_says_that_and_why_something_is_hidden(world: World, clerk: Hire) -> None:
    case_id = with_opinions(world)
    words = "Until then, judge only the evidence."
    bob = clerk("bob", "en")
    assert words in open_act(bob, "decisions/approve", case_id).text
    assert words not in open_every_check(bob, case_id).text


def test_whoever_wrote_it_goes_on_reading_it(world: World, clerk: Hire) -> None:
    case_id = with_opinions(world)
    text = clerk("alice").get(f"/admin/case/{case_id}").response.text
    assert all(words in text for words in (CHECK_NOTE, NOTE, SENT_BACK))


def test_whoever_is_a_contact_of_the_account_never_reads_what_colleagues_think(
    world: World, clerk: Hire
) -> None:
    world.account(second_email="vic@desk.example")
    case_id = world.verifying()
    messages.note(world.as_("alice"), case_id, world.case(case_id).version, NOTE)
    vic = clerk("vic", "en")
    writing = [vic.get(f"/admin/messages/{case_id}/{kind}") for kind in ("note", "reply")]
    assert leaks([*pages_of(vic, case_id), *writing]) == []
    assert "you are a contact of the account" in vic.get(f"/admin/case/{case_id}?show=notes").text


def test_the_record_of_what_happened_holds_no_opinion(world: World) -> None:
    case_id = with_opinions(world)
    world.session.rollback()
    events = " ".join(
        bytes(event_bytes).decode()
        for (event_bytes,) in world.session.connection().exec_driver_sql(
            "SELECT event_bytes FROM audit_event"
        )
    )
    assert case_id in events
    assert not [words for words in (CHECK_NOTE, NOTE, SENT_BACK) if words in events]


def test_the_summary_says_who_what_why_and_how_long(world: World, clerk: Hire) -> None:
    world.account()
    page = open_act(clerk("bob", "en"), "decisions/approve", world.pending_approval())
    for words in (
        f"AWS account ID {HANAKO['number']}",
        "Phone (Authenticator app",
        "Tier Standard",
        "Waiting period 24 hours",
        "Checked by Alice Verity",
        "2 of 2 required checks match.",
    ):
        assert words in page.text


def table(page: Page, name: str) -> list[list[str]]:
    rows = page.html.select(f"section[aria-labelledby={name}-h] tbody tr")
    return [
        [" ".join(cell.get_text(" ", strip=True).split()) for cell in row.find_all(["th", "td"])]
        for row in rows
    ]


def test_each_check_that_counts_has_method_result_time_and_hand(world: World, clerk: Hire) -> None:
    world.account()
    page = open_act(clerk("bob", "en"), "decisions/approve", world.pending_approval())
    by_person, by_system = table(page, "counted")
    assert by_person[1:3] == ["Video call with photo ID", "Match"]
    assert by_person[3].startswith("24 November 2026")
    assert by_person[4] == "Alice Verity"
    assert by_system[4] == "System"


def test_a_check_that_does_not_count_is_named_with_the_reason(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    world.check("alice", case_id)
    world.check("alice", case_id, "D4")
    world.propose("alice", case_id)
    page = open_act(clerk("bob", "en"), "decisions/approve", case_id)
    section = page.html.select_one("section[aria-labelledby=counted-h]").get_text(" ", strip=True)
    assert "Checks that do not count" in section
    assert "It never completes the checks." in section


def test_form_and_register_stand_beside_each_other_masked(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying(phone="+818000001111")
    world.check("alice", case_id)
    world.propose("alice", case_id)
    page = open_act(clerk("bob", "en"), "decisions/approve", case_id)
    rows = {row[0]: row for row in table(page, "differences")}
    assert rows["Full name"][3] == "Same"
    assert rows["Phone number in the form"][1].endswith("-1111 (partly hidden)")
    assert rows["Phone number in the form"][3] == "Different"
    for secret in ("818000001111", HANAKO["name"], HANAKO["account_email"], HANAKO["second_email"]):
        assert secret not in page.response.text


def test_it_is_said_of_each_contact_whether_it_was_told(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.pending_approval()
    world.deliver()
    rows = table(open_act(clerk("bob", "en"), "decisions/approve", case_id), "reached")
    assert [row[1].startswith("Told of the request 24 November 2026") for row in rows].count(True) == 1
    assert [row[2] for row in rows].count("Yes") == 1


def test_an_objection_and_a_rival_request_are_named(world: World, clerk: Hire, lang: str) -> None:
    account = world.account()
    case_id = world.pending_approval()
    page = open_act(clerk("bob", lang), "decisions/approve", case_id)
    if lang == "en":
        assert "Nobody has objected, and nobody else asks for this account." in page.text
    objection.object_on_account(world.system, world.contacts(account, "email")[1].id, channel="mail")
    page = open_act(clerk("ben", lang), "decisions/approve", case_id)
    assert len(page.html.select("section[aria-labelledby=against-h] li")) == 1


def test_a_call_can_be_the_live_check_that_a_lead_repeats(world: World, clerk: Hire) -> None:
    case_id = privileged(world)
    links = open_act(clerk("lee"), "decisions/approve", case_id).links()
    offered = address("checks/repeat_call", case_id) in links
    assert offered == (world.system.telephone is not None)
    assert address("decisions/repeat", case_id, "D2") in links


def test_after_a_decision_the_pool_offers_the_case_that_came_in_first(world: World, clerk: Hire) -> None:
    first, second, third = pool(world)
    bob = clerk("bob", "en")
    for case_id, following in ((first, second), (second, third), (third, None)):
        page = do(bob, "decisions/approve", case_id, decision="send_back", reason="blurred", code="new")
        assert "The case is back with the verifier." in banner(page)
        offered = [link for link in page.links() if "/approve" in link]
        assert offered == ([address("decisions/approve", following)] if following else [])
    assert "Nothing else waits for your decision." in page.text


def test_who_was_faster_is_named_with_decision_and_time_also_when_the_wait_runs_already(
    world: World, clerk: Hire
) -> None:
    world.account()
    case_id = world.pending_approval()
    world.open_checks("bob", case_id)
    approval.approve(world.as_("bob"), case_id, code=world.code("bob"))
    decided = world.now
    world.now += timedelta(minutes=7)
    world.deliver()
    page = open_act(clerk("ben", "en"), "decisions/approve", case_id)
    assert world.case(case_id).waiting_until is not None
    assert not has_form(page)
    assert f"Bob Approva at {written_times.when(decided, 'en')}: Approved" in page.text


def test_a_decision_that_was_sent_back_is_named_too(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.pending_approval()
    ben = clerk("ben", "en")
    open_act(ben, "decisions/approve", case_id)
    approval.send_back(world.as_("bob"), case_id, "blurred", code=world.code("bob"))
    page = send(ben, decision="agree", code=ben.code())
    assert page.code == 409
    assert "Bob Approva" in banner(page)


def test_the_page_after_a_decision_is_for_those_who_work(world: World, clerk: Hire) -> None:
    world.account()
    path = address("decisions/decided", world.pending_approval())
    assert {name: clerk(name).get(path).code for name in ("bob", "lee", "chika", "ada")} == {
        "bob": 200,
        "lee": 200,
        "chika": 403,
        "ada": 403,
    }


def test_the_pages_speak_one_language(world: World, clerk: Hire, lang: str) -> None:
    world.account()
    case_id = world.pending_approval()
    bob = clerk("bob", lang)
    assert open_act(bob, "decisions/approve", case_id).foreign_words(lang) == []
    assert bob.get(address("decisions/decided", case_id)).foreign_words(lang) == []


def test_the_page_asks_the_database_as_often_for_much_as_for_little(world: World, clerk: Hire) -> None:
    account = world.account()
    case_id = world.verifying()
    world.check("alice", case_id)
    world.propose("alice", case_id)
    bob, counted = clerk("bob"), []
    for more in ((), ("D5", "D2", "D5")):
        if more:
            approval.send_back(world.as_("ben"), case_id, "blurred", code=world.code("ben"))
            for address_of in ("n1@mail.example", "n2@mail.example", "n3@mail.example"):
                with world.system.act():
                    world.contact(account, "email", address_of, since=world.now - timedelta(days=90))
            for method in more:
                world.check("alice", case_id, method)
            world.propose("alice", case_id)
        open_act(bob, "decisions/approve", case_id)
        with statements(world) as seen:
            open_act(bob, "decisions/approve", case_id)
        counted.append(len(seen))
    assert world.session.query(IdentityCheck).count() == 5
    assert counted[0] == counted[1]
