"""Gaps of templates, and whether a text is in the language of its reader."""

from __future__ import annotations

import pytest

from portal.domain.message_text import filled, gaps, is_other_script


def test_gaps_are_found_once_each_as_they_are_written() -> None:
    assert gaps("{期限} までに {書類名} を。{期限}") == ["期限", "書類名"]


def test_full_width_braces_are_gaps_too() -> None:
    assert gaps("｛書類名｝ と {期限｝") == ["書類名", "期限"]


def test_an_empty_gap_is_a_gap() -> None:
    assert gaps("{}") == [""]


def test_the_desk_fills_what_it_knows_in_either_language_and_leaves_the_rest() -> None:
    known = {"reference": "MR-7K4Q-2W9D", "due": ""}
    text = "{受付番号} {Reference} {receipt number} {期限} {書類名}"
    assert filled(text, known) == "MR-7K4Q-2W9D MR-7K4Q-2W9D MR-7K4Q-2W9D {期限} {書類名}"


@pytest.mark.parametrize(
    ("text", "language", "other"),
    [
        ("本日お電話します。", "ja", False),
        ("MFA デバイスを確認します。", "ja", False),
        ("ﾃﾞﾝﾜｼﾏｽ", "ja", False),
        ("We will call you today.", "ja", True),
        ("14:05", "ja", False),
        ("We will call you today.", "en", False),
        ("Dear 山田 様, we will call you.", "en", False),
        ("本日お電話します。", "en", True),
        ("", "en", False),
    ],
)
def test_a_text_in_the_wrong_script_is_noticed(text: str, language: str, other: bool) -> None:
    assert is_other_script(text, language) is other
