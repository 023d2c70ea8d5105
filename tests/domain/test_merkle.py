"""The tree's arithmetic, against the values that the RFC's own test data give, and against the RFC's definition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.domain import merkle

# The seven leaves and roots that every Certificate Transparency implementation is tested with.
LEAVES = [
    bytes.fromhex(one)
    for one in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
HASHES = [merkle.leaf_hash(one) for one in LEAVES]
MANY = [merkle.leaf_hash(str(number).encode()) for number in range(70)]


def nodes_over(leaves: list[bytes]) -> merkle.Nodes:
    def node(level: int, place: int) -> bytes:
        part = leaves[place << level : (place + 1) << level]
        assert len(part) == 1 << level, "a node outside the tree was asked for"
        return merkle.whole_root(part)

    return node


def defined(leaves: list[bytes]) -> bytes:
    """The root as RFC 6962, section 2.1 defines it."""
    if not leaves:
        return merkle.EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    split = max(1 << power for power in range(8) if 1 << power < len(leaves))
    return merkle.node_hash(defined(leaves[:split]), defined(leaves[split:]))


@pytest.mark.parametrize("size", range(1, 9))
def test_the_roots_are_those_of_the_published_test_data(size: int) -> None:
    assert merkle.root(size, nodes_over(HASHES)).hex() == ROOTS[size - 1]


def test_the_root_of_nothing_is_the_hash_of_nothing() -> None:
    assert merkle.root(0, nodes_over([])) == merkle.Frontier().root() == merkle.EMPTY_ROOT


def test_growing_leaf_by_leaf_gives_the_root_of_every_size() -> None:
    edge = merkle.Frontier()
    for size in range(len(MANY) + 1):
        assert edge.root() == defined(MANY[:size]) == merkle.root(size, nodes_over(MANY))
        if size < len(MANY):
            edge.append(MANY[size])


@given(st.integers(1, 70), st.data())
def test_a_leaf_is_proven_in_its_place_and_nowhere_else(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    elsewhere = data.draw(st.integers(0, size).filter(lambda other: other != index))
    root = defined(MANY[:size])
    proof = merkle.inclusion(index, size, nodes_over(MANY[:size]))
    assert merkle.includes(MANY[index], index, size, proof, root)
    assert not merkle.includes(MANY[index], elsewhere, size, proof, root)
    assert not merkle.includes(MANY[(index + 1) % 70], index, size, proof, root)
    assert not merkle.includes(MANY[index], index, size, [*proof, root], root)
    assert not merkle.includes(MANY[index], index, size, proof, merkle.EMPTY_ROOT)


@given(st.integers(0, 70), st.data())
def test_a_longer_tree_is_proven_to_begin_with_a_shorter(new: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, new))
    proof = merkle.consistency(old, new, nodes_over(MANY[:new]))
    roots = defined(MANY[:old]), defined(MANY[:new])
    assert merkle.extends(old, roots[0], new, roots[1], proof)
    assert not merkle.extends(old, roots[0], new, roots[1], [*proof, roots[1]])
    if 0 < old < new:
        assert not merkle.extends(old, merkle.leaf_hash(b"other"), new, roots[1], proof)
        assert not merkle.extends(old, roots[0], new, merkle.leaf_hash(b"other"), proof)
        assert not merkle.extends(old, roots[0], new, roots[1], proof[:-1])


def test_a_shorter_tree_extends_nothing() -> None:
    assert not merkle.extends(3, defined(MANY[:3]), 2, defined(MANY[:2]), [])
    with pytest.raises(ValueError, match="a tree of 2 cannot contain one of 3"):
        merkle.consistency(3, 2, nodes_over(MANY))


def test_there_is_no_proof_of_a_leaf_outside_the_tree() -> None:
    with pytest.raises(ValueError, match="no leaf 2 in a tree of 2"):
        merkle.inclusion(2, 2, nodes_over(MANY))
