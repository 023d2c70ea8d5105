"""What mails say: both languages, the same in text and HTML, nothing false, and nothing to people who may not know it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from portal.domain.languages import LANGUAGES
from portal.domain.notices import ALL_NOTICES
from portal.mailer import Mail
from portal.notice_layout import width
from portal.notices import ENVIRONMENT, template_name
from tests import databases, letters
from tests.conftest import migrate
from tests.letters import Letters
from tests.people import HANAKO
from tests.post import written
from tests.world import World

LANGUAGE = tuple(LANGUAGES)
URL = re.compile(r"https?://\S+")
COMPLIANCE = "kansa@desk.example"
BANNED = re.compile(
    "ログイン|クーリング|領収書|非アクティブ|却下|二段階|(?<!IAM )ユーザ|殿|することができます|させていただ|下さい"
    r"|\blog ?in\b|\bticket|cooling|(?<!IAM )\busers?\b|\bplease\b|\bsorry\b|\binvalid|click here|e-mail",
    re.IGNORECASE,
)
GAPS = re.compile(r"[{}]|%\(|None|Undefined|undefined")
# What nobody but a proven requester may read about the case's people.
PRIVATE = (
    HANAKO["name"],
    "花子",
    HANAKO["kana"],
    HANAKO["account_email"],
    HANAKO["second_email"],
    HANAKO["phone"],
    HANAKO["number"],
)


@pytest.fixture(scope="module")
def desk(shelf: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, Letters]]:
    with databases.fresh_sqlite(shelf, migrate) as url:
        world = World(url, tmp_path_factory.mktemp("desk"), compliance_mail=COMPLIANCE)
        yield world, letters.queue_all(world)
        world.close()


@pytest.fixture(params=letters.ALL, ids=lambda each: f"{each[0]}-{each[1]}")
def pair(request: pytest.FixtureRequest, desk: tuple[World, Letters]) -> dict[str, Mail]:
    """One notice to one side, in each language."""
    world, rows = desk
    return {language: written(world, rows[request.param], language) for language in LANGUAGE}


def words_of(html: str) -> str:
    soup = BeautifulSoup(html, "html.parser")
    assert soup.body is not None
    for item in soup.select("ol"):
        for number, each in enumerate(item.select("li"), start=1):
            each.insert(0, f"{number}. ")
    return re.sub(r"\s+", "", soup.body.get_text())


def test_every_notice_has_words_for_each_of_its_readers_in_each_language() -> None:
    for language in LANGUAGE:
        names = {template_name(notice, side, language) for notice, side in letters.ALL}
        assert names <= set(ENVIRONMENT.list_templates())
    assert {notice for notice, _ in letters.ALL} == set(ALL_NOTICES)


def test_no_words_lie_about_that_no_notice_uses() -> None:
    used = {template_name(notice, side, language) for notice, side in letters.ALL for language in LANGUAGE}
    parts = {f"notices/{language}/{name}.txt" for language in LANGUAGE for name in ("frame", "parts")}
    there = set(ENVIRONMENT.list_templates(filter_func=lambda name: name.startswith("notices/")))
    assert there == used | parts | {"notices/mail.html"}


def test_no_placeholder_is_left_open(pair: dict[str, Mail]) -> None:
    for mail in pair.values():
        assert not GAPS.search(mail.subject + mail.text + URL.sub("", words_of(mail.html)))


def test_the_languages_lead_to_the_same_pages(pair: dict[str, Mail]) -> None:
    found = [
        sorted({re.sub("/(ja|en)/", "/*/", url) for url in URL.findall(mail.text)}) for mail in pair.values()
    ]
    assert found[0] == found[1]


def test_text_and_html_say_the_same(pair: dict[str, Mail]) -> None:
    for mail in pair.values():
        text = re.sub(r"^(・|- |――――)", "", mail.text, flags=re.MULTILINE)
        assert words_of(mail.html) == re.sub(r"\s+", "", text)


def test_text_and_html_lead_to_the_same_pages(pair: dict[str, Mail]) -> None:
    for mail in pair.values():
        soup = BeautifulSoup(mail.html, "html.parser")
        assert [str(link["href"]) for link in soup.select("a")] == URL.findall(mail.text)


def test_every_link_has_a_line_of_its_own(pair: dict[str, Mail]) -> None:
    for mail in pair.values():
        lines = [line for line in mail.text.splitlines() if URL.search(line)]
        assert not [line for line in lines if not re.fullmatch(r"((English|日本語): )?https?://\S+", line)]


def test_japanese_lines_hold_at_most_35_full_width_characters(pair: dict[str, Mail]) -> None:
    lines = [line for line in pair["ja"].text.splitlines() if not URL.search(line)]
    assert [line for line in lines if width(line) > 70] == []


def test_each_language_speaks_its_own_words(pair: dict[str, Mail]) -> None:
    english = re.sub(r"山田 花子|日本語|――――", "", pair["en"].subject + pair["en"].text)
    assert not re.search("[ぁ-んァ-ヶ一-龯]", english)
    japanese = URL.sub("", pair["ja"].text)
    known = (
        "Kaijo MFA MR English Verdi Admin Ann Ada Vic mail h m example IAM taro jiro Phone Firefox".split()
    )
    foreign = re.sub(r"MR-\S+|\S+@\S+", "", japanese)
    assert not [word for word in re.findall("[A-Za-z]{2,}", foreign) if word not in known]


def test_no_word_is_used_that_the_glossary_bans(pair: dict[str, Mail]) -> None:
    for mail in pair.values():
        assert not BANNED.search(mail.subject + URL.sub("", mail.text))


def test_a_subject_names_the_service_and_nobody(pair: dict[str, Mail]) -> None:
    for mail in pair.values():
        assert "Kaijo" in mail.subject
        assert not [value for value in PRIVATE if value in mail.subject]
        assert not re.search(r"@|https?:|[A-Za-z0-9_-]{30,}|\*\*", mail.subject)


def test_only_the_owner_is_called_by_name(desk: tuple[World, Letters]) -> None:
    world, rows = desk
    for (notice, side), row in rows.items():
        mail = written(world, row, "ja")
        told = [value for value in PRIVATE if value in mail.text + mail.html]
        assert told == ([HANAKO["name"], "花子"] if side == "requester" else []), notice


def test_japanese_readers_are_addressed_with_sama(desk: tuple[World, Letters]) -> None:
    world, rows = desk
    assert written(world, rows["approved", "requester"]).text.startswith("山田 花子 様\n")


def test_registered_contacts_learn_what_was_asked_when_by_whom_and_how_to_stop_it(
    desk: tuple[World, Letters],
) -> None:
    world, rows = desk
    text = written(world, rows["approved", "contact"], "en").text
    assert "removal of MFA" in text
    assert "24 November 2026 at 10:00am JST" in text
    assert "h***@m***.example" in text
    assert "****-****-9012" in text
    assert "/en/stop/" in text
    assert "You do not need to sign in." in text


def test_staff_read_the_reference_and_a_link_into_the_back_office(desk: tuple[World, Letters]) -> None:
    world, rows = desk
    text = written(world, rows["lead_alarm", "staff"], "en").text
    case = world.case(rows["lead_alarm", "staff"].case_id or "")
    assert case.reference in text
    assert f"http://127.0.0.1:5000/admin/case/{case.id}" in URL.findall(text)


def test_changed_settings_are_told_to_compliance(desk: tuple[World, Letters]) -> None:
    world, rows = desk
    assert written(world, rows["settings_changed", "staff"]).to == COMPLIANCE


def test_the_last_line_is_the_same_page_in_the_other_language(desk: tuple[World, Letters]) -> None:
    world, rows = desk
    raw = world.params(rows["approved", "requester"])["links"]["status"]
    japanese = written(world, rows["approved", "requester"], "ja").text.splitlines()
    assert japanese[-1] == f"English: http://127.0.0.1:5000/en/status/{raw}"


def test_whose_language_nobody_knows_reads_both_with_japanese_first(desk: tuple[World, Letters]) -> None:
    world, rows = desk
    both = written(world, rows["approved", "contact"], "ja+en")
    assert both.text.startswith("English text follows below.\n")
    assert both.text.index("心当たりのない場合は") < both.text.index("If you did not ask for this")
    assert re.match("【Kaijo】.+ / Kaijo: ", both.subject)
    assert re.findall('<div lang="(..)">', both.html) == ["ja", "en"]
    assert words_of(both.html) == re.sub(r"\s+|――――", "", both.text)
