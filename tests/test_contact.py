import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.contact import (
    CONTACT_ERRORS,
    ContactError,
    parse_account_number,
    parse_code,
    parse_email,
    parse_phone,
)
from tests.domain.steady import steady
from tests.typed import TO_LEFT, ZERO_WIDTH, error, key_or_value


@pytest.mark.parametrize(
    ("text", "e164", "kind"),
    [
        ("０９０－１２３４－５６７８", "+819012345678", "mobile"),
        ("090ー1234ー5678", "+819012345678", "mobile"),
        ("090ｰ1234ｰ5678", "+819012345678", "mobile"),
        ("090−1234−5678", "+819012345678", "mobile"),
        ("090‐1234‑5678", "+819012345678", "mobile"),
        ("090–1234—5678", "+819012345678", "mobile"),
        ("090―1234〜5678", "+819012345678", "mobile"),
        ("090 1234　5678", "+819012345678", "mobile"),
        ("090.1234.5678", "+819012345678", "mobile"),
        ("(03) 0000 0000", "+81300000000", "fixed"),
        ("03-0000-0000", "+81300000000", "fixed"),
        ("（０３）１２３４−５６７８", "+81312345678", "fixed"),
        ("+81 (0)90-1234-5678", "+819012345678", "mobile"),
        ("+81 090 1234 5678", "+819012345678", "mobile"),
        ("＋81 90 1234 5678", "+819012345678", "mobile"),
        ("+81(0)3 0000 0000", "+81300000000", "fixed"),
        ("81-90-1234-5678", "+819012345678", "mobile"),
        ("0081 90 1234 5678", "+819012345678", "mobile"),
        ("090-0000-0000", "+819000000000", "mobile"),
        ("070-0000-0001", "+817000000001", "mobile"),
        ("050-1234-5678", "+815012345678", "voip"),
        ("050-0000-0001", "+815000000001", "voip"),
        ("06-0000-0001", "+81600000001", "fixed"),
        ("0422-00-0000", "+81422000000", "fixed"),
        ("+1 (415) 555-2671", "+14155552671", "fixed_or_mobile"),
        ("010-1-415-555-2671", "+14155552671", "fixed_or_mobile"),
        ("+44 20 7946 0000", "+442079460000", "fixed"),
        (f"{ZERO_WIDTH}090-1234-5678{TO_LEFT}", "+819012345678", "mobile"),
        ("\t090-1234-5678\r\n", "+819012345678", "mobile"),
    ],
)
def test_a_phone_number_is_read_in_any_width_dash_and_space(text, e164, kind):
    phone = parse_phone(text)

    assert (phone.e164, phone.kind) == (e164, kind)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "phone_missing"),
        (" 　-", "phone_missing"),
        ("090-1234-567", "phone_digits"),
        ("090-1234-56789", "phone_digits"),
        ("0", "phone_digits"),
        ("110", "phone_digits"),
        ("117", "phone_digits"),
        ("+999 1234567", "phone_digits"),
        ("+81 90 1234", "phone_digits"),
        ("03-1234-5678 内線 5", "phone_digits"),
        ("03-1234-5678 ext 5", "phone_digits"),
        ("1-800-FLOWERS", "phone_digits"),
        ("٠٩٠١٢٣٤٥٦٧٨", "phone_digits"),
        ("090+1234+5678", "phone_digits"),
        ("9" * 400, "phone_digits"),
        ("tel:090-1234-5678", "phone_digits"),
        ("1 415 555 2671", "phone_country"),
        ("44 20 7946 0000", "phone_country"),
        ("0990-123-456", "phone_kind"),
        ("０９９０−１２３−４５６", "phone_kind"),
        ("+81 990 123 456", "phone_kind"),
        ("0120-123-456", "phone_kind"),
        ("0800-123-4567", "phone_kind"),
        ("0570-000-000", "phone_kind"),
        ("020-1234-5678", "phone_kind"),
        ("090\x001234\x005678", "control_character"),
        ("090\ud8001234", "broken_text"),
    ],
)
def test_a_phone_number_that_cannot_be_right_is_refused(text, key):
    assert error(parse_phone, text) == key


def test_a_phone_keeps_what_was_typed_apart_from_what_was_understood():
    phone = parse_phone(" ０９０ー１２３４ー５６７８ ")

    assert (phone.raw, phone.display) == ("０９０ー１２３４ー５６７８", "+81 90-1234-5678")


@pytest.mark.parametrize(
    ("text", "may"),
    [("090-1234-5678", True), ("+1 415 555 2671", True), ("03-1234-5678", False), ("050-1234-5678", False)],
)
def test_only_a_number_that_may_be_mobile_can_sit_on_the_lost_handset(text, may):
    assert parse_phone(text).may_be_mobile is may


def test_another_region_reads_its_own_national_numbers():
    assert parse_phone("020 7946 0000", region="GB").e164 == "+442079460000"


@steady
@given(st.from_regex(r"0[789]0[1-9][0-9]{7}", fullmatch=True))
def test_reading_what_is_shown_gives_the_same_number(text):
    phone = parse_phone(text)

    assert parse_phone(phone.display).e164 == parse_phone(phone.e164).e164 == phone.e164


@steady
@given(st.text(max_size=30))
def test_any_text_is_a_number_or_a_known_error(text):
    found = key_or_value(parse_phone, text)

    assert found in CONTACT_ERRORS or found.e164.removeprefix("+").isdecimal()


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("user@example.com", "user@example.com"),
        ("user＠example。com", "user@example.com"),
        ("user@example｡com", "user@example.com"),
        ("ｕｓｅｒ＠ｅｘａｍｐｌｅ．ｃｏｍ", "user@example.com"),
        (" Taro.Yamada@Example.CO.JP ", "taro.yamada@example.co.jp"),
        ("taroーyamada@example.com", "taro-yamada@example.com"),
        ("taro−yamada@ex‐ample.com", "taro-yamada@ex-ample.com"),
        (f"us{ZERO_WIDTH}er@example.com{TO_LEFT}", "user@example.com"),
        ("hanako@kaijo.example", "hanako@kaijo.example"),
        ("o'brien+aws@example.com", "o'brien+aws@example.com"),
        ("a~b@example.com", "a~b@example.com"),
        ("a@例え.jp", "a@xn--r8jz45g.jp"),
        ("a@コーヒー.jp", "a@xn--tck2c4fb.jp"),
        ("mi\u212ae@example.com", "mike@example.com"),
        ("a..b@docomo.ne.jp", "a..b@docomo.ne.jp"),
        ("abc.@docomo.ne.jp", "abc.@docomo.ne.jp"),
        ("a.-.b.@ezweb.ne.jp", "a.-.b.@ezweb.ne.jp"),
        ("a..b@t.vodafone.ne.jp", "a..b@t.vodafone.ne.jp"),
        ("A..B@DOCOMO.NE.JP", "a..b@docomo.ne.jp"),
    ],
)
def test_an_address_is_read_in_any_width_and_with_stray_spaces(text, canonical):
    assert parse_email(text).canonical == canonical


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "email_missing"),
        ("　 ", "email_missing"),
        (ZERO_WIDTH, "email_missing"),
        ("name", "email_format"),
        ("name@", "email_format"),
        ("@example.com", "email_format"),
        ("a@b", "email_format"),
        ("a@b@example.com", "email_format"),
        ("a..b@example.com", "email_format"),
        ("abc.@example.com", "email_format"),
        (".abc@docomo.ne.jp", "email_format"),
        ("a..b@notdocomo.ne.jp", "email_format"),
        ("a..b@docomo.ne.jp.example.com", "email_format"),
        ("a..b@x..docomo.ne.jp", "email_format"),
        ('a..b@x"y.docomo.ne.jp', "email_format"),
        ("a" * 65 + "@docomo.ne.jp", "email_format"),
        ("a" * 65 + "@example.com", "email_format"),
        ("a@" + "b" * 300 + ".com", "email_format"),
        ("Taro <taro@example.com>", "email_format"),
        ("taro@example.com,jiro@example.com", "email_format"),
        ('"a b"@example.com', "email_format"),
        ("a@[127.0.0.1]", "email_format"),
        ("a@localhost", "email_format"),
        ("m\u0131ke@example.com", "email_format"),
        ("山田@example.com", "email_format"),
        ("a\x00@example.com", "control_character"),
        ("a\ud800@example.com", "broken_text"),
    ],
)
def test_an_address_that_cannot_be_right_is_refused(text, key):
    assert error(parse_email, text) == key


def test_a_line_break_adds_no_header_to_a_mail():
    assert error(parse_email, "a@example.com\r\nBcc: b@example.org") == "email_format"


def test_a_pasted_line_break_or_direction_mark_stays_in_nothing():
    email = parse_email(f"\nuser@exam\r\nple.com{TO_LEFT}")

    assert (email.raw, email.canonical) == ("user@exam ple.com", "user@example.com")


def test_an_address_keeps_what_was_typed():
    email = parse_email(" Ｔａｒｏ@Example.com")

    assert (email.raw, email.display) == ("Ｔａｒｏ@Example.com", "Taro@example.com")


@pytest.mark.parametrize(
    ("text", "display"),
    [
        ("a@例え.jp", "a@例え.jp"),
        ("a@xn--r8jz45g.jp", "a@例え.jp"),
        ("a@p\u0430ypal.com", "a@xn--pypal-4ve.com"),
        ("a@\u0440\u0443.com", "a@xn--p1ag.com"),
        ("a@münchen.de", "a@xn--mnchen-3ya.de"),
    ],
)
def test_a_domain_of_look_alike_letters_is_shown_as_what_it_is(text, display):
    assert parse_email(text).display == display


@steady
@given(st.emails())
def test_reading_an_address_twice_changes_nothing_more(text):
    email = key_or_value(parse_email, text)

    if email != "email_format":
        assert parse_email(email.canonical).canonical == email.canonical
        assert parse_email(email.display).canonical == email.canonical


@steady
@given(st.text(max_size=40))
def test_any_text_is_an_address_of_one_line_or_a_known_error(text):
    found = key_or_value(parse_email, f"{text}@example.com")

    assert found in CONTACT_ERRORS or found.canonical.isascii() & found.canonical.isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "１２３４‐５６７８‐９０１２",
        "1234-5678-9012",
        "1234 5678 9012",
        "123456789012",
        "1234ー5678ー9012",
        "\u200b123456789012",
    ],
)
def test_an_account_id_is_read_in_any_grouping(text):
    assert parse_account_number(text) == "123456789012"


@pytest.mark.parametrize(
    ("text", "digits"),
    [("", 0), ("12345678901", 11), ("1234567890123", 13), ("1234-5678-901O", 11), ("١٢٣٤٥٦٧٨٩٠١٢", 0)],
)
def test_an_account_id_of_another_length_says_how_many_digits_it_has(text, digits):
    with pytest.raises(ContactError) as refused:
        parse_account_number(text)

    assert (refused.value.key, refused.value.details) == ("account_digits", {"digits": digits})


@pytest.mark.parametrize("text", ["123456", "１２３４５６", "123 456", "123-456", " 123456\n"])
def test_a_code_is_read_in_any_grouping(text):
    assert parse_code(text) == "123456"


@pytest.mark.parametrize("text", ["", "12345", "1234567", "12345a", "١٢٣٤٥٦", "123456٧"])
def test_a_code_that_cannot_be_right_is_refused(text):
    assert error(parse_code, text) == "code_digits"
