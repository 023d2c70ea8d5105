"""The papers as their readers meet them: what stands on them, that it can be read by eye and by ear, and kept."""

from __future__ import annotations

import re
from pathlib import Path

import page
import pdfua
import pytest
import segno
from flask_babel import gettext

from portal import i18n, pdf, typesetting
from tests.papers import (
    FACTS,
    LONG_NAME,
    LONGEST,
    NOTE,
    PAPERS,
    RECEIPT,
    each_paper,
    elements_of,
    painted,
    press,
    printed,
    read,
    solid,
    text_of,
)


@each_paper
def test_a_paper_is_one_sheet_of_a4(kind: str, language: str):
    (sheet,) = read(printed(kind, language)).pages

    assert [round(float(side) * 25.4 / 72) for side in sheet.mediabox[2:]] == [210, 297]


@pytest.mark.parametrize(
    ("kind", "language"), [paper for paper in PAPERS if "name" in FACTS[paper[0]] and paper[0] != "letter"]
)
def test_the_longest_facts_still_fit_on_one_sheet(kind: str, language: str):
    paper = painted(kind, language, **LONGEST)

    assert len(read(paper).pages) == 1
    assert LONG_NAME in solid(text_of(paper))


def test_a_list_too_long_for_the_sheet_says_how_many_more_there_are():
    devices = [{"label": f"端末 {number}", "kind": "virtual", "serial_end": None} for number in range(1, 8)]
    words = text_of(painted("completion", devices=devices))

    assert "端末 5" in words
    assert "端末 6" not in words
    assert "ほか 2 件 and 2 more" in words


def test_a_receipt_says_what_an_owner_wants_to_keep():
    words = solid(text_of(printed("receipt", "ja")))

    for said in (
        "受付票（お客様控え）",
        "受付番号ReceiptnumberMR-7K4Q-2W9D",
        "2026年11月23日（月）14:05（日本時間）",
        "メール確認待ち",
        "山田太郎様",
        "1234-****-**12",
        "t***@e***.co.example",
        "紛失した",
        "連絡に使う言語",
        "今後の流れと目安",
        "2026年11月24日（火）14:06（日本時間）",
        "2026年11月24日（火）17:00（日本時間）",
        "承認から24時間以上",
        "取り消し方法",
        "窓口と受付時間",
        "平日9:00〜18:00（日本時間、祝日を除く）",
        "発行日時・版",
        "照合用コード",
        "8f3a91c2d07b4e6fa5521c9be84d7310",
        "本票は、MFAの解除が完了したことを証明するものではありません。",
    ):
        assert said in words


def test_a_completion_notice_says_what_was_done_and_what_to_do_next():
    words = solid(text_of(printed("completion", "ja")))

    for said in (
        "完了通知書",
        "無効化済み",
        "無効化日時MFAturnedoff2026年11月27日（金）10:30（日本時間）",
        "太郎のiPhone",
        "末尾4821",
        "別の担当者が承認しました。",
        "24時間の待機期間を終えました。",
        "k***@m***.example",
        "終了したセッション：2件",
        "次に行うこと",
        "盗難の場合は、パスワードも変更してください。",
        "2026年12月7日（月）10:31（日本時間）までに",
    ):
        assert said in words


def test_a_reset_notice_says_what_was_proven_and_how_to_object():
    words = solid(text_of(printed("reset", "ja")))

    for said in (
        "MFAデバイス無効化通知書",
        "太郎のiPhone",
        "****-****-9012",
        "2026年11月24日（火）10:20（日本時間）",
        "ルートユーザーのパスワード",
        "登録したメールアドレスへの確認用リンク",
        "登録した電話番号への自動音声の電話",
        "終了したセッション：2件",
        "***-****-5678",
        "2026年12月4日（金）10:20（日本時間）までに",
    ):
        assert said in words
    assert "待機期間" not in words


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_longest_reset_notice_still_fits_on_one_sheet(language: str):
    longest = {
        "device": "経理部の共用端末に入れた予備の認証アプリ" * 3,
        "waited_until": "2026-11-24T01:20:00Z",
    }
    paper = painted("reset", language, contacts_told=LONGEST["contacts_told"], **longest)

    assert len(read(paper).pages) == 1
    assert "2026年11月24日（火）10:20（日本時間）" in solid(text_of(paper))


def test_a_letter_carries_address_code_and_the_page_to_enter_it():
    words = text_of(printed("letter", "ja"))

    assert "東京都千代田区見本町 1-2-3" in words
    assert "7KQ4-W29D-MX8R" in words
    assert "https://kaijo.example/ja/request" in words


@each_paper
def test_the_other_language_stands_beneath(kind: str, language: str):
    titles = {
        "receipt": {"ja": "受付票（お客様控え）", "en": "Request receipt (your copy)"},
        "completion": {"ja": "完了通知書", "en": "Completion notice"},
        "letter": {"ja": "確認コードのお知らせ", "en": "Your confirmation code"},
        "reset": {"ja": "MFA デバイス無効化通知書", "en": "Notice of the removed MFA device"},
    }[kind]
    words = text_of(printed(kind, language))
    other = "en" if language == "ja" else "ja"

    assert words.index(titles[language]) < words.index(titles[other])


@pytest.mark.parametrize("template", sorted(typesetting.SHEETS.glob("*.html")), ids=lambda path: path.stem)
def test_every_word_of_a_paper_is_said_in_both_languages(template: Path):
    words = re.findall(r"""_l\((["'])(.*?)\1\)""", template.read_text("utf-8"))

    with press(), i18n.spoken_in("ja"):
        assert [word for _, word in words if gettext(word) == word] == []


def test_facts_that_a_paper_does_not_print_stay_off_it():
    secrets = {
        "reply_email": "taro@example.example",
        "phone": "090-0000-0000",
        "code": "482195",
        "token": "tok-en",
    }

    assert painted("receipt", **secrets) == printed("receipt")


@pytest.mark.parametrize("kind", ["receipt", "completion", "reset"])
def test_papers_in_the_hands_of_owners_have_no_links(kind: str):
    assert "/Annots" not in read(printed(kind)).pages[0]


@each_paper
def test_a_paper_is_tagged_and_names_its_language_and_title(kind: str, language: str):
    root = read(printed(kind, language)).trailer["/Root"]

    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == language
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    told_apart_by = "2026" if kind == "reset" else "MR-7K4Q-2W9D"
    assert told_apart_by in str(read(printed(kind, language)).metadata.title)


def test_phrases_in_the_other_language_are_marked_as_such():
    spoken = {element["/Lang"] for element in elements_of(printed("receipt", "ja")) if "/Lang" in element}

    assert spoken == {"ja", "en"}


@pytest.mark.parametrize("kind", FACTS)
def test_every_label_heads_its_row(kind: str):
    heads = [element for element in elements_of(printed(kind)) if element.get("/S") == "/TH"]

    assert {head["/A"]["/Scope"] for head in heads} == {"/Row"}


@each_paper
def test_a_paper_meets_the_archival_and_the_accessibility_standard(kind: str, language: str, tmp_path: Path):
    file = tmp_path / "paper.pdf"
    file.write_bytes(printed(kind, language))
    failures = [
        failure.rule_id
        for profile in ("2a", "ua1")
        for failure in page.validate_pdf(file, profile=profile).failures
        # wrong about streams that happen to end in byte 0x0D
        if "STREAM-LENGTH" not in failure.rule_id
    ]

    assert failures == []
    assert [finding.message for finding in pdfua.validate(str(file)).findings] == []


@each_paper
def test_a_paper_declares_both_standards(kind: str, language: str):
    described = read(printed(kind, language)).trailer["/Root"]["/Metadata"].get_object()

    assert "/Filter" not in described
    assert b'pdfaid:part="2" pdfaid:conformance="A"' in described.get_data()
    assert b"<pdfuaid:part>1</pdfuaid:part>" in described.get_data()


@each_paper
def test_same_facts_same_bytes(kind: str, language: str):
    assert painted(kind, language) == printed(kind, language)


def test_other_facts_other_bytes():
    assert painted("receipt", name="山本 太郎") != printed("receipt")


def test_facts_that_lack_something_are_refused_by_name():
    facts = {key: value for key, value in RECEIPT.items() if key not in {"name", "confirm_by"}}

    with press(), pytest.raises(ValueError, match="a receipt needs confirm_by, name"):
        pdf.paint("receipt", facts, "ja")


def test_a_letter_is_painted_from_its_six_facts_alone():
    with press():
        paper = pdf.paint("letter", {key: FACTS["letter"][key] for key in pdf.POSTED}, "ja")

    assert "7KQ4-W29D-MX8R" in text_of(paper)


@pytest.mark.parametrize(
    ("kind", "language", "names"),
    [
        (
            "receipt",
            "ja",
            ("mfa-request-receipt_MR-7K4Q-2W9D_ja.pdf", "MFA解除リクエスト受付票_MR-7K4Q-2W9D.pdf"),
        ),
        (
            "receipt",
            "en",
            ("mfa-request-receipt_MR-7K4Q-2W9D_en.pdf", "MFA removal request receipt_MR-7K4Q-2W9D.pdf"),
        ),
        (
            "completion",
            "ja",
            ("mfa-completion-notice_MR-7K4Q-2W9D_ja.pdf", "MFA解除完了通知書_MR-7K4Q-2W9D.pdf"),
        ),
    ],
)
def test_a_paper_is_saved_under_a_name_that_says_what_it_is(kind: str, language: str, names: tuple[str, str]):
    with press():
        assert pdf.file_name(kind, "MR-7K4Q-2W9D", language) == names


def words_and_lines(paper: bytes) -> list[tuple[float, str]]:
    """Each piece of text with its height on the sheet, in points from its lower edge."""
    found: list[tuple[float, str]] = []
    read(paper).pages[0].extract_text(
        visitor_text=lambda text, _ctm, matrix, *_font: found.append((_height(_ctm, matrix), text.strip()))
    )
    return [each for each in found if each[1]]


def _height(ctm: list[float], matrix: list[float]) -> float:
    return ctm[1] * matrix[4] + ctm[3] * matrix[5] + ctm[5]


@pytest.mark.parametrize(("kind", "language"), [paper for paper in PAPERS if paper[0] != "letter"])
def test_facts_never_run_into_the_foot(kind: str, language: str):
    longest = LONGEST if kind != "reset" else {key: LONGEST[key] for key in ("checkpoint", "verify_url")}
    pieces = words_and_lines(painted(kind, language, **longest))
    first = {"ja": "本", "en": "This "}[language]
    at = max(
        index
        for index, (_height, text) in enumerate(pieces)
        if text.startswith(first)
        and ("本票は" in text or "本書は" in text or "receipt" in text or "notice" in text)
    )
    foot = pieces[at][0]

    assert min(height for height, _text in pieces[:at]) > foot + 8


@pytest.mark.parametrize(("kind", "language"), [paper for paper in PAPERS if paper[0] != "letter"])
def test_a_paper_says_where_it_is_checked_and_what_the_log_held(kind: str, language: str):
    words = text_of(printed(kind, language))

    assert FACTS[kind]["verify_url"] in words
    assert "184,467" in words
    assert solid(NOTE) in solid(words)


def test_a_paper_issued_before_the_first_signed_head_says_nothing_of_a_log():
    words = text_of(painted("receipt", checkpoint=None))

    assert RECEIPT["verify_url"] in words
    assert "監査ログ" not in words


def test_a_completion_notice_says_its_course_in_both_times():
    words = solid(text_of(printed("completion", "en")))

    assert "Checkingidentity本人確認中2026-11-2401:10JST(11-2316:10UTC)" in words
    assert "k***@m***.example2026-11-2400:10JST(11-2315:10UTC)" in words


def test_two_statuses_that_are_one_to_owners_stand_once_in_the_course():
    assert solid(text_of(printed("completion", "ja"))).count("無効化待ち") == 1


def test_the_square_of_a_paper_is_the_code_of_its_page():
    square = pdf._square(RECEIPT["verify_url"])
    rows = segno.make(RECEIPT["verify_url"], error="m", micro=False).matrix
    assert square is not None

    dark = set()
    for x, y, width in re.findall(r"M(\d+) (\d+)h(\d+)v1h-\3z", square.path):
        dark |= {(int(x) + step, int(y)) for step in range(int(width))}
    assert dark == {(x, y) for y, row in enumerate(rows) for x, module in enumerate(row) if module}
