"""Who looks after an account and who protects it, by keyboard alone: a number without script, the rest as axe sees it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from portal.casework import decisions, passes, protection
from portal.models import Account, PhoneCall, Proposal
from tests.casework import keepers
from tests.casework.keepers import Keeper
from tests.journeys.keyboard import Keyboard
from tests.journeys.served import served
from tests.journeys.story import Story
from tests.journeys.test_owner_pages_in_a_browser import WIDTH
from tests.people import HANAKO
from tests.world import World

# What a browser sees does not depend on the database.
pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]
LANGUAGES = pytest.mark.parametrize("language", ["ja", "en"])
PHONE, SETTINGS = "credentials/phone", "/admin/account-settings"


class Unscripted(Keyboard):
    """Axe is a script: where there is none, only the width is measured."""

    def look(self) -> None:
        self.seen.append(self.page.url.partition("/en/")[2])
        if self.page.evaluate(WIDTH) > 320:
            self.faults.append(f"{self.page.url}: wider than a phone")


@pytest.fixture
def story(database_url: str, tmp_path: Path, language: str) -> Iterator[Story]:
    with served(database_url, tmp_path, language, telephone="demo") as told:
        yield told


@pytest.fixture
def account(story: Story) -> Account:
    return story.world.account()


@pytest.fixture
def keys(chromium: Browser, story: Story) -> Iterator[Keyboard]:
    context = chromium.new_context()
    made = Keyboard(context.new_page())
    yield made
    context.close()
    assert made.faults == []


def carry(keys: Keyboard, story: Story, name: str, raw: str) -> None:
    keys.page.context.clear_cookies()
    keys.page.context.add_cookies([{"name": name, "value": raw, "url": story.base}])


def sign_in_to_the_number(keys: Keyboard, story: Story, taro: Keeper) -> None:
    keys.open(f"{story.base}/en/sign-in/iam")
    keys.fill(account_number=str(HANAKO["number"]), username="taro")
    keys.fill(password=keepers.PASSWORD)
    keys.fill(code=taro.code())
    keys.press("Change the registered phone number")


def answer_the_call(story: Story) -> None:
    story.world.session.rollback()
    keepers.keyed(story.world, story.world.session.query(PhoneCall).one())


@pytest.mark.parametrize("language", ["en"])
def test_the_number_is_corrected_without_script(chromium: Browser, story: Story, account: Account) -> None:
    taro = keepers.iam_user(story.world, account, "taro", edits=True)
    context = chromium.new_context(java_script_enabled=False, viewport={"width": 320, "height": 640})
    keys = Unscripted(context.new_page())
    sign_in_to_the_number(keys, story, taro)
    keys.fill(number="090", code=taro.code())
    assert "Error" in keys.page.title()
    keys.fill(number="090-0000-1111", code=taro.code())
    story.world.now += timedelta(minutes=2)
    keys.fill()
    shown = "".join(keys.page.locator(".call-code__digit").all_text_contents())
    answer_the_call(story)
    keys.press("Check again")
    keys.press("Continue")
    context.close()

    assert len(shown) == 6
    assert keepers.numbers(story.world, account) == [keepers.NEW]
    assert keys.seen[-3:] == [f"{PHONE}/call", f"{PHONE}/call", "credentials"]
    assert keys.faults == []


@LANGUAGES
def test_a_pass_is_asked_for(story: Story, account: Account, keys: Keyboard, language: str) -> None:
    world = story.world
    root, jiro = keepers.root_user(world, account), keepers.iam_user(world, account, "jiro", device=False)
    with world.system.act():
        for keeper in (jiro, root):
            passes.require(world.system, keeper.row)
    carry(keys, story, "owner", jiro.signed_in("password").raw)
    keys.open(f"{story.base}/{language}/mfa/pass")
    keys.fill()
    keys.fill(code="AAAA-AAAA-AAAA")
    assert keys.page.locator("#code-error").count() == 1
    carry(keys, story, "owner", root.signed_in("password").raw)
    keys.open(f"{story.base}/{language}/mfa/pass")
    keys.fill()
    assert keys.page.locator(".banner").count() == 1
    keys.fill(code="AAAA-AAAA-AAAA")
    keys.press({"ja": "もう一度送", "en": "Send again"}[language])


@LANGUAGES
def test_who_corrected_a_number_sees_that_it_was_undone(
    story: Story, account: Account, keys: Keyboard, language: str
) -> None:
    world = story.world
    taro = keepers.iam_user(world, account, "taro", edits=True)
    raw = next(iter(keepers.revert_links(world, keepers.corrected(taro)).values()))
    keys.open(f"{story.base}/{language}/revert/{raw}")
    keys.fill()
    assert keepers.numbers(world, account) == [HANAKO["phone"]]
    carry(keys, story, "owner", taro.signed_in().raw)
    keys.open(f"{story.base}/{language}/{PHONE}/call")
    assert keys.page.url.endswith(f"{PHONE}/call")


@LANGUAGES
def test_a_lead_stops_that_a_protection_is_lifted(story: Story, account: Account, keys: Keyboard) -> None:
    world = story.world
    protect(world, account)
    sit_down(keys, story, "ada")
    keys.open(f"{story.base}{SETTINGS}/{account.id}/account_unprotect")
    keys.fill(reason="The threat is over")
    proposal = f"{story.base}{SETTINGS}/{account.id}/proposals/{lifting(world).id}"
    sit_down(keys, story, "chika")
    keys.open(proposal)
    sit_down(keys, story, "ann")
    keys.open(proposal)
    keys.fill(decision="agree", code=story.clerk("ann").code())
    sit_down(keys, story, "lee")
    keys.open(proposal)
    keys.fill(code="12")
    keys.fill(code=story.clerk("lee").code())

    assert lifting(world).state == "stopped"
    assert world.session.get_one(Account, account.id, populate_existing=True).is_protected


def protect(world: World, account: Account) -> None:
    asked = decisions.propose(
        world.as_("ada"), protection.MATTER, "account_protect", account.id, reason="A threat"
    )
    digest, ctx = world.session.get_one(Proposal, asked).digest, world.as_("ann")
    decisions.agree(ctx, protection.MATTER, asked, digest=digest, code=world.code("ann"))


def lifting(world: World) -> Proposal:
    world.session.rollback()
    return world.session.query(Proposal).filter_by(kind="account_unprotect").populate_existing().one()


def sit_down(keys: Keyboard, story: Story, name: str) -> None:
    carry(keys, story, "staff", story.clerk(name).cookie or "")
