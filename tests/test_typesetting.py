"""The press itself: whose fonts it draws with, what it does with characters it lacks, and what it refuses to fetch."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from weasyprint.urls import FatalURLFetchingError

from portal import typesetting
from tests.papers import FACTS, each_paper, fonts_of, glyph_ids, painted, printed, text_of

ROOT = Path(__file__).resolve().parent.parent
RARE_NAME = "髙﨑德\ufa10\ufa19𠮷 辻\U000e0100葛\U000e0100"


def typed(kind: str, text: str) -> dict[str, str]:
    """What its owner has typed of a paper: their name, or that of their device."""
    return {"device" if kind == "reset" else "name": text}


@each_paper
def test_only_our_own_fonts_are_used_and_all_are_embedded(kind: str, language: str):
    fonts = fonts_of(painted(kind, language, **typed(kind, f"{RARE_NAME} Erdős")))

    ours = {"Noto-Sans-JP", "Noto-Sans-JP-Bold", "Noto-Sans", "Noto-Sans-Bold", "Noto-Sans-Mono"}
    assert fonts.keys() <= ours
    assert fonts.keys() & {"Noto-Sans", "Noto-Sans-Bold"}
    for font in fonts.values():
        assert "/FontFile2" in font["/DescendantFonts"][0]["/FontDescriptor"]


@pytest.mark.parametrize("fonts_of_the_host", ["", "<dir>/usr/share/fonts</dir>"])
def test_the_fonts_of_the_host_change_nothing(fonts_of_the_host: str, tmp_path: Path):
    config = tmp_path / "fonts.conf"
    config.write_text(f'<?xml version="1.0"?><fontconfig>{fonts_of_the_host}</fontconfig>', "utf-8")
    script = "import hashlib, tests.papers as p; print(hashlib.sha256(p.painted('receipt', name='한 Erdős')).hexdigest())"
    done = subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        cwd=ROOT,
        env={"FONTCONFIG_FILE": str(config), "PYTHONHASHSEED": "7", "HOME": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
    )

    assert done.stdout.strip() == hashlib.sha256(painted("receipt", name="한 Erdős")).hexdigest()


@pytest.mark.parametrize("kind", FACTS)
def test_a_rare_name_reads_back_exactly(kind: str):
    words = text_of(painted(kind, **typed(kind, RARE_NAME)))

    assert RARE_NAME in words
    assert "〓" not in words


@pytest.mark.parametrize(
    "written", ["髙", "﨑", "德", "\ufa10", "\ufa19", "𠮷", "辻\U000e0100", "葛\U000e0100"]
)
def test_a_rare_character_gets_its_own_glyph(written: str):
    with TTFont(typesetting.FONTS / typesetting.TEXT_FONTS[0], lazy=True) as font:
        variants = next(table.uvsDict for table in font["cmap"].tables if table.format == 14)
        base, selector = written[0], written[1:]
        meant = dict(variants[ord(selector)])[ord(base)] if selector else font.getBestCmap()[ord(base)]
        drawn = glyph_ids(fonts_of(painted("letter", name=written))["Noto-Sans-JP"])[written]

        assert font.getGlyphName(drawn) == meant


@pytest.mark.parametrize(
    "name", ["Erdős Pál", "Doğan Yılmaz", "Łukasz Żak", "Nguyễn Thị Ánh", "O'Brien", "이 O'Brien 😀"]
)
def test_a_latin_name_is_drawn_and_reads_back_as_far_as_we_have_its_characters(name: str):
    expected = re.sub("[이😀]", "〓", name)

    assert expected in text_of(painted("receipt", name=name))


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_missing_glyph_shows_a_geta_and_a_note_in_both_languages(language: str):
    words = text_of(painted("receipt", language, name="金 한나 们"))

    assert "金 〓〓 〓" in words
    assert "〓 の文字は、この書面の書体にないため表示できません。" in words
    assert "〓 marks a character that this paper's fonts do not have." in words


def test_no_note_stands_where_nothing_is_missing():
    assert "〓" not in text_of(printed("receipt"))


def test_a_variant_that_the_font_lacks_shows_the_standard_form_and_says_so():
    words = text_of(painted("receipt", name="渡邉\U000e0104"))

    assert "渡邉 様" in words
    assert "一部の異体字は、標準の字形で表示しています。" in words


@pytest.mark.parametrize("hidden", ["\u202e", "\u200b", "\ufeff", "\x00", "\ud800", "\ue000", "\ufffe"])
def test_what_cannot_be_seen_cannot_hide_in_a_name(hidden: str):
    assert typesetting.legible(f"山{hidden}田") == typesetting.Legible("山〓田", missing=True)


def test_both_weights_draw_the_same_characters():
    for name in typesetting.TEXT_FONTS:
        with (
            TTFont(typesetting.FONTS / name, lazy=True) as regular,
            TTFont(typesetting.FONTS / name.replace("Regular", "Bold"), lazy=True) as bold,
        ):
            assert regular.getBestCmap().keys() == bold.getBestCmap().keys()


@pytest.mark.parametrize(
    "name", ["<b>山田</b>", "<img src=file:///etc/passwd>", "{{ facts }}", "&lt;", "%(count)s"]
)
def test_markup_in_a_name_is_only_text(name: str):
    assert name in text_of(painted("receipt", name=name))


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        f"file://{typesetting.SHEETS}/paper.css",
        "http://127.0.0.1:9/",
        "https://kaijo.example/",
        "ftp://kaijo.example/paper.css",
        "data:text/css,p{color:red}",
        "asset:../paper.css",
        "asset:paper.css/../../../fonts/fonts.conf",
        "asset:paper.css?",
        "ASSET:paper.css",
    ],
)
def test_the_fetcher_refuses_what_is_not_an_asset(url: str):
    with pytest.raises(FatalURLFetchingError):
        typesetting.ClosedFetcher()(url)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "http://127.0.0.1:9/", "asset:paper.css/../receipt.html"]
)
@pytest.mark.parametrize(
    "element",
    [
        '<link rel="stylesheet" href="{}">',
        '<link rel="attachment" href="{}">',
        '<a rel="attachment" href="{}">x</a>',
        '<img src="{}" alt="x">',
        '<object data="{}"></object>',
        "<style>@import '{}';</style>",
        "<style>p {{ background: url({}) }}</style><p>x</p>",
        "<style>@font-face {{ font-family: x; src: url({}) }}</style>",
    ],
)
def test_a_page_that_asks_for_more_is_not_painted(element: str, url: str):
    with pytest.raises(typesetting.ForbiddenFetch):
        typesetting.one_sheet([f'<html lang="ja"><title>x</title>{element.format(url)}'])


def test_the_fetcher_serves_the_assets_that_papers_need():
    assert b"@page" in typesetting.ClosedFetcher()("asset:paper.css").read()


def test_a_paper_that_cannot_fit_is_refused_rather_than_cut():
    with pytest.raises(typesetting.DoesNotFit):
        typesetting.one_sheet(["<html lang=ja><title>x</title>" + "<p>x</p>" * 200])
