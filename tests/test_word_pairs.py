"""The two words of a call: enough of them, different, of that call alone, and to be known from nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from portal import word_pairs
from portal.domain.languages import LANGUAGES
from portal.models import new_id
from portal.vault import Keys, Vault


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    Keys.generate(tmp_path)
    return Vault(Keys.load(tmp_path))


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_256_words_none_twice(language: str) -> None:
    words = word_pairs.WORDS[language]
    assert len(words) == len(set(words)) == 256


def test_the_words_are_in_the_script_of_their_language() -> None:
    assert all(word.isascii() and word.isalpha() and word.islower() for word in word_pairs.WORDS["en"])
    assert all("ぁ" <= letter <= "ー" for word in word_pairs.WORDS["ja"] for letter in word)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_pair_is_two_different_words_and_the_same_whenever_it_is_asked(vault: Vault, language: str) -> None:
    for _ in range(500):
        call_id = new_id()
        first, second = word_pairs.pair(vault, call_id, language)
        assert first != second
        assert word_pairs.pair(vault, call_id, language) == (first, second)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_word_comes_in_either_place_and_calls_share_hardly_any_pair(
    vault: Vault, language: str
) -> None:
    pairs = [word_pairs.pair(vault, new_id(), language) for _ in range(5000)]
    for place in (0, 1):
        assert {pair[place] for pair in pairs} == set(word_pairs.WORDS[language])
    assert len(set(pairs)) > 4500


def test_without_our_key_nobody_knows_the_words_of_a_call(vault: Vault, tmp_path: Path) -> None:
    Keys.generate(tmp_path / "other")
    other = Vault(Keys.load(tmp_path / "other"))
    calls = [new_id() for _ in range(50)]
    same = [word_pairs.pair(vault, one, "en") == word_pairs.pair(other, one, "en") for one in calls]
    assert sum(same) <= 1
