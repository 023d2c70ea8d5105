"""What the tests of typed text share: two invisible characters, and reading with the error as a key."""

import pytest

from portal.contact import CONTACT_ERRORS, ContactError

ZERO_WIDTH, TO_LEFT = "\u200b", "\u202e"


def error(read, text, **options):
    with pytest.raises(ContactError) as refused:
        read(text, **options)
    assert refused.value.key in CONTACT_ERRORS
    return refused.value.key


def key_or_value(read, text):
    """What a text is read as, or the key of the error."""
    try:
        return read(text)
    except ContactError as refused:
        return refused.key
