import secrets
from itertools import combinations, cycle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain.reference import ALPHABET, check_character, new_reference, parse, written
from tests.domain.steady import steady

bodies = st.text(alphabet=ALPHABET, min_size=7, max_size=7)
references = bodies.map(lambda body: written(body + check_character(body)))


def test_the_alphabet_has_no_characters_that_are_mistaken_for_each_other():
    assert len(set(ALPHABET)) == 31
    assert not set(ALPHABET) & set("0O1IL")


@pytest.mark.parametrize(
    "text",
    [
        "MR-7K4Q-2W9D",
        "mr-7k4q-2w9d",
        "MR7K4Q2W9D",
        "7K4Q-2W9D",
        "7k4q2w9d",
        "  MR 7K4Q 2W9D  ",
        "ＭＲ－７Ｋ４Ｑ－２Ｗ９Ｄ",
        "MRー7K4Qー2W9D",
        "MR−7K4Q−2W9D",
        "MR–7K4Q—2W9D",
        "\u200bMR-7K4Q-2W9D\ufeff",
        "MR-7K4Q\n-2W9D",
    ],
)
def test_a_reference_is_read_in_any_width_case_and_grouping(text):
    assert parse(text) == "MR-7K4Q-2W9D"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "MR-",
        "MR-7K4Q-2W9",
        "MR-7K4Q-2W9DD",
        "MR-7K4Q-2W9E",
        "MR-0K4Q-2W9D",
        "MR-7K4Q-2W9O",
        "MR-IK4Q-2W9D",
        "XX-7K4Q-2W9D",
        "MR-MR-7K4Q-2W9D",
        "MR-7K4Q-2W9D!",
        "リクエスト番号",
        "\x00MR-7K4Q-2W9D",
    ],
)
def test_what_cannot_be_a_reference_is_none(text):
    assert parse(text) is None


@steady
@given(references)
def test_reading_what_was_written_gives_it_back(reference):
    assert parse(reference) == reference


@steady
@given(references)
def test_reading_twice_changes_nothing_more(reference):
    assert parse(parse(reference.lower().replace("-", " "))) == reference


@steady
@given(st.text(max_size=20))
def test_any_text_is_read_to_a_true_reference_or_none(text):
    found = parse(text)

    assert found is None or parse(found) == found


def test_every_single_wrong_character_is_noticed():
    right = "7K4Q2W9D"
    for place in range(8):
        for wrong in set(ALPHABET) - {right[place]}:
            assert parse(right[:place] + wrong + right[place + 1 :]) is None


@steady
@given(references)
def test_every_swap_of_two_characters_is_noticed(reference):
    body = reference.removeprefix("MR-").replace("-", "")
    for one, other in combinations(range(8), 2):
        swapped = list(body)
        swapped[one], swapped[other] = body[other], body[one]
        assert body[one] == body[other] or parse("".join(swapped)) is None


def test_new_references_are_true_ones():
    made = [new_reference(secrets.token_bytes) for _ in range(200)]

    assert [parse(reference) for reference in made] == made


def test_new_references_use_every_random_byte_below_the_fair_bound_and_no_other():
    # 248 = 8 * 31: with the bytes above it, the first eight characters would come up more often than the rest.
    source = cycle([255, 248, 249, 0, 1, 2, 247, 30, 31, 62])
    reference = new_reference(lambda count: bytes(next(source) for _ in range(count)))

    assert reference.startswith("MR-234Z-Z22")


def test_all_characters_come_up_equally_often():
    drawn = [new_reference(lambda count, byte=byte: bytes([byte] * count))[3] for byte in range(248)]

    assert {drawn.count(character) for character in ALPHABET} == {8}
