"""What is said on calls that ask for digits: in both languages, about what, with the warning and the 9, and never the digits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from portal import call_words, i18n, word_pairs
from portal.casework import calls
from portal.casework.answering import COUNTED, EFFECTS, Spoken
from portal.domain.languages import LANGUAGES
from portal.domain.self_service import CALL_KINDS
from portal.models import Account, PhoneCall, Staff
from tests import calling
from tests.calling import code
from tests.post import office
from tests.talking import give_desk_phone
from tests.test_notices import BANNED
from tests.world import World

JAPANESE = re.compile("[ぁ-んァ-ヶ一-龯]")
NINE, DICTATED = (
    {"ja": "9 を押して", "en": "press 9"},
    {"ja": "聞いた数字", "en": "digits that somebody tells you"},
)


@pytest.fixture
def desk(shelf: Path, tmp_path: Path) -> Iterator[World]:
    from tests import databases
    from tests.conftest import migrate

    with databases.fresh_sqlite(shelf, migrate) as url:
        made = calling.desk(url, tmp_path)
        yield made
        made.close()


def call_of(world: World, kind: str, language: str) -> PhoneCall:
    account = world.account()
    if kind == "proof":
        return calling.ask(
            world, account, language=language, self_service_id=calling.attempt(world, account).id
        )
    if kind == "new_number":
        return calling.ask(world, account, kind, language=language)
    case_id = world.verifying()
    return calling.ask(world, account, kind, ctx=world.system, language=language, case_id=case_id, round=1)


def words(world: World, call: PhoneCall, key: str) -> str:
    with office(world.runtime).app_context(), i18n.spoken_in(call.language):
        (part,) = call_words.said(world.runtime, world.session, Spoken(call, key))
    assert part.language == call.language
    return part.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", sorted(calls.CODED))
def test_the_opening_says_what_it_is_about_and_how_to_stop_it(desk: World, kind: str, language: str) -> None:
    call = call_of(desk, kind, language)
    text = words(desk, call, kind)
    assert desk.runtime.settings.service_name in text
    assert NINE[language] in text
    assert DICTATED[language] in text
    assert {"ja": "9、0、1、2", "en": "9, 0, 1, 2"}[language] in text
    assert text.index(NINE[language]) < text.index({"ja": "6 桁", "en": "6 digits"}[language])
    assert code(desk, call) not in text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("key", call_words.PHRASES)
def test_every_phrase_is_said_in_its_language_with_nothing_left_open(
    desk: World, key: str, language: str
) -> None:
    text = words(desk, call_of(desk, "check", language), key)
    assert not re.search(r"[{}]|None", text)
    assert bool(JAPANESE.search(text)) == (language == "ja")
    assert not BANNED.search(text)


def test_every_kind_of_call_has_its_words_its_screen_and_its_effects() -> None:
    assert (
        set(call_words.ABOUT) == set(call_words.SCREENS) == set(calls.CODED) == set(CALL_KINDS) - {"notice"}
    )
    assert set(EFFECTS) == set(CALL_KINDS)
    assert set(COUNTED) < set(calls.CODED)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_call_back_that_leads_to_an_agent_says_how_to_know_them_and_not_the_words(
    desk: World, language: str
) -> None:
    give_desk_phone(desk, "alice")
    call = call_of(desk, "callback", language)
    text = words(desk, call, call_words.JOINED)
    assert {"ja": "2 つの言葉", "en": "two words"}[language] in text
    assert text.index(NINE[language]) < text.index({"ja": "2 つの言葉", "en": "two words"}[language])
    assert not [
        word for word in word_pairs.pair(desk.runtime.vault, call.id, language) if word in text.split()
    ]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_agent_hears_their_own_language_and_nothing_of_the_person_called(
    desk: World, language: str
) -> None:
    with desk.system.act():
        desk.session.get_one(Staff, desk.logins["alice"].staff_id).language = language
    desk.account()
    case_id = desk.verifying()
    account = desk.session.get_one(Account, desk.case(case_id).account_id)
    staff_id = desk.logins["alice"].staff_id
    bound = {"case_id": case_id, "round": 1, "staff_id": staff_id}
    call = calling.ask(desk, account, "callback", ctx=desk.system, language="ja", **bound)
    with office(desk.runtime).app_context():
        (part,) = call_words.said(desk.runtime, desk.session, Spoken(call, "agent"))
    assert part.language == language
    assert bool(JAPANESE.search(part.text)) == (language == "ja")
    assert account.number[-4:] not in part.text.replace("、", "").replace(", ", "")
