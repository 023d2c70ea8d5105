"""Every field of the request form: the words of its errors in both languages, and what it takes in any width."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from portal.models import Case
from tests.public.visitor import CONSENTS, Visitor
from tests.world import World

LONG = "あ" * 101
# step, what is typed, the field; then the error in Japanese and in English
ERRORS = [
    ("language", {"language": "fr"}, "language",
     "連絡に使う言語を選択してください。", "Select the language we should contact you in"),
    ("user", {"principal_kind": ""}, "principal_kind",
     "サインインするユーザーを選択してください。", "Select which user you sign in as"),
    ("account", {"account_email": " "}, "account_email",
     "ルートユーザーのメールアドレスを入力してください。", "Enter the root user email address"),
    ("account", {"account_email": "yamada@"}, "account_email",
     "メールアドレスは name@example.com の形で入力してください。",
     "Enter an email address in the correct format, like name@example.com"),
    ("account", {"account_email": f"{'a' * 400}@mail.example"}, "account_email",
     "メールアドレスは name@example.com の形で入力してください。",
     "Enter an email address in the correct format, like name@example.com"),
    ("account", {"account_number": "１２３４５"}, "account_number",
     "AWS アカウント ID は 12 桁の数字です（入力された数字は 5 桁）。", "AWS account ID must be 12 digits (you entered 5)"),
    ("name", {"name": "　"}, "name",
     "氏名を入力してください。", "Enter your full name"),
    ("name", {"name": LONG}, "name",
     "氏名は 100 文字以内で入力してください。", "Full name must be 100 characters or less"),
    ("name", {"name": "山田\x01"}, "name",
     "表示できない文字を取り除いてください。貼り付けずに、直接入力してください。",
     "Remove the characters that cannot be shown. Type the text instead of pasting it"),
    ("name", {"name": "abc\u202e"}, "name",
     "表示できない文字を取り除いてください。貼り付けずに、直接入力してください。",
     "Remove the characters that cannot be shown. Type the text instead of pasting it"),
    ("name", {"kana": "山田"}, "kana",
     "フリガナは、ひらがなまたはカタカナで入力してください。", "Name reading must only include hiragana or katakana"),
    ("name", {"latin_name": "山田"}, "latin_name",
     "氏名（ローマ字）は、ローマ字で入力してください。",
     "Name in Latin letters must only include letters from A to Z, with or without accents"),
    ("holder", {"holder_kind": ""}, "holder_kind",
     "アカウントの名義を選択してください。", "Select whether a person or a company holds the account"),
    ("holder", {"is_administrator": "maybe"}, "is_administrator",
     "アカウントの管理者かどうかを選択してください。", "Select whether you are an administrator of the account"),
    ("holder", {"holder_kind": "company", "organisation": LONG}, "organisation",
     "会社名・組織名は 100 文字以内で入力してください。", "Organisation name must be 100 characters or less"),
    ("reply", {"reply_to": ""}, "reply_to",
     "連絡を受け取るメールアドレスを選択してください。", "Select where we should send updates"),
    ("reply", {"reply_to": "other"}, "reply_email",
     "メールアドレスを入力してください。", "Enter an email address"),
    ("reply", {"reply_to": "other", "reply_email": "x"}, "reply_email",
     "メールアドレスは name@example.com の形で入力してください。",
     "Enter an email address in the correct format, like name@example.com"),
    ("phone", {"phone": ""}, "phone",
     "電話番号を入力してください。", "Enter a phone number we can call"),
    ("phone", {"phone": "03-000"}, "phone",
     "電話番号の桁数を確認してください。日本の番号は 0 から始まる 10 桁または 11 桁です。",
     "Enter a phone number in the correct format"),
    ("phone", {"phone": "442079460000"}, "phone",
     "海外の番号は、+ と国番号から入力してください。", "Start numbers outside Japan with + and the country code"),
    ("registered-phone", {"registered_phone": ""}, "registered_phone",
     "登録した電話番号で電話に出られるかどうかを選択してください。",
     "Select whether you can answer the registered phone number"),
    ("problem", {"problem": ""}, "problem",
     "MFA デバイスの状況を選択してください。", "Select what happened to your MFA device"),
    ("problem", {"problem": "other"}, "problem_other",
     "「その他」の内容を入力してください。", "Enter what happened"),
    ("problem", {"problem": "other", "problem_other": LONG}, "problem_other",
     "「その他」の内容は 100 文字以内で入力してください。", "What happened must be 100 characters or less"),
    ("device", {"phone_on_device": ""}, "phone_on_device",
     "登録した電話番号の電話機かどうかを選択してください。", "Select whether the registered phone number was on that device"),
    ("theft", {"theft_suspected": ""}, "theft_suspected",
     "盗難や不正利用の疑いがあるかどうかを選択してください。", "Select whether you suspect theft or misuse"),
    ("detail", {"detail": "あ" * 1001}, "detail",
     "状況の説明は 1,000 文字以内で入力してください（現在 1,001 文字）。",
     "Description must be 1,000 characters or less (currently 1,001)"),
    ("detail", {"detail": "password: hunter2"}, "detail",
     "パスワードやコードは書かないでください。", "Do not include passwords or codes"),
    ("detail", {"detail": "コードは１２３４５６です"}, "detail",
     "パスワードやコードは書かないでください。", "Do not include passwords or codes"),
]  # fmt: skip


# The words are the same whatever database lies below them.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("step", "typed", "field", "in_japanese", "in_english"),
    ERRORS,
    ids=[f"{row[2]}-{number}" for number, row in enumerate(ERRORS)],
)
def test_error_stands_at_its_field_in_both_languages(
    visitor: Visitor, step: str, typed: dict[str, str], field: str, in_japanese: str, in_english: str
):
    visitor.answer("language")
    page = visitor.answer(step, **typed)
    again = visitor.switch()

    for shown, words in ((page, in_japanese), (again, in_english)):
        assert shown.code == 422
        assert shown.errors_at(field) == [words]
        assert words in [text for text, _target in shown.summary]
    assert page.title.startswith("エラー：")
    assert again.title.startswith("Error: ")


def test_summary_leads_to_the_field(visitor: Visitor):
    page = visitor.answer("phone", phone="", call_time="midnight")

    assert [target for _words, target in page.summary] == ["phone", "call_time-0"]
    assert all(page.html.find(id=target) for _words, target in page.summary)
    field = page.html.find(id="phone")
    assert field["aria-invalid"] == "true"
    assert field["aria-describedby"].split() == ["phone-error", "phone-hint"]


@pytest.mark.parametrize(
    ("step", "field", "typed", "recorded"),
    [
        ("phone", "phone", "０９０－１２３４－５６７８", "+819012345678"),
        ("phone", "phone", "090ー1234ー5678", "+819012345678"),
        ("phone", "phone", "090−1234−5678", "+819012345678"),
        ("phone", "phone", "(03) 0000 0000", "+81300000000"),
        ("phone", "phone", "+81 (0)90 1234 5678", "+819012345678"),
        ("phone", "phone", "＋81 90 1234 5678", "+819012345678"),
        ("account", "account_email", "hanako＠mail。example", "hanako@mail.example"),
        ("account", "account_number", "１２３４‐５６７８‐９０１２", "123456789012"),
        ("name", "kana", "ﾔﾏﾀﾞ ﾀﾛｳ", "ヤマダ タロウ"),
        ("name", "kana", "やまだ たろう", "ヤマダ タロウ"),
        ("name", "kana", "セーラ・ミュラー", "セーラ・ミュラー"),
        ("name", "name", "髙﨑 德子", "髙﨑 德子"),
        ("name", "name", "神\ufa19 塚", "神\ufa19 塚"),
        ("name", "name", "辻\U000e0100 𠮷", "辻\U000e0100 𠮷"),
        ("name", "name", "O'Brien", "O'Brien"),
        ("name", "name", " A ", "A"),
    ],
)
def test_any_width_and_dash_is_understood_and_names_stay_as_typed(
    visitor: Visitor, world: World, step: str, field: str, typed: str, recorded: str
):
    visitor.request(**{step: {field: typed}})

    assert recorded_by(world)[field] == recorded


@pytest.mark.parametrize(("step", "field"), [("phone", "call_time"), ("device", "device_kind")])
def test_hand_made_choice_is_answered_at_its_field(visitor: Visitor, step: str, field: str):
    page = visitor.answer(step, **{field: "abacus"})

    assert page.code == 422
    assert [target for _words, target in page.summary] == [f"{field}-0"]


def test_what_was_typed_stays_in_the_field_even_when_it_is_wrong(visitor: Visitor):
    page = visitor.answer("account", account_email="ｈａｎａｋｏ", account_number="12")

    assert page.value("account_email") == "ｈａｎａｋｏ"
    assert page.value("account_number") == "12"
    assert visitor.get("/request/account").value("account_email") == "ｈａｎａｋｏ"


def test_a_name_of_an_organisation_that_is_not_asked_for_any_more_is_in_nobodys_way(
    visitor: Visitor, world: World
):
    too_long = {"organisation": "あ" * 101}
    wrong = visitor.answer("holder", holder_kind="company", **too_long)
    visitor.request(holder={"holder_kind": "individual", **too_long})

    assert wrong.code == 422
    assert recorded_by(world)["organisation"] is None


def test_page_shows_the_number_it_will_call(visitor: Visitor):
    page = visitor.fill_in(phone={"phone": "０９０ー１２３４ー５６７８"})

    row = page.html.find(id="row-phone").get_text(" ", strip=True)
    assert "０９０ー１２３４ー５６７８" in row
    assert "+81 90-1234-5678 におかけします" in row


def test_kana_is_only_asked_for_contact_in_japanese(visitor: Visitor):
    visitor.answer("language", language="en")

    assert visitor.get("/request/name").html.find(id="kana") is None


def test_stolen_device_answers_the_question_about_theft(visitor: Visitor, world: World):
    page = visitor.fill_in(problem={"problem": "stolen"})
    assert page.html.find(id="row-theft_suspected") is None

    visitor.send(**CONSENTS)
    assert recorded_by(world)["theft_suspected"] is True


def test_something_else_comes_before_the_description(visitor: Visitor, world: World):
    visitor.request(problem={"problem": "other", "problem_other": "水没"}, detail={"detail": "昨日の朝"})

    assert recorded_by(world)["detail"] == "水没\n\n昨日の朝"


def recorded_by(world: World) -> dict[str, Any]:
    """What the one case of this desk holds, its seals opened."""
    world.session.rollback()
    case = world.session.execute(select(Case)).scalar_one()
    opened = {
        name: world.runtime.vault.open(world.session, case.subject_id, case, name)
        for name in (
            "account_email",
            "reply_email",
            "phone",
            "name",
            "kana",
            "latin_name",
            "organisation",
            "detail",
        )
    }
    return {**{column.key: getattr(case, column.key) for column in Case.__table__.columns}, **opened}
