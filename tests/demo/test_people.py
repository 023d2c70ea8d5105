"""Invented people: the same for the same seed, reachable nowhere, and named as people are named."""

from __future__ import annotations

import pytest

from portal import contact
from portal.demo.people import human
from portal.domain.names import same_name

CROWD = [human(7, number, is_company=number % 4 == 0) for number in range(1, 400)]


def test_the_same_seed_gives_the_same_people() -> None:
    assert [human(7, number, is_company=number % 4 == 0) for number in range(1, 400)] == CROWD


def test_another_seed_gives_other_people() -> None:
    assert [one.name for one in CROWD] != [human(8, one.number).name for one in CROWD]


def test_nobody_shares_an_address_or_an_account() -> None:
    for values in ([one.email for one in CROWD], [one.account_number for one in CROWD]):
        assert len(set(values)) == len(CROWD)


def test_every_address_lies_in_a_reserved_domain_and_is_spelt_as_it_is_compared() -> None:
    for one in CROWD:
        for address in (one.email, one.second_email):
            assert address.endswith(".example")
            assert contact.parse_email(address).canonical == address


def test_every_number_is_a_sample() -> None:
    for one in CROWD:
        assert contact.parse_phone(one.phone).e164 == one.phone
        assert "0000" in one.phone
        assert contact.parse_account_number(one.account_number) == one.account_number


def test_readings_are_kana_and_only_japanese_names_have_them() -> None:
    for one in CROWD:
        assert (one.kana is not None) is (one.language == "ja")
        assert one.kana is None or contact.parse_kana(one.kana) == one.kana


def test_both_languages_and_rare_forms_of_kanji_are_among_them() -> None:
    assert {one.language for one in CROWD} == {"ja", "en"}
    assert any(same_name(one.name, one.name.replace("髙", "高")) == "relaxed" for one in CROWD)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_language_can_be_asked_for(language: str) -> None:
    assert {human(7, number, language=language).language for number in range(1, 30)} == {language}
