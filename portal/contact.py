"""Reads what people type for addresses, numbers and names: any width, dash and space goes, nonsense does not.

The raw text is kept beside what was understood, and a name is not changed at all. Nothing is looked up:
whether an address exists is found out by writing to it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import email_validator
import jaconv
import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

from portal.domain.limits import DEFAULTS
from portal.domain.names import mask_name, matching_key
from portal.domain.reference import DASHES, UNSEEN, bare

__all__ = [
    "CONTACT_ERRORS",
    "ContactError",
    "Email",
    "Phone",
    "clean_name",
    "mask_account_number",
    "mask_email",
    "mask_name",
    "mask_phone",
    "may_be_called",
    "name_search_key",
    "parse_account_number",
    "parse_code",
    "parse_email",
    "parse_kana",
    "parse_phone",
    "refuse_unprintable",
]

CONTACT_ERRORS = (
    "control_character",
    "direction_mark",
    "broken_text",
    "email_missing",
    "email_format",
    "phone_missing",
    "phone_digits",
    "phone_country",
    "phone_kind",
    "account_digits",
    "code_digits",
    "kana_only",
    "name_missing",
    "name_length",
)

ACCOUNT_DIGITS = 12

# Parts of a domain that say what kind of holder it has, not which.
_SECOND_LEVELS = frozenset("ac ad co com ed edu go gov gr lg ne net or org".split())

# Marks that turn the direction of writing: in one line they make a text look like another one.
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_LINE_BREAKS = "\n\r\t"

# Japanese carriers gave out addresses with dots in a row or before the @, which the standard forbids and
# their owners have used for twenty years. Accepted for these domains only, and for what stands below them.
LEGACY_DOT_DOMAINS = frozenset(
    {
        "docomo.ne.jp",
        "ezweb.ne.jp",
        "au.com",
        "softbank.ne.jp",
        "i.softbank.jp",
        "vodafone.ne.jp",
        "disney.ne.jp",
        "willcom.com",
        "pdx.ne.jp",
        "emnet.ne.jp",
        "ymobile.ne.jp",
        "ymobile1.ne.jp",
        "y-mobile.ne.jp",
        "uqmobile.jp",
    }
)
_LEGACY_LOCAL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+/?-]{0,63}")

# Lines on which a person answers; not premium (0990), shared cost (0570), toll-free (0120) or pagers (020).
KINDS: Mapping[int, str] = {
    PhoneNumberType.FIXED_LINE: "fixed",
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "fixed_or_mobile",
    PhoneNumberType.VOIP: "voip",
}
# The numbering plan gives nobody these; hints, papers and invented people use them, as in 090-0000-0000.
_SAMPLES = (
    (re.compile(r"[79]00000[0-9]{4}"), "mobile"),
    (re.compile(r"500000[0-9]{4}"), "voip"),
    (re.compile(r"[36]0000[0-9]{4}"), "fixed"),
)
_JAPAN = 81
# One code, many countries: +1 is also the Caribbean, where calls cost ten times as much and thieves have a share in them.
_NORTH_AMERICA, _PLAIN_NORTH_AMERICA = 1, frozenset({"US", "CA"})
_SHORTEST_FOREIGN = 8
_JAPANESE_LABEL = re.compile("[\u3005\u3041-\u309f\u30a1-\u30fa\u30fc-\u30fe\u4e00-\u9fff]+")
_PUNCTUATION = re.compile(rf"[\s().\[\]/{re.escape(DASHES)}{UNSEEN}]+")


# an address of a page or of a mailbox
LEADS_AWAY = re.compile(r"://|www\.|@|\.[a-z]{2,}(/|$)", re.IGNORECASE)


class ContactError(ValueError):
    """A typed value that cannot be right. `key` is one of CONTACT_ERRORS; `details` fill its sentence."""

    def __init__(self, key: str, **details: int | str) -> None:
        super().__init__(key)
        self.key = key
        self.details = details


@dataclass(frozen=True)
class Email:
    """An address as typed, as compared, found and written to (`canonical`), and as shown (`display`)."""

    raw: str
    canonical: str
    display: str


@dataclass(frozen=True)
class Phone:
    """A number as typed, as called, as shown, and what kind of line it is."""

    raw: str
    e164: str
    display: str
    kind: str

    @property
    def may_be_mobile(self) -> bool:
        """Whether the number may sit on the lost handset."""
        return self.kind in {"mobile", "fixed_or_mobile"}


def refuse_unprintable(text: str, *, multiline: bool = False) -> str:
    """Return the text, or raise ContactError for what no database, paper or screen could keep as it is."""
    allowed = _LINE_BREAKS if multiline else ""
    for character in text:
        code = ord(character)
        if unicodedata.category(character) == "Cs" or (code & 0xFFFE) == 0xFFFE or 0xFDD0 <= code <= 0xFDEF:
            raise ContactError("broken_text")
        if unicodedata.category(character) in {"Cc", "Zl", "Zp"} and character not in allowed:
            raise ContactError("control_character")
    if not multiline and _DIRECTION.search(text):
        raise ContactError("direction_mark")
    return text


def parse_email(text: str) -> Email:
    """Read an e-mail address. Raises ContactError email_missing or email_format."""
    typed = _typed(text)
    folded = re.sub(rf"[\s{UNSEEN}]+", "", unicodedata.normalize("NFKC", typed))
    # Keyboards type Japanese stops and long vowel marks here; the vowel mark of a domain in kana stays.
    folded = re.sub(rf"(?<![ァ-ヺー])[{re.escape(DASHES.replace('~', ''))}]", "-", folded.replace("。", "."))
    if not folded:
        raise ContactError("email_missing")
    local, _, domain = folded.rpartition("@")
    if _is_legacy(local, domain.lower()):
        return Email(typed, canonical=folded.lower(), display=f"{local}@{domain.lower()}")
    try:
        found = email_validator.validate_email(
            folded, check_deliverability=False, allow_smtputf8=False, strict=True
        )
    except email_validator.EmailNotValidError as error:
        raise ContactError("email_format") from error
    domain = found.domain if _reads_plainly(found.domain) else found.ascii_domain
    canonical = f"{found.local_part}@{found.ascii_domain}".lower()
    return Email(typed, canonical=canonical, display=f"{found.local_part}@{domain}")


def parse_phone(text: str, region: str = "JP") -> Phone:
    """Read a telephone number; without + and country code it is one of the region.

    Raises ContactError phone_missing, phone_digits (wrong length), phone_country (a foreign number without
    its +), or phone_kind (a line that we do not call).
    """
    typed = _typed(text)
    digits = _PUNCTUATION.sub("", unicodedata.normalize("NFKC", typed))
    if not digits:
        raise ContactError("phone_missing")
    # No national number begins with two zeros: it is how most of the world writes the +.
    digits = re.sub(r"\A00", "+", digits)
    digits = re.sub(r"\A\+810", "+81", digits)
    if not re.fullmatch(r"\+?[0-9]{3,20}", digits):
        raise ContactError("phone_digits")
    try:
        number = phonenumbers.parse(digits, region)
    except NumberParseException as error:
        raise ContactError("phone_digits") from error
    kind = _kind(number) or _refused(digits, number)
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    shown = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    return Phone(typed, e164=e164, display=shown, kind=kind)


def may_be_called(number: str, countries: Collection[str]) -> bool:
    """Whether the portal may call it: a line on which a person answers at the usual price, in a country of these codes."""
    try:
        found = phonenumbers.parse(parse_phone(number).e164)
    except (ContactError, NumberParseException):
        return False
    if found.country_code == _NORTH_AMERICA:
        region = phonenumbers.region_code_for_number(found)
        return "1" in countries and region in _PLAIN_NORTH_AMERICA
    return str(found.country_code) in countries


def parse_account_number(text: str) -> str:
    """Read a 12-digit account ID. Raises ContactError account_digits with how many digits there were."""
    return _digits(text, ACCOUNT_DIGITS, error="account_digits")


def parse_code(text: str, length: int = 6) -> str:
    """Read the digits of a one-time code. Raises ContactError code_digits with how many digits there were."""
    return _digits(text, length, error="code_digits")


def parse_kana(text: str) -> str:
    """Read a name in kana as full-width katakana. Raises ContactError kana_only."""
    folded = " ".join(jaconv.hira2kata(unicodedata.normalize("NFKC", _typed(text))).split())
    # Where the long vowel mark belongs, keyboards also give a minus or a dash.
    folded = re.sub(rf"(?<=[ァ-ヺー])[{re.escape(DASHES)}]", "ー", folded)
    if not re.fullmatch(r"[ァ-ヺーヽヾ・ ]*", folded):
        raise ContactError("kana_only")
    return folded


def clean_name(text: str, longest: int = DEFAULTS.name_length) -> str:
    """Return a name as typed but for space around it. Raises ContactError name_missing or name_length."""
    name = refuse_unprintable(text).strip()
    if not any(_is_visible(character) for character in name):
        raise ContactError("name_missing")
    if len(name) > longest:
        raise ContactError("name_length", longest=longest)
    return name


def device_name(text: str, longest: int) -> str:
    """A name for a device. Raises ContactError, also name_link: it is read out and mailed to others, who must not be led away."""
    name = clean_name(text, longest)
    if LEADS_AWAY.search(name):
        raise ContactError("name_link")
    return name


def name_search_key(text: str) -> str:
    """The key under which a typed name, or the beginning of one, is looked for."""
    return matching_key(text)


def mask_email(address: str) -> str:
    """Hide an address but for the first letters and the kind of domain: t***@e***.co.jp."""
    local, _, domain = address.rpartition("@")
    if not local or not domain:
        return "***"
    labels = domain.split(".")
    second = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _SECOND_LEVELS
    return f"{local[0]}***@{domain[0]}***.{'.'.join(labels[-2 if second else -1 :])}"


def mask_phone(number: str) -> str:
    """Hide a number but for its last four digits: ***-****-0000."""
    digits = re.sub(r"[^0-9]", "", number)
    return f"***-****-{digits[-4:]}" if len(digits) > 7 else "***-****-****"


def mask_account_number(number: str) -> str:
    """Hide an account ID but for its last four digits: ****-****-9012."""
    return f"****-****-{number[-4:]}" if len(number) == ACCOUNT_DIGITS else "****-****-****"


def _typed(text: str) -> str:
    # Pasting brings line breaks and direction marks along; in an address or number they mean nothing, and what is
    # shown as typed must not be broken or turned by them.
    refuse_unprintable(text, multiline=True)
    return _DIRECTION.sub("", re.sub(r"[\n\r\t]+", " ", text)).strip()


def _digits(text: str, length: int, *, error: str) -> str:
    plain = bare(_typed(text))
    if not re.fullmatch(rf"[0-9]{{{length}}}", plain):
        raise ContactError(error, digits=len(re.findall("[0-9]", plain)))
    return plain


def _is_legacy(local: str, domain: str) -> bool:
    carrier = any(domain == known or domain.endswith(f".{known}") for known in LEGACY_DOT_DOMAINS)
    plain = re.fullmatch(r"[a-z0-9.-]+", domain) is not None and ".." not in domain
    return carrier and plain and _LEGACY_LOCAL.fullmatch(local) is not None


def _reads_plainly(domain: str) -> bool:
    # A domain of look-alike letters (Cyrillic а for a) is shown in its xn-- form.
    return all(_JAPANESE_LABEL.fullmatch(label) or label.isascii() for label in domain.split("."))


def _kind(number: phonenumbers.PhoneNumber) -> str | None:
    if number.country_code == _JAPAN:
        national = phonenumbers.national_significant_number(number)
        sample = next((kind for pattern, kind in _SAMPLES if pattern.fullmatch(national)), None)
        if sample:
            return sample
    return KINDS.get(phonenumbers.number_type(number)) if phonenumbers.is_valid_number(number) else None


def _refused(digits: str, number: phonenumbers.PhoneNumber) -> str:
    if phonenumbers.is_valid_number(number):
        raise ContactError("phone_kind")
    foreign = not digits.startswith(("0", "+")) and len(digits) >= _SHORTEST_FOREIGN
    raise ContactError("phone_country" if foreign else "phone_digits")


def _is_visible(character: str) -> bool:
    # Unassigned and private code points count: rare kanji are often newer than our tables, or a maker's own.
    return unicodedata.category(character)[0] in "LNPS" or unicodedata.category(character) in {"Cn", "Co"}
