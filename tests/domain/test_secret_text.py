"""Codes, passwords and keys are found however they are dressed up; what a desk writes all day is let through."""

from __future__ import annotations

import string

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.secret_text import looks_secret

SECRETS = (
    # codes of six to eight digits, in every width and grouping
    "123456",
    "コードは 483920 です",
    "４８３９２０",
    "483 920",
    "483-920",
    "483－920",
    "483ー920",
    "48 39 20",
    "4・8・3・9・2・0",
    "1 2 3 4 5 6",
    "4,8,3,9,2,0",
    "48\u200b39\u200b20",
    "12345678",
    "1234 5678",
    "my code:483920.",
    "483920 195823",
    "012345",
    "012345 678901",
    "00123456",
    "一二三四五六",
    "one two three four five six",
    "03-0000-0000 483920",
    "https://portal.example/?code=483920",
    # passwords that are named
    "パスワード：hunter2",
    "パスワード : はなこ",
    "ﾊﾟｽﾜｰﾄﾞ:x",
    "password: secret",
    "Password = x1",
    "pass word：abc",
    "暗証番号：1234",
    "PIN: 1234",
    "パスワードは Tr0ub4dor です",
    "your password is hunter2",
    "認証コードは「48ab20」",
    # keys
    "otpauth://totp/Kaijo:hanako?secret=JBSWY3DP",
    "JBSWY3DPEHPK3PXP",
    "ＪＢＳＷＹ３ＤＰＥＨＰＫ３ＰＸＰ",
    "jbsw y3dp ehpk 3pxp",
    "JBSW Y3DP EHPK 3PXP",
    "JBSWY3DPEHPKAAAA",
    "シークレットキー:JBSWY3DP2",
    "AKIAIOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "-----BEGIN RSA PRIVATE KEY-----",
    # recovery codes and passes
    "リカバリーコード：AB12-CD34",
    "7K4Q-2W9E-ABCD-EF2G",
    "2W9E7K4QABCD",
)
HARMLESS = (
    "受付番号 MR-7K4Q-2W9D です",
    "ＭＲ－７Ｋ４Ｑ－２Ｗ９Ｄ",
    "MR7K4Q2W9D",
    "MR-2345-6782",
    # days and times
    "2026-11-26",
    "2026年11月26日（木）14:05",
    "26 November 2026 at 2:05pm",
    "26/11/2026",
    "2026/11/26 10:05:30",
    "20261126",
    "2026-11",
    "2025-2026",
    "14:05〜15:30",
    "9:00-18:00",
    "10.30-11.30",
    "平日 9:00〜18:00（12:00〜13:00 を除く）",
    "令和8年11月26日 13時05分",
    # amounts and counts
    "123,456円",
    "¥1234567",
    "123456 円",
    "10,000–17,000 yen",
    "1,234,567 件",
    "3 of 5, 10 of 12",
    # numbers that everybody may know
    "03-0000-0000",
    "090-0000-0000",
    "(03) 0000-0000",
    "0120-000-000",
    "+81 90 0000 0000",
    "Call +1 206 555 0100.",
    "123456789012",
    "1234-5678-9012",
    "〒100-0000",
    "https://docs.example/kb/123456",
    "ISO 27001",
    "1.2.3",
    # what desks say about secrets, without one
    "パスワードを変更してください",
    "パスワードは 15 文字以上です",
    "担当者がパスワードや認証コードをお聞きすることはありません。",
    "We never ask for your password or codes.",
    "Your password is correct",
    "6 桁の MFA コードを入力してください",
    "Enter the 6-digit code: it changes every 30 seconds.",
    "MFA code: {code}",
    "パスワード：{項目}",
    "手順 1, 2, 3, 4, 5, 6",
    "this is responsibility authentication internationalization",
    "that this case will with from your help",
)


@pytest.mark.parametrize("text", SECRETS)
def test_a_secret_is_found(text: str) -> None:
    assert looks_secret(text)
    assert looks_secret(f"お世話になっております。\n{text}\nよろしくお願いします。")


@pytest.mark.parametrize("text", HARMLESS)
def test_what_a_desk_writes_all_day_is_let_through(text: str) -> None:
    assert not looks_secret(text)


def test_what_is_let_through_hides_no_code_beside_it() -> None:
    for text in HARMLESS:
        assert looks_secret(f"{text} 483920") or looks_secret(f"{text}\n483920"), text


@given(st.text(alphabet=string.digits, min_size=6, max_size=6))
def test_every_six_digits_are_a_code(code: str) -> None:
    assert looks_secret(f"The code is {code}.")


@given(st.integers(16, 40))
def test_every_new_key_of_an_authenticator_is_found(length: int) -> None:
    key = pyotp.random_base32(max(32, length))
    assert looks_secret(key)
    assert looks_secret(" ".join(key[at : at + 4] for at in range(0, len(key), 4)))


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=300))
def test_any_text_gets_an_answer(text: str) -> None:
    assert looks_secret(text) in {True, False}


@pytest.mark.parametrize(
    "again",
    ["https://", "https://a(", "otp:", "otp:a", "password ", "password「a", "pin is ", "1,", "0 ", "A1A1-"],
)
def test_a_text_made_to_be_slow_to_read_is_answered_like_any_other(again: str) -> None:
    # Whoever has a status link could stop the whole desk with one: read in cubic time, this takes an hour.
    assert looks_secret(again * (20_000 // len(again)) + "?") in {True, False}
