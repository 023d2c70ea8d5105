"""What the page of a case says beyond its data: risk signals, similar requests, what of the owner's waits, who is kept out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portal.casework import messages, verification
from portal.casework.transition import apply
from portal.domain.lifecycle import Act
from tests.admin.clerk import Clerk
from tests.admin.desk import address, has_form, next_step, queued, statements
from tests.casework.test_similar import HOME, filed
from tests.public.visitor import Page
from tests.world import World

Hire = Callable[..., Clerk]


def opened(clerk: Clerk, case_id: str) -> Page:
    page = clerk.get(f"/admin/case/{case_id}")
    assert page.code == 200, page.text
    return page


def card(page: Page, heading: str) -> str:
    found = page.html.find("h2", string=heading)
    return " ".join(found.parent.get_text(" ", strip=True).split()) if found else ""


RISKS = {"ja": "リスク表示", "en": "Risk signals"}


def test_a_case_without_signals_says_so_and_that_checks_are_needed_all_the_same(
    world: World, clerk: Hire, lang: str
) -> None:
    world.account()
    none = {
        "ja": "今のところありません。それでも本人確認は必要です。",
        "en": "None so far. You still need to do the checks.",
    }
    assert none[lang] in card(opened(clerk("alice", lang), world.verifying()), RISKS[lang])


def test_a_signal_says_what_it_means_and_what_follows(world: World, clerk: Hire, lang: str) -> None:
    world.account()
    case_id = world.verifying()
    verification.mark_pressure(world.as_("alice"), case_id, "urgent")
    world.check("alice", case_id, "D2", "mismatch")
    said = card(opened(clerk("alice", lang), case_id), RISKS[lang])
    for words in {
        "ja": ("急がせるのは、本人確認をすり抜けるための手口です。", "2 件目があると区分が「厳重」になり、"),
        "en": ("Pressure to hurry is a way around the checks,", "A second one makes the case elevated,"),
    }[lang]:
        assert words in said


def test_the_lost_phone_that_may_be_the_registered_one_is_explained(world: World, clerk: Hire) -> None:
    world.account()
    said = card(opened(clerk("alice", "en"), world.verifying(problem="lost")), RISKS["en"])
    assert "so a call to it counts for nothing" in said


def test_a_name_that_the_register_does_not_know_is_explained(world: World, clerk: Hire) -> None:
    world.account(name="別人 次郎", kana="ベツジン ジロウ", latin_name="Jiro Betsujin")
    said = card(opened(clerk("alice", "en"), world.verifying()), RISKS["en"])
    assert "The name in the form is not in the register" in said


def test_a_case_that_needs_attention_says_so(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.ready()
    with world.system.act():
        world.lock(case_id).needs_attention = True
    page = opened(clerk("alice"), case_id)
    assert "要対応" in page.html.select_one(".case-bar").get_text()


# similar requests

SIMILAR = {"ja": "似たリクエストと過去のリクエスト", "en": "Similar and earlier requests"}


def test_two_requests_for_one_account_are_shown_together(world: World, clerk: Hire) -> None:
    world.account()
    first = world.queued()
    second = world.queued(reply_email="other@elsewhere.example")
    page = opened(clerk("lee"), second)
    assert "同じアカウントに 2 件のリクエストがあります" in page.text
    assert f"/admin/case/{first}" in page.links()


def test_other_requests_for_the_account_are_listed(world: World, clerk: Hire) -> None:
    world.account()
    earlier = world.cancelled()
    page = opened(clerk("alice"), world.queued())
    assert f"/admin/case/{earlier}" in page.links()
    assert "取り消し済み" in card(page, SIMILAR["ja"])


def test_requests_that_share_a_number_or_a_network_are_listed_masked_with_status_and_date(
    world: World, clerk: Hire, lang: str
) -> None:
    first = filed(world, 1, HOME, phone="+819012345678", name="佐藤 健")
    second = filed(world, 2, "198.51.100.9", phone="+819012345678")
    third = filed(world, 3, HOME, name="鈴木 一郎")
    page = opened(clerk("alice", lang), first)
    said = card(page, SIMILAR[lang])
    for case_id in (second, third):
        assert f"/admin/case/{case_id}" in page.links()
        assert world.case(case_id).reference in said
    groups = [h3.get_text(strip=True) for h3 in page.html.select("section[aria-labelledby=similar-h] h3")]
    assert (
        groups
        == {
            "ja": ["同じ電話番号のリクエスト", "同じネットワークからのリクエスト"],
            "en": ["Same phone number", "Same network"],
        }[lang]
    )
    for words in {"ja": ("受付済み", "2026年11月24日"), "en": ("Received", "24 November 2026")}[lang]:
        assert words in said
    assert "一郎" not in page.response.text


def test_what_is_shared_is_a_signal_that_proves_nothing_alone(world: World, clerk: Hire) -> None:
    first = filed(world, 1, HOME, phone="+819012345678")
    filed(world, 2, "198.51.100.9", phone="+819012345678")
    filed(world, 3, HOME)
    said = card(opened(clerk("alice", "en"), first), RISKS["en"])
    assert "One person may be asking for several accounts" in said
    assert "so this alone proves nothing" in said


def test_the_list_is_asked_for_with_as_many_statements_for_ten_as_for_one(world: World, clerk: Hire) -> None:
    case_id, asked = filed(world, 0, "198.51.100.9", phone="+819012345678"), []
    for number in (1, 9):
        for place in range(number):
            filed(world, 10 * number + place, f"203.0.113.{10 * number + place}", phone="+819012345678")
        reader = clerk("vic")
        with statements(world) as seen:
            page = opened(reader, case_id)
        asked.append(len(seen))
    assert len(page.html.select(".similar li")) == 10
    assert asked[0] == asked[1]


# what of the owner's waits


def test_a_message_of_the_owner_stands_at_the_next_step_with_the_way_to_answer(
    world: World, clerk: Hire, lang: str
) -> None:
    world.account()
    case_id = world.verifying()
    messages.receive(world.owner, world.case(case_id), "My phone was found by the police.")
    page = opened(clerk("alice", lang), case_id)
    said = {"ja": "にお客様からメッセージが届きました。", "en": "The owner wrote on 24 November 2026"}
    assert said[lang] in next_step(page)
    assert f"/admin/messages/{case_id}/reply" in [link["href"] for link in page.html.select(".next-step a")]


def test_who_may_not_answer_is_led_to_a_note(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    messages.receive(world.owner, world.case(case_id), "My phone was found by the police.")
    page = opened(clerk("vic", "en"), case_id)
    assert [link["href"] for link in page.html.select(".next-step a")] == [f"/admin/messages/{case_id}/note"]
    assert "The owner wrote on" in next_step(opened(clerk("chika", "en"), case_id))


def test_a_booked_call_stands_at_the_next_step(world: World, clerk: Hire, lang: str) -> None:
    world.account()
    case_id = world.verifying()
    with world.owner.act():
        ctx, case = world.owner, world.lock(case_id)
        apply(ctx, case, Act.BOOK_CALL, said={"until": ctx.now.isoformat()}, call_booked_at=ctx.now)
    page = opened(clerk("alice", lang), case_id)
    said = {"ja": "の電話を予約しています。", "en": "The owner booked a call for 24 November 2026"}
    assert said[lang] in next_step(page)
    assert f"/admin/checks/{case_id}/call" in page.links()


# who is kept out

OWN = {
    "ja": "ご自身が連絡先になっているアカウントのケースは扱えません。",
    "en": "You cannot work on this case, because you are a contact of the account.",
}
PLACES = (
    *(
        "checks/claim",
        "checks/release",
        "checks/take_over",
        "checks/reassign",
        "checks/pressure",
        "checks/ask",
    ),
    *("checks/mailbox", "checks/call", "checks/letter", "checks/end_asking", "checks/record"),
    *("decisions/propose", "decisions/propose_decline", "decisions/approve", "removals/execute"),
    *("freezes/propose", "freezes/agree"),
)
ITEMS = {"checks/record": "D2"}


def own(world: World, name: str) -> str:
    """The address of a colleague, which is a contact of the account."""
    mine = f"{name}@desk.example"
    world.account(second_email=mine)
    return mine


def test_who_is_a_contact_of_the_account_reads_only_what_is_masked(world: World, clerk: Hire) -> None:
    world.account(account_email="alice@desk.example")
    case_id = world.queued(account_email="alice@desk.example", reply_email="else@mail.example")
    page = opened(clerk("alice"), case_id)
    assert not [link for link in page.links() if "/reveal/" in link]
    assert "ご自身が連絡先になっているアカウントのケースは扱えません。" in next_step(page)


@pytest.mark.parametrize("name", ["alice", "lee"])
def test_every_page_of_an_act_says_in_words_that_the_account_is_ones_own_and_has_no_form(
    world: World, clerk: Hire, name: str, lang: str
) -> None:
    own(world, name)
    case_id = world.queued()
    person = clerk(name, lang)
    for place in PLACES:
        page = person.get(address(place, case_id, ITEMS.get(place, "")))
        assert page.code == 200, place
        assert OWN[lang] in page.text, place
        assert not has_form(page), place
    for further in (f"messages/{case_id}/reply", f"messages/{case_id}/note", f"reveal/{case_id}/name"):
        page = person.get(f"/admin/{further}")
        assert OWN[lang] in page.text, further
        assert not has_form(page), further


@pytest.mark.parametrize(
    "status", ["queued", "verifying", "pending_approval", "cooling_off", "ready", "frozen"]
)
def test_the_case_says_at_every_stage_that_the_account_is_ones_own(
    world: World, clerk: Hire, status: str
) -> None:
    own(world, "lee")
    case_id = getattr(world, status)()
    page = opened(clerk("lee", "en"), case_id)
    assert OWN["en"] in next_step(page)
    assert not page.html.select(".next-step .button")


def test_a_case_of_nobody_in_particular_shuts_nobody_out(world: World, clerk: Hire) -> None:
    page = opened(clerk("lee", "en"), queued(world)[0])
    assert OWN["en"] not in page.text
