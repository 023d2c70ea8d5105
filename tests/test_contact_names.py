import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.contact import (
    CONTACT_ERRORS,
    clean_name,
    mask_account_number,
    mask_email,
    mask_phone,
    name_search_key,
    parse_kana,
    refuse_unprintable,
)
from portal.domain.names import search_parts
from tests.domain.steady import steady
from tests.typed import TO_LEFT, ZERO_WIDTH, error, key_or_value

KAMI, IVS = "\ufa19", "\U000e0100"


@pytest.mark.parametrize(
    ("text", "kana"),
    [
        ("ﾔﾏﾀﾞ ﾀﾛｳ", "ヤマダ タロウ"),
        ("やまだ たろう", "ヤマダ タロウ"),
        ("やまだ　たろう", "ヤマダ タロウ"),
        ("  ヤマダ   タロウ  ", "ヤマダ タロウ"),
        ("セーラ・ミュラー", "セーラ・ミュラー"),
        ("ｾｰﾗ･ﾐｭﾗｰ", "セーラ・ミュラー"),
        ("せ－ら", "セーラ"),
        ("マシュ−", "マシュー"),
        ("ゔぁいおれっと", "ヴァイオレット"),
        ("みすゞ", "ミスヾ"),
        ("", ""),
    ],
)
def test_a_reading_is_kept_as_full_width_katakana(text, kana):
    assert parse_kana(text) == kana


@pytest.mark.parametrize("text", ["山田", "Taro", "ヤマダ1", "ー!", "-", "ヤマダ／タロウ"])
def test_a_reading_in_other_letters_is_refused(text):
    assert error(parse_kana, text) == "kana_only"


@pytest.mark.parametrize(
    "name",
    [
        "髙﨑",
        KAMI,
        f"辻{IVS}",
        "O'Brien",
        "O",
        "李",
        "𠮷田 太郎",
        "か\u3099く",
        "ﾔﾏﾀﾞ　ﾀﾛｳ",
        "Ｔａｒｏ",
        "José",
        "Jose\u0301",
        "\ue000山",
        "नरेन्द्र\u200dशर्मा",
        "x" * 100,
    ],
)
def test_a_name_is_stored_byte_for_byte(name):
    assert clean_name(name).encode() == name.encode()


def test_only_space_around_a_name_is_trimmed():
    assert clean_name("　 髙﨑　德子 ") == "髙﨑　德子"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("", "name_missing"),
        ("　 ", "name_missing"),
        (ZERO_WIDTH, "name_missing"),
        (IVS, "name_missing"),
        ("x" * 101, "name_length"),
        ("a\x00b", "control_character"),
        ("a\nb", "control_character"),
        (f"a{TO_LEFT}b", "direction_mark"),
        ("a\ud800", "broken_text"),
    ],
)
def test_a_name_that_is_none_is_refused(name, key):
    assert error(clean_name, name) == key


@steady
@given(st.text(max_size=120))
def test_a_name_is_refused_or_kept_as_it_was(name):
    assert key_or_value(clean_name, name) in {name.strip(), *CONTACT_ERRORS}


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\u2028", "\u2029"])
@pytest.mark.parametrize("multiline", [True, False])
def test_control_characters_are_refused_everywhere(character, multiline):
    assert error(refuse_unprintable, f"a{character}b", multiline=multiline) == "control_character"


@pytest.mark.parametrize("character", ["\n", "\r", "\t"])
def test_lines_may_be_broken_only_where_there_are_several(character):
    assert refuse_unprintable(f"a{character}b", multiline=True) == f"a{character}b"
    assert error(refuse_unprintable, f"a{character}b") == "control_character"


@pytest.mark.parametrize("code", [0xD800, 0xDFFF, 0xFDD0, 0xFDEF, 0xFFFE, 0xFFFF, 0x10FFFF])
@pytest.mark.parametrize("multiline", [True, False])
def test_text_that_no_database_can_keep_is_refused(code, multiline):
    assert error(refuse_unprintable, f"a{chr(code)}", multiline=multiline) == "broken_text"


@pytest.mark.parametrize(
    "character", "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
def test_marks_that_turn_the_direction_are_refused_in_one_line_only(character):
    assert error(refuse_unprintable, f"a{character}b") == "direction_mark"
    assert refuse_unprintable(f"a{character}b", multiline=True) == f"a{character}b"


@pytest.mark.parametrize("text", ["", "髙﨑 德子", "👩‍💻 ok", "a\u200db", "\ue000", "العربية"])
def test_ordinary_text_of_every_script_passes(text):
    assert refuse_unprintable(text) == text


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("taro@example.co.jp", "t***@e***.co.jp"),
        ("t@example.com", "t***@e***.com"),
        ("taro@mail.abc.jp", "t***@m***.jp"),
        ("taro@mail.example.co.uk", "t***@m***.co.uk"),
        ("a..b@docomo.ne.jp", "a***@d***.ne.jp"),
        ("hanako@kaijo.example", "h***@k***.example"),
        ("", "***"),
        ("nonsense", "***"),
    ],
)
def test_a_masked_address_shows_two_letters_and_the_kind_of_domain(address, masked):
    assert mask_email(address) == masked


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("+819012345678", "***-****-5678"),
        ("+81 3-0000-0000", "***-****-0000"),
        ("+14155552671", "***-****-2671"),
        ("", "***-****-****"),
        ("1234", "***-****-****"),
    ],
)
def test_a_masked_number_shows_its_last_four_digits(number, masked):
    assert mask_phone(number) == masked


@pytest.mark.parametrize(("number", "masked"), [("123456789012", "****-****-9012"), ("", "****-****-****")])
def test_a_masked_account_id_shows_its_last_four_digits(number, masked):
    assert mask_account_number(number) == masked


def test_a_typed_name_is_looked_for_under_the_key_of_the_stored_one():
    assert name_search_key(" 高崎 ") in search_parts("髙﨑 德子")
