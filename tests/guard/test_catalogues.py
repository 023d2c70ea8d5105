"""The catalogues: complete, fresh, in the terms of the glossary, and nothing said past them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.mofile import write_mo
from click.testing import CliRunner
from jinja2 import Environment

from portal import translate
from portal.domain.languages import LANGUAGES

ROOT = translate.ROOT
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%%|\{\w+\}")
JAPANESE = re.compile("[぀-ヿ㐀-鿿]")
NATIVE_NAMES = {language.native_name for language in LANGUAGES.values()}

# UX, T16: words that this product does not say.
NEVER_IN_JAPANESE = (
    *("ログイン", "非アクティブ化", "クーリングオフ", "領収書", "二段階認証", "却下"),
    *("することができます", "させていただ", "下さい", "ユーザ名", "ユーザーID", "サーバー内部"),
)
NEVER_IN_ENGLISH = (
    "please",
    "sorry",
    "invalid",
    "click here",
    "cooling",
    "ticket",
    "log in",
    "login",
    "e-mail",
)
# The same in every language: names, and how a Japanese letter addresses its reader.
UNTRANSLATED = re.compile(r"^(MFA|Kaijo|KAIJO|日本語|English|言語 / Language|JST|UTC|PDF|QR|ID|URL|KB|様)$")
SPOKEN_ATTRIBUTES = re.compile(r'\b(?:aria-label|alt|title|placeholder)="([^"]*)"')


def messages(language: str) -> list[Message]:
    return [message for message in translate.stored(language) if message.id]


def name(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def forms(text: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


@pytest.mark.parametrize("language", translate.TRANSLATED)
def test_every_text_has_words_that_nobody_doubts(language: str) -> None:
    assert not list(translate.lacking(translate.updated(language)))


@pytest.mark.parametrize("language", translate.TRANSLATED)
def test_catalogue_holds_exactly_what_the_code_says(language: str) -> None:
    said = {(message.context, name(message)) for message in translate.extracted() if message.id}
    kept = {(message.context, name(message)) for message in messages(language)}
    assert said - kept == set(), "run `flask translate`"
    assert kept - said == set(), "run `flask translate`"


@pytest.mark.parametrize("language", translate.TRANSLATED)
def test_compiled_catalogue_is_fresh(language: str) -> None:
    made = BytesIO()
    write_mo(made, translate.stored(language))
    assert made.getvalue() == translate.po_path(language).with_suffix(".mo").read_bytes(), (
        "run `flask translate`"
    )


@pytest.mark.parametrize("language", translate.TRANSLATED)
def test_placeholders_are_the_same_in_both_languages(language: str) -> None:
    for message in messages(language):
        wanted = {match[0] for match in PLACEHOLDER.finditer(" ".join(forms(message.id)))}
        for text in filter(None, forms(message.string)):
            used = {match[0] for match in PLACEHOLDER.finditer(text)}
            # a language may leave out the number where it counts only one thing
            assert used == wanted or (message.pluralizable and used <= wanted), name(message)


def test_japanese_words_are_japanese() -> None:
    for message in messages("ja"):
        words = PLACEHOLDER.sub("", name(message))
        if re.search("[A-Za-z]{3}", words) and not UNTRANSLATED.match(words) and message.string:
            assert any(JAPANESE.search(text) for text in forms(message.string)), name(message)


def test_texts_in_the_code_are_english() -> None:
    for message in messages("ja"):
        assert name(message) in NATIVE_NAMES or not JAPANESE.search(name(message)), name(message)


@pytest.mark.parametrize("term", NEVER_IN_JAPANESE)
def test_japanese_keeps_to_the_glossary(term: str) -> None:
    assert not [
        name(message) for message in messages("ja") if any(term in text for text in forms(message.string))
    ]


@pytest.mark.parametrize("term", NEVER_IN_ENGLISH)
def test_english_keeps_to_the_glossary(term: str) -> None:
    found = re.compile(rf"\b{term}", re.IGNORECASE)
    for message in messages("ja"):
        # what a button of another service says is quoted as it stands there
        assert not found.search(re.sub('"[^"]*"', "", name(message))), name(message)


def test_no_link_is_only_here() -> None:
    assert not [name(message) for message in messages("ja") if "こちら" in forms(message.string)]


def test_japanese_sentences_end_as_japanese_sentences() -> None:
    for message in messages("ja"):
        for text in forms(message.string):
            assert not re.search(r"[ぁ-ん一-龠][.!?,]", text), name(message)
            assert not re.search(r"[。、）（「」] | [。、）（「」]", text), name(message)


def test_language_must_be_in_the_table_before_its_catalogue_is_started() -> None:
    answer = CliRunner().invoke(translate.translate, ["add", "xx"])
    assert answer.exit_code == 1
    assert "languages.py" in answer.output


def templates() -> list[Path]:
    return sorted([*ROOT.glob("portal/templates/**/*.html"), *ROOT.glob("admin/templates/**/*.html")])


def bare_texts(source: str) -> Iterator[str]:
    """What a template says without asking for its words."""
    source = re.sub(r"{% block body_class %}.*?{% endblock %}", "", source)
    lexed = Environment(extensions=["jinja2.ext.i18n"], autoescape=True).lex(source)
    said = "".join(value for _line, kind, value in lexed if kind == "data")
    said = re.sub(r"<(script|style)\b.*?</\1>", " ", said, flags=re.DOTALL)
    yield from SPOKEN_ATTRIBUTES.findall(said)
    yield from re.sub(r"<[^>]*>", "\n", said).split("\n")


@pytest.mark.parametrize("path", templates(), ids=lambda path: path.name)
def test_template_says_nothing_past_the_catalogue(path: Path) -> None:
    texts = [re.sub(r"&\w+;", " ", text).strip() for text in bare_texts(path.read_text())]
    past = [
        text for text in texts if re.search(r"[A-Za-z]{2}|[぀-ヿ㐀-鿿]", text) and not UNTRANSLATED.match(text)
    ]
    assert not past


@pytest.mark.parametrize("path", sorted(ROOT.glob("admin/**/*.py")), ids=str)
def test_back_office_code_holds_no_japanese(path: Path) -> None:
    assert not JAPANESE.search(path.read_text())
