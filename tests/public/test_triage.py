"""The questions before the form: every way through them, back and again, and what they save the form from asking."""

from __future__ import annotations

import pytest

from tests.public.records import only_case
from tests.public.visitor import CONSENTS, Page, Visitor
from tests.world import World

ONE_DATABASE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

# What is answered, guides' "Did this work?" among it; what is to be done then, and why.
ROUTES = {
    "iam": (
        "Ask your administrator to deactivate the device",
        "An IAM user's device is removed by the administrator of the account. "
        "Ask the administrator of the account first.",
    ),
    "iam yes": ("Your problem is solved", "You can sign in again, so there is nothing more to send."),
    "iam no": ("Send a request", "No administrator can help you, so our team will check your request."),
    "root yes": (
        "Sign in with another MFA device",
        "A second registered device signs you in straight away. You can then remove the lost one yourself.",
    ),
    "root yes yes": ("Your problem is solved", "You can sign in again, so there is nothing more to send."),
    "root no yes": (
        "Resynchronize your MFA device",
        "When a device shows codes that are refused, its clock is usually out of step. "
        "Resynchronizing takes about two minutes.",
    ),
    "root no yes yes": ("Your problem is solved", "You can sign in again, so there is nothing more to send."),
    "root no no no": ("Reset your password first", "You need the password to sign in after MFA is removed."),
    "root no no no no yes yes": (
        "Send a request",
        "Without the password you cannot remove MFA yourself, so our team will check your request.",
    ),
    "root no no no no yes no": (
        "Send a request",
        "Without the registered phone you cannot remove MFA yourself, so our team will check your request.",
    ),
    "root no no yes no yes": (
        "Send a request",
        "Without the registered email you cannot remove MFA yourself, so our team will check your request.",
    ),
    "root no no yes no no yes": (
        "Send a request with further proof",
        "Device, email and phone are all gone, so we need further proof, and you must wait at least 30 days.",
    ),
    "root no no yes no no unknown": (
        "Send a request with further proof",
        "Device, email and phone are all gone, so we need further proof, and you must wait at least 30 days.",
    ),
    "root no no yes no no no": (
        "We cannot confirm who you are",
        "The account holds no name that we could compare with your papers. Nobody at our desk can decide this.",
    ),
    "root no no yes yes yes": (
        "Send a request",
        "Removing MFA yourself is not available here, so our team will check your request.",
    ),
    "root no no yes yes no yes": (
        "Update the phone number as an IAM user",
        "When the phone number is right again, we can use it to check your identity. "
        "A changed number counts 30 days after the change.",
    ),
    "root no no yes yes no yes yes": (
        "Send a request",
        "Removing MFA yourself is not available here, so our team will check your request.",
    ),
    "root no no yes yes no yes no": (
        "Send a request",
        "Without the registered phone you cannot remove MFA yourself, so our team will check your request.",
    ),
    "root no no yes yes no no": (
        "Send a request",
        "Without the registered phone you cannot remove MFA yourself, so our team will check your request.",
    ),
}
# What leads to each question; its words, and the error when nothing is chosen.
QUESTIONS = {
    "": (
        "user",
        "どのユーザーでサインインしますか",
        "サインインするユーザーを選択してください。",
        "Select which user you sign in as",
    ),
    "root": (
        "other_device",
        "ほかに登録した MFA デバイスはありますか",
        "ほかに登録した MFA デバイスがあるかどうかを選択してください。",
        "Select whether you have another registered MFA device",
    ),
    "root no": (
        "codes_refused",
        "コードは表示されるのに、受け付けられませんか",
        "コードが表示されるのに受け付けられないかどうかを選択してください。",
        "Select whether the device shows codes that are not accepted",
    ),
    "root no no": (
        "password",
        "パスワードは分かりますか",
        "パスワードが分かるかどうかを選択してください。",
        "Select whether you know the password",
    ),
    "root no no yes": (
        "mailbox",
        "ルートユーザーのメールを受信できますか",
        "ルートユーザーのメールを受信できるかどうかを選択してください。",
        "Select whether you can read email sent to the root user",
    ),
    "root no no yes yes": (
        "phone",
        "登録した電話番号で電話に出られますか",
        "登録した電話番号で電話に出られるかどうかを選択してください。",
        "Select whether you can answer the registered phone number",
    ),
    "root no no yes yes no": (
        "contact_editor",
        "連絡先情報を編集できる IAM ユーザーがいますか",
        "連絡先情報を編集できる IAM ユーザーがいるかどうかを選択してください。",
        "Select whether there is an IAM user who can edit contact details",
    ),
    "root no no yes no no": (
        "name_on_file",
        "アカウントに氏名を登録していますか",
        "アカウントに氏名を登録しているかどうかを選択してください。",
        "Select whether your name is registered on the account",
    ),
}
GUIDES = ("use_other_device", "resynchronise", "reset_password", "update_phone", "ask_administrator")


def walk(visitor: Visitor, answers: str) -> Page:
    """Answer question by question, reading each guide that comes between."""
    page = visitor.get("/triage")
    for answer in answers.split():
        if "/triage/result" in page.path:
            page = visitor.follow("See the steps" if visitor.language == "en" else "手順を見る")
        page = visitor.send(answer=answer)
    return page


@ONE_DATABASE
@pytest.mark.parametrize("answers", ROUTES)
def test_answers_lead_to_one_next_step_and_say_why(visitor: Visitor, answers: str):
    visitor.language = "en"
    page = walk(visitor, answers)
    step, reason = ROUTES[answers]

    assert page.heading == "What to do next"
    assert page.html.select_one(".panel__title").get_text() == step
    assert page.html.select_one(".panel p").get_text() == reason
    assert page.foreign_words("en") == []
    assert visitor.other_language().foreign_words("ja") == []


@ONE_DATABASE
@pytest.mark.parametrize("answers", QUESTIONS)
def test_unanswered_question_says_what_to_select_in_both_languages(visitor: Visitor, answers: str):
    field, question, in_japanese, in_english = QUESTIONS[answers]
    page = walk(visitor, answers)
    assert (page.path, page.heading.split(" ※")[0]) == (f"/ja/triage/{field}", question)
    assert page.foreign_words("ja") == []

    wrong = visitor.send(answer=None)
    assert (wrong.code, wrong.errors_at("answer")) == (422, [in_japanese])
    assert wrong.summary == [(in_japanese, "answer-0")]

    again = visitor.switch()
    assert (again.code, again.path, again.errors_at("answer")) == (422, f"/en/triage/{field}", [in_english])
    assert again.foreign_words("en") == []


@ONE_DATABASE
def test_who_does_not_know_the_user_is_asked_again_with_an_explanation(visitor: Visitor):
    page = walk(visitor, "unknown")

    assert page.path == "/ja/triage/user"
    assert "アカウント ID とユーザー名でサインインする場合は IAM ユーザー" in page.text
    assert page.value("answer") == ""


@ONE_DATABASE
def test_back_leads_through_the_answers_to_the_start(visitor: Visitor):
    page = walk(visitor, "root no yes no yes")
    seen = []
    while "triage" in page.path or "guide" in page.path:
        seen.append((page.path.rpartition("/")[2], page.value("answer")))
        page = visitor.follow("戻る")

    assert seen == [
        ("mailbox", ""),
        ("password", "yes"),
        ("resynchronise", "no"),
        ("codes_refused", "yes"),
        ("other_device", "no"),
        ("user", "root"),
    ]
    assert page.path == "/ja/"


@ONE_DATABASE
def test_changed_answer_leads_another_way(visitor: Visitor):
    walk(visitor, "root no no yes yes no no")
    visitor.follow("回答を変更する")
    page = visitor.send(answer="iam")

    assert (
        page.html.select_one(".panel__title").get_text() == "管理者に MFA デバイスの無効化を依頼してください"
    )


@ONE_DATABASE
def test_number_of_a_question_is_told_only_where_the_total_is_certain(visitor: Visitor):
    assert "全" not in walk(visitor, "root no").text
    assert "質問 7（全 7 問）" in walk(visitor, "root no no yes yes no").text


@ONE_DATABASE
@pytest.mark.parametrize("ahead", ["other_device", "phone", "name_on_file"])
def test_question_that_was_not_reached_leads_to_the_one_that_is_next(visitor: Visitor, ahead: str):
    assert visitor.get(f"/triage/{ahead}").path == "/ja/triage/user"


@ONE_DATABASE
@pytest.mark.parametrize("path", ["/triage/nothing", "/triage/solved", "/guide/nothing", "/guide/solved"])
def test_question_or_guide_that_does_not_exist_is_not_found(visitor: Visitor, path: str):
    assert visitor.get(path).code == 404


@ONE_DATABASE
@pytest.mark.parametrize("guide", GUIDES)
def test_guide_has_numbered_steps_and_its_day_in_both_languages(visitor: Visitor, guide: str):
    page = visitor.get(f"/guide/{guide}")
    assert len(page.html.select(".flow > li")) >= 4
    assert "2026年11月23日" in page.text
    assert "画面の表示が異なる場合があります。" in page.text
    assert page.foreign_words("ja") == []

    english = visitor.other_language()
    assert "Your screen may look different." in english.text
    assert english.foreign_words("en") == []


@ONE_DATABASE
def test_guide_opened_by_itself_does_not_ask_whether_it_worked(visitor: Visitor):
    assert visitor.get("/guide/resynchronise").html.find_all("form") == []


@ONE_DATABASE
def test_guide_asks_whether_it_worked_and_wants_an_answer(visitor: Visitor):
    walk(visitor, "root yes")
    visitor.follow("手順を見る")
    page = visitor.send(answer=None)

    assert page.code == 422
    assert page.errors_at("answer") == ["うまくいったかどうかを選択してください。"]
    assert visitor.switch().errors_at("answer") == ["Select whether this worked"]


@ONE_DATABASE
def test_text_for_the_administrator_can_be_copied(visitor: Visitor):
    page = visitor.get("/guide/ask_administrator")

    button = page.html.select_one("[data-copy]")
    assert button is not None
    assert button["data-copy"] in page.text


def test_answers_are_not_asked_again_on_the_form_and_can_be_changed_there(visitor: Visitor, world: World):
    walk(visitor, "root no yes no yes yes no no")
    visitor.follow("リクエストを始める")
    asked = pages_asked(visitor)

    assert asked == ["language", "account", "name", "holder", "reply", "phone", "device", "theft", "detail"]
    page = visitor.get("/request/check")
    for field, words in (
        ("principal_kind", "ルートユーザー"),
        ("registered_phone", "出られない"),
        ("problem", "コードが受け付けられない"),
    ):
        assert words in page.html.find(id=f"row-{field}").get_text()
    visitor.answer("problem", problem="lost")
    visitor.send(**CONSENTS)
    case = only_case(world)
    assert (case.problem, case.registered_phone, case.principal_kind) == ("lost", "no", "root")
    assert (case.triage["outcome"], case.triage["why"]) == ("request_form", "phone_lost")
    assert case.triage["password"] == "yes"


def pages_asked(visitor: Visitor) -> list[str]:
    """The pages that the form asks from here on, in their order."""
    asked = []
    while visitor.page is not None and not visitor.page.path.endswith("/check"):
        asked.append(visitor.page.path.rpartition("/")[2])
        visitor.answer(asked[-1])
    return asked
