"""The tree behind the audit log: RFC 6962 hashes, its root at any size, and proofs that anybody can check.

A node is named by its level and its place in that level: level 0 are the leaves, and (level, place) is the root of the
2**level leaves that begin at place * 2**level. Only whole nodes have names; the ragged right edge is computed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

# The hash of a whole node: (level, place) -> 32 bytes.
Nodes = Callable[[int, int], bytes]


def leaf_hash(data: bytes) -> bytes:
    """RFC 6962, section 2.1: the first byte keeps leaves and nodes apart, so that no node passes for an entry."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def whole_root(hashes: Sequence[bytes]) -> bytes:
    """The root over a whole node's parts, a power of two of them."""
    level = list(hashes)
    while len(level) > 1:
        level = [node_hash(level[at], level[at + 1]) for at in range(0, len(level), 2)]
    return level[0]


class Frontier:
    """The right edge of a growing tree: all that is needed to go on and to know the root. One hash per level at most."""

    def __init__(self) -> None:
        self.size = 0
        self._edge: list[tuple[int, bytes]] = []  # (level, hash) of whole nodes, from left to right

    @classmethod
    def over(cls, size: int, nodes: Nodes) -> Frontier:
        """The edge of a tree that stands already."""
        edge = cls()
        edge.size, edge._edge = size, [(level, nodes(level, place)) for level, place in _parts(0, size)]
        return edge

    def append(self, leaf: bytes) -> None:
        level = 0
        while self._edge and self._edge[-1][0] == level:
            leaf = node_hash(self._edge.pop()[1], leaf)
            level += 1
        self._edge.append((level, leaf))
        self.size += 1

    def root(self) -> bytes:
        return _joined(hash_ for _level, hash_ in self._edge)


def root(size: int, nodes: Nodes) -> bytes:
    """The root of the first `size` leaves."""
    return _joined(nodes(level, place) for level, place in _parts(0, size))


def _joined(parts: Iterable[bytes]) -> bytes:
    """Whole nodes from left to right, the larger ones first, as one root."""
    found = list(parts)
    if not found:
        return EMPTY_ROOT
    result = found.pop()
    while found:
        result = node_hash(found.pop(), result)
    return result


def _parts(start: int, end: int) -> Iterator[tuple[int, int]]:
    """The whole nodes that make up the leaves from start to end, where start is a place at which such a part may begin."""
    while start < end:
        level = (end - start).bit_length() - 1
        yield level, start >> level
        start += 1 << level


def _span(start: int, end: int, nodes: Nodes) -> bytes:
    return _joined(nodes(level, place) for level, place in _parts(start, end))


def _split(size: int) -> int:
    """The largest power of two that is smaller than the size."""
    return 1 << ((size - 1).bit_length() - 1)


def inclusion(index: int, size: int, nodes: Nodes) -> list[bytes]:
    """The proof that leaf `index` is among the first `size` (RFC 6962, section 2.1.1). Raises ValueError outside them."""
    if not 0 <= index < size:
        raise ValueError(f"there is no leaf {index} in a tree of {size}")
    path, start, end = [], 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(_span(middle, end, nodes))
            end = middle
        else:
            path.append(_span(start, middle, nodes))
            start = middle
    return path[::-1]


def consistency(old: int, new: int, nodes: Nodes) -> list[bytes]:
    """The proof that the tree of `new` leaves begins with that of `old` (section 2.1.2). Raises ValueError if it cannot."""
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} cannot contain one of {old}")
    if old in {0, new}:
        return []
    path: list[bytes] = []
    start, end, is_old = (
        0,
        new,
        True,
    )  # is_old: the part so far begins where the old tree begins, and ends with it
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(_span(middle, end, nodes))
            end = middle
        else:
            path.append(_span(start, middle, nodes))
            start, is_old = middle, False
    if not is_old:
        path.append(_span(start, end, nodes))
    return path[::-1]


def includes(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root_hash: bytes) -> bool:
    """Check a proof of inclusion (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    sides = list(_sides(index, size - 1))
    if len(proof) != len(sides):
        return False
    found = leaf
    for step, is_left in zip(proof, sides, strict=True):
        found = node_hash(step, found) if is_left else node_hash(found, step)
    return found == root_hash


def extends(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Check a proof of consistency (RFC 9162, section 2.1.4.2)."""
    if not 0 <= old <= new:
        return False
    if old in {0, new}:
        return not proof and old_root == (new_root if old == new else EMPTY_ROOT)
    start = (old & -old).bit_length() - 1  # the level of the last whole node of the old tree
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    sides = list(_sides((old - 1) >> start, (new - 1) >> start))
    if len(path) != len(sides) + 1:
        return False
    first = second = path[0]
    for step, is_left in zip(path[1:], sides, strict=True):
        first = node_hash(step, first) if is_left else first
        second = node_hash(step, second) if is_left else node_hash(second, step)
    return first == old_root and second == new_root


def _sides(at: int, last: int) -> Iterator[bool]:
    """For each step of a proof from node `at` of a level up to the root: whether what it brings stands to the left."""
    while last:
        if at & 1 or at == last:
            yield True
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            yield False
        at, last = at >> 1, last >> 1
