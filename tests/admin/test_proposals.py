"""The first person says what shall happen: with the devices that go, or with a reason that the owner is told."""

from __future__ import annotations

from collections.abc import Callable

import wsgi
from portal.casework import proofs
from portal.casework.devices import devices_of
from tests.admin.clerk import Clerk
from tests.admin.desk import address, banner, do, has_form, open_act, says_in, send
from tests.casework.staffroom import Staffroom
from tests.casework.test_deactivation import troubled, unreachable
from tests.people import HANAKO
from tests.public.visitor import Page
from tests.world import World

Hire = Callable[..., Clerk]


def checked(world: World) -> str:
    """A case whose checks are enough, not proposed yet."""
    world.account()
    case_id = world.verifying()
    world.check("alice", case_id)
    return case_id


def devices(page: Page) -> dict[str, str]:
    """The devices that are offered: their words and their ids."""
    boxes = page.html.find_all("input", attrs={"name": "devices"})
    return {box.find_next("label").get_text(strip=True): str(box["value"]) for box in boxes}


def test_a_removal_is_proposed_with_the_devices_that_shall_go(world: World, clerk: Hire) -> None:
    case_id = checked(world)
    alice = clerk("alice", "en")
    offered = devices(open_act(alice, "decisions/propose", case_id))
    assert next(iter(offered)).startswith("Phone (Authenticator app, serial number ends in ")
    page = send(alice, devices=[next(iter(offered.values()))])
    assert "Sent for second approval. A different person decides." in banner(page)
    assert world.status(case_id) == "pending_approval"


def test_several_devices_may_be_proposed_at_once(world: World, clerk: Hire) -> None:
    case_id = checked(world)
    alice = clerk("alice")
    offered = devices(open_act(alice, "decisions/propose", case_id))
    send(alice, devices=list(offered.values()))
    assert len(world.case(case_id).devices) == 2


def test_the_proposal_page_sums_up_what_is_decided_about(world: World, clerk: Hire) -> None:
    page = open_act(clerk("alice", "en"), "decisions/propose", checked(world))
    for words in (
        "AWS account ID 123456789012",
        "Comparison of the name Match",
        "Waiting period 24 hours",
        "2 of 2 required checks match.",
        "A different person must approve. Nobody can choose who it is.",
    ):
        assert words in page.text
    assert HANAKO["name"] not in page.response.text


def test_a_device_must_be_selected_and_only_one_of_the_account(world: World, clerk: Hire, lang: str) -> None:
    case_id = checked(world)
    alice = clerk("alice", lang)
    for chosen in (None, ["no-such-device"], ["x" * 400]):
        page = do(alice, "decisions/propose", case_id, devices=chosen)
        says_in(
            lang,
            page,
            "devices",
            ("MFA デバイスを選択してください。", "Select the MFA device to deactivate."),
        )


def test_a_device_whose_code_proved_the_case_is_refused_at_its_field(world: World, clerk: Hire) -> None:
    world.account()
    case_id = world.verifying()
    device = devices_of(world.as_("alice"), world.case(case_id))[0]
    proofs.enter_device_code(world.owner, case_id, device.id, world.device_code(device.id))
    page = do(clerk("alice"), "decisions/propose", case_id, devices=[device.id])
    assert page.code == 422
    assert page.errors_at("devices") == [
        "このデバイスのコードで本人確認を行ったため、無効化の対象にできません。"
    ]
    assert page.html.find("input", value=device.id).has_attr("checked")


def test_without_enough_checks_there_is_no_button(world: World, clerk: Hire, lang: str) -> None:
    world.account()
    page = open_act(clerk("alice", lang), "decisions/propose", world.verifying())
    words = {"ja": "必要な本人確認がそろっていません。", "en": "Required identity checks are missing."}
    assert words[lang] in page.text
    assert not has_form(page)


def test_a_decline_is_proposed_with_a_reason_of_the_list(world: World, clerk: Hire) -> None:
    case_id = world.verifying()
    page = do(clerk("alice"), "decisions/propose_decline", case_id, reason="details_differ")
    assert "承認を依頼しました。別の担当者が判断します。" in banner(page)
    assert world.case(case_id).decision == "decline"


def test_a_decline_without_a_reason_of_the_list_is_refused(world: World, clerk: Hire, lang: str) -> None:
    case_id = world.verifying()
    alice = clerk("alice", lang)
    for reason in (None, "rude"):
        page = do(alice, "decisions/propose_decline", case_id, reason=reason)
        words = ("お客様に伝える理由を選択してください。", "Select the reason to give the owner")
        says_in(lang, page, "reason", words)


def test_a_silent_system_is_said_in_words_and_nothing_is_lost(
    world: World, room: Staffroom, lang: str
) -> None:
    case_id = checked(world)
    troubled(world, unreachable_at("list_devices"))
    alice = Clerk(wsgi.create_app(runtime=world.runtime), room, "alice", lang)
    alice.sign_in()
    page = alice.get(address("decisions/propose", case_id))
    words = {
        "ja": "MFA デバイスを管理するシステムから応答がありません。何も変更していません。",
        "en": "The system that holds the MFA devices does not answer. Nothing was done.",
    }
    assert page.code == 503
    assert words[lang] in page.text
    assert f"/admin/case/{case_id}" in page.links()
    assert world.status(case_id) == "verifying"


def unreachable_at(name: str) -> Callable[[str], None]:
    def trouble(called: str) -> None:
        if called == name:
            unreachable("deactivate")

    return trouble
