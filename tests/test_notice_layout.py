"""Words become lines that fit, and blocks that say the same."""

from __future__ import annotations

import pytest

from portal.notice_layout import TYPED, Block, Line, blocks, plain, tidy, typed, width

DATE = "2026年11月23日（月）14:05（日本時間）"
LINK = f"https://mfa.kaijo.example/ja/status/{'x' * 43}"
SENTENCES = (
    f"心当たりのない場合は、{DATE}までに、状況のページから再確認を依頼してください。もう一度受け付けます。",
    "登録済みの連絡先すべてにお知らせしたあと、14 日以内に手続きを始め、この間に取り消しの申し出を受け付けます。",
    "期限までに確認できない場合、リクエストは終了します。「確認する」を押すと、あらためて送信できます。",
)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_japanese_line_holds_at_most_35_full_width_characters(sentence: str) -> None:
    assert all(width(line) <= 70 for line in plain(sentence, "ja").splitlines())


@pytest.mark.parametrize("sentence", SENTENCES)
def test_breaking_japanese_loses_nothing(sentence: str) -> None:
    assert plain(sentence, "ja").replace("\n", "") == sentence


@pytest.mark.parametrize("sentence", SENTENCES)
def test_no_japanese_line_begins_with_a_stop_or_ends_with_an_opening_bracket(sentence: str) -> None:
    lines = plain(sentence, "ja").splitlines()
    assert len(lines) > 1
    assert not [line for line in lines if line[0] in "、。」）" or line[-1] in "「（"]


def test_a_date_is_never_broken() -> None:
    assert DATE in plain(f"{'あ' * 30}、{DATE}までにお知らせください。", "ja").splitlines()[1]


def test_a_number_stays_with_what_it_counts() -> None:
    assert "14 日" in plain(f"{'あ' * 33}を 14 日のあいだ待ちます。", "ja")


def test_a_word_longer_than_a_line_is_cut() -> None:
    lines = plain(f"{'漢' * 80} 様", "ja").splitlines()
    assert [width(line) for line in lines[:2]] == [70, 70]


def test_a_link_is_never_broken() -> None:
    assert plain(LINK, "ja") == LINK
    assert plain(f"日本語: {LINK}", "en") == f"日本語: {LINK}"


def test_an_english_line_breaks_between_words() -> None:
    lines = plain("word " * 40, "en").splitlines()
    assert all(len(line) <= 72 and set(line.split()) == {"word"} for line in lines)


def test_the_second_line_of_an_item_is_indented() -> None:
    assert plain("- " + "word " * 20, "en").splitlines()[1].startswith("  word")


def test_bold_marks_are_not_in_the_text_and_asterisks_of_a_masked_number_are() -> None:
    assert (
        plain("**Stop it here:**\nAccount: ****-****-9012", "en") == "Stop it here:\nAccount: ****-****-9012"
    )


def test_words_become_paragraphs_lists_links_and_a_rule() -> None:
    words = f"One\n**Two**\n{LINK}\n\n1. First\n2. Second\n・みかん\n――――\nEnglish: {LINK}"
    assert blocks(words) == [
        Block("p", (Line("One"), Line("Two", strong=True), Line(LINK, url=LINK))),
        Block("ol", (Line("First"), Line("Second"))),
        Block("ul", (Line("みかん"),)),
        Block("hr", (Line("――――"),)),
        Block("p", (Line(LINK, url=LINK, lead="English"),)),
    ]


def test_the_name_of_the_other_language_is_marked_as_that_language() -> None:
    assert Line(LINK, url=LINK, lead="English").lead_language == "en"
    assert Line(LINK, url=LINK, lead="日本語").lead_language == "ja"
    assert Line(LINK, url=LINK).lead_language is None


def test_a_name_that_looks_like_a_link_becomes_none() -> None:
    assert blocks("Dear https://evil.example,")[0].lines[0].url is None


def test_gaps_that_conditions_leave_close_up() -> None:
    assert tidy("a  \n\n\n\n\nb\n\n") == "a\n\nb"


def test_what_somebody_typed_stays_what_it_is() -> None:
    lines = ("**Two**", LINK, "1. First", "・みかん", "――――")
    words = typed("\n".join(lines))
    assert blocks(words) == [Block("p", tuple(Line(line) for line in lines))]
    assert plain(words, "en") == "\n".join(lines)


def test_nobody_types_the_mark_of_what_is_typed_away() -> None:
    assert plain(typed(f"{TYPED}{TYPED}**Two**"), "en") == "**Two**"


def test_paragraphs_that_somebody_typed_stay_apart() -> None:
    assert [block.kind for block in blocks(typed("One\n \nTwo"))] == ["p", "p"]
