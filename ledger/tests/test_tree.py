"""The Merkle tree against published vectors and against the standard's own recursion."""

import random
from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256

import pytest

from ledger.tree import (
    EMPTY_ROOT,
    MissingHash,
    WrongProof,
    WrongTilePath,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    new_nodes,
    node_hash,
    parse_tile_path,
    root,
    root_of,
    tile_path,
)

# The eight leaves with which the implementations of Certificate Transparency test themselves
# (github.com/transparency-dev/merkle, testonly/constants.go), their roots and proofs.
CT_LEAVES = [
    bytes.fromhex(data)
    for data in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
A = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
B = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
C = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
D = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
E = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
F = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
CT_INCLUSION: list[tuple[int, int, list[str]]] = [
    (0, 1, []),
    (0, 8, [A, B, C]),
    (5, 8, [D, E, CT_ROOTS[4]]),
    (2, 3, [CT_ROOTS[2]]),
    (1, 5, [CT_ROOTS[1], B, D]),
]
CT_CONSISTENCY: list[tuple[int, int, list[str]]] = [
    (1, 1, []),
    (1, 8, [A, B, C]),
    (6, 8, [F, E, CT_ROOTS[4]]),
    (2, 5, [B, D]),
]


# Every size of up to 80, and those around the edges of tiles.
SIZES = [*range(1, 81), 255, 256, 257, 300, 511, 512, 513, 600]


class Log:
    """A log in memory, kept as the database keeps it, that counts its readings."""

    def __init__(self) -> None:
        self.levels: list[list[bytes]] = [[]]
        self.readings: list[tuple[int, int, int]] = []

    def append(self, hashes: Sequence[bytes]) -> None:
        for level, index, item in new_nodes(len(self.levels[0]), hashes, self.read):
            if level == len(self.levels):
                self.levels.append([])
            assert index == len(self.levels[level])
            self.levels[level].append(item)
        self.levels[0] += hashes

    def read(self, level: int, start: int, stop: int) -> Sequence[bytes]:
        self.readings.append((level, start, stop))
        return self.levels[level][start:stop]


def hashes(count: int) -> list[bytes]:
    return [leaf_hash(b"%d" % number) for number in range(count)]


def log_of(count: int) -> Log:
    log = Log()
    log.append(hashes(count))
    log.readings.clear()
    return log


@pytest.fixture(scope="module")
def log() -> Log:
    return log_of(70_000)


# The recursions of RFC 9162, word for word.


def split(n: int) -> int:
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def naive(count: int) -> Callable[[int, int], bytes]:
    data = hashes(count)

    @cache
    def mth(start: int, stop: int) -> bytes:
        if start == stop:
            return sha256(b"").digest()
        if stop - start == 1:
            return data[start]
        k = start + split(stop - start)
        return sha256(b"\x01" + mth(start, k) + mth(k, stop)).digest()

    return mth


def naive_path(mth: Callable[[int, int], bytes], m: int, start: int, stop: int) -> list[bytes]:
    n = stop - start
    if n == 1:
        return []
    k = split(n)
    if m < k:
        return [*naive_path(mth, m, start, start + k), mth(start + k, stop)]
    return [*naive_path(mth, m - k, start + k, stop), mth(start, start + k)]


def naive_subproof(
    mth: Callable[[int, int], bytes], m: int, start: int, stop: int, b: bool
) -> list[bytes]:
    n = stop - start
    if m == n:
        return [] if b else [mth(start, stop)]
    k = split(n)
    if m <= k:
        return [*naive_subproof(mth, m, start, start + k, b), mth(start + k, stop)]
    return [*naive_subproof(mth, m - k, start + k, stop, False), mth(start, start + k)]


# Published vectors


def test_the_published_leaves_have_the_published_roots() -> None:
    log = Log()
    log.append([leaf_hash(data) for data in CT_LEAVES])
    assert [root(size, log.read).hex() for size in range(9)] == CT_ROOTS
    assert [root_of(log.levels[0][:size]).hex() for size in range(9)] == CT_ROOTS
    assert EMPTY_ROOT.hex() == CT_ROOTS[0]


def test_the_published_leaves_have_the_published_proofs() -> None:
    log = Log()
    log.append([leaf_hash(data) for data in CT_LEAVES])
    for index, size, expected in CT_INCLUSION:
        proof = inclusion_proof(index, size, log.read)
        assert [item.hex() for item in proof] == expected
        known = bytes.fromhex(CT_ROOTS[size])
        check_inclusion(leaf_hash(CT_LEAVES[index]), index, size, proof, known)
    for old, new, expected in CT_CONSISTENCY:
        proof = consistency_proof(old, new, log.read)
        assert [item.hex() for item in proof] == expected
        roots = bytes.fromhex(CT_ROOTS[old]), bytes.fromhex(CT_ROOTS[new])
        check_consistency(old, new, *roots, proof)


# Against the standard's recursion


def test_each_tree_of_up_to_600_leaves_has_the_root_of_the_standard(log: Log) -> None:
    mth = naive(600)
    for size in range(601):
        assert root(size, log.read) == mth(0, size)
        assert root_of(log.levels[0][:size]) == mth(0, size)


def test_each_leaf_of_a_tree_has_the_proof_of_the_standard(log: Log) -> None:
    mth = naive(600)
    for size in SIZES:
        known = mth(0, size)
        for index in range(size):
            proof = inclusion_proof(index, size, log.read)
            assert proof == naive_path(mth, index, 0, size)
            check_inclusion(log.levels[0][index], index, size, proof, known)


def test_each_two_trees_have_the_proof_of_the_standard(log: Log) -> None:
    mth = naive(600)
    for new in SIZES:
        for old in range(1, new + 1):
            proof = consistency_proof(old, new, log.read)
            assert proof == naive_subproof(mth, old, 0, new, True)
            check_consistency(old, new, mth(0, old), mth(0, new), proof)


def test_large_trees_have_the_proofs_of_the_standard(log: Log) -> None:
    mth = naive(70_000)
    chance = random.Random(1)
    edges = [65_535, 65_536, 65_537, 65_792, 70_000]
    for new in edges + [chance.randint(601, 70_000) for _ in range(60)]:
        assert root(new, log.read) == mth(0, new)
        index, old = chance.randrange(new), chance.randint(1, new)
        assert inclusion_proof(index, new, log.read) == naive_path(mth, index, 0, new)
        proof = consistency_proof(old, new, log.read)
        assert proof == naive_subproof(mth, old, 0, new, True)
        check_consistency(old, new, mth(0, old), mth(0, new), proof)


def test_leaves_appended_in_any_portions_give_the_same_nodes(log: Log) -> None:
    chance = random.Random(2)
    other = Log()
    while (size := len(other.levels[0])) < 70_000:
        portion = chance.choice([0, 1, 2, 100, 255, 256, 257, 1_000, 20_000])
        other.append(log.levels[0][size : size + portion])
    assert other.levels == log.levels
    assert [len(level) for level in log.levels] == [70_000, 273, 1]
    assert log.levels[2] == [root_of(log.levels[0][:65_536])]


# Frugality


def test_a_proof_reads_each_tile_once_and_few_of_them(log: Log) -> None:
    for index in (0, 255, 256, 40_000, 65_536, 69_999):
        log.readings.clear()
        inclusion_proof(index, 70_000, log.read)
        assert len(log.readings) == len(set(log.readings)) <= 5
    log.readings.clear()
    consistency_proof(33_333, 70_000, log.read)
    assert len(log.readings) == len(set(log.readings)) <= 5
    log.readings.clear()
    assert root(70_000, log.read)
    assert log.readings == [(2, 0, 1), (1, 256, 273), (0, 69_888, 70_000)]


def test_appending_reads_what_was_begun_and_no_more(log: Log) -> None:
    log.readings.clear()
    new_nodes(70_000, hashes(10), log.read)
    assert log.readings == []
    new_nodes(70_000, hashes(200), log.read)
    assert log.readings == [(0, 69_888, 70_000)]


def test_a_store_with_too_few_hashes_is_a_mistake_of_its_own(log: Log) -> None:
    with pytest.raises(MissingHash, match="17 of the hashes 256 to 273 of level 1"):
        root(70_200, log.read)


def test_impossible_trees_and_leaves_are_mistakes_of_the_caller(log: Log) -> None:
    for index, size in ((0, 0), (5, 5), (-1, 5), (0, -1), (0, 2**63)):
        with pytest.raises(ValueError, match=r"There is no leaf|cannot have"):
            inclusion_proof(index, size, log.read)
    for old, new in ((6, 5), (-1, 5), (1, 2**63)):
        with pytest.raises(ValueError, match=r"does not continue|cannot have"):
            consistency_proof(old, new, log.read)
    with pytest.raises(ValueError, match="cannot have"):
        root(-1, log.read)


# Refusals


def test_a_proof_with_any_bit_flipped_is_refused(log: Log) -> None:
    for index, size in ((0, 2), (3, 7), (255, 257), (69_000, 70_000)):
        proof, known = inclusion_proof(index, size, log.read), root(size, log.read)
        leaf = log.levels[0][index]
        good = [leaf, known, *proof]
        for place, item in enumerate(good):
            for bit in range(256):
                wrong = [*good]
                wrong[place] = (int.from_bytes(item) ^ 1 << bit).to_bytes(32)
                with pytest.raises(WrongProof):
                    check_inclusion(wrong[0], index, size, wrong[2:], wrong[1])


def test_a_proof_of_consistency_with_any_bit_flipped_is_refused(log: Log) -> None:
    for old, new in ((1, 2), (3, 7), (4, 7), (256, 300), (69_000, 70_000)):
        proof = consistency_proof(old, new, log.read)
        good = [root(old, log.read), root(new, log.read), *proof]
        for place, item in enumerate(good):
            for bit in range(256):
                wrong = [*good]
                wrong[place] = (int.from_bytes(item) ^ 1 << bit).to_bytes(32)
                with pytest.raises(WrongProof):
                    check_consistency(old, new, wrong[0], wrong[1], wrong[2:])


def test_a_proof_for_another_index_or_size_is_refused(log: Log) -> None:
    for size in (1, 2, 3, 6, 7, 8, 33, 100):
        known = root(size, log.read)
        for index in range(size):
            proof = inclusion_proof(index, size, log.read)
            leaf = log.levels[0][index]
            for other in range(-1, size + 2):
                if other != index:
                    with pytest.raises(WrongProof):
                        check_inclusion(leaf, other, size, proof, known)
            # The root does not say the size, so a path of the same shape may fit another
            # size. It is the checkpoint that binds both. Against the real root none passes.
            for other in {size - 1, size + 1, size * 2, 2**63 - 1} - {0}:
                with pytest.raises(WrongProof):
                    check_inclusion(leaf, index, other, proof, root(min(other, 300), log.read))


def test_a_proof_of_another_length_is_refused(log: Log) -> None:
    for index, size in ((0, 1), (0, 2), (6, 7), (300, 600)):
        proof, known = inclusion_proof(index, size, log.read), root(size, log.read)
        leaf = log.levels[0][index]
        for wrong in ([*proof, leaf], [leaf, *proof], proof[1:], proof[:-1], [*proof, b""]):
            if wrong != proof:
                with pytest.raises(WrongProof):
                    check_inclusion(leaf, index, size, wrong, known)
    for old, new in ((0, 5), (5, 5), (4, 5), (3, 7), (300, 600)):
        proof = consistency_proof(old, new, log.read)
        roots = root(old, log.read), root(new, log.read)
        check_consistency(old, new, *roots, proof)
        for wrong in ([*proof, roots[0]], [roots[0], *proof], proof[1:], proof[:-1]):
            if wrong != proof:
                with pytest.raises(WrongProof):
                    check_consistency(old, new, *roots, wrong)


def test_trees_that_do_not_continue_each_other_are_refused(log: Log) -> None:
    proof = consistency_proof(5, 9, log.read)
    roots = root(5, log.read), root(9, log.read)
    for old, new in ((4, 9), (6, 9), (9, 5), (-1, 9), (5, 2**63)):
        with pytest.raises(WrongProof):
            check_consistency(old, new, *roots, proof)
    # The same shape, so that only the root tells the trees apart.
    with pytest.raises(WrongProof, match="another root of the new tree"):
        check_consistency(5, 10, roots[0], root(10, log.read), proof)
    with pytest.raises(WrongProof, match="different roots"):
        check_consistency(5, 5, roots[0], roots[1], [])
    with pytest.raises(WrongProof, match="different roots"):
        check_consistency(0, 9, roots[0], roots[1], [])


def test_a_node_is_never_taken_for_a_leaf() -> None:
    left, right = hashes(2)
    assert node_hash(left, right) != leaf_hash(left + right)
    with pytest.raises(WrongProof):
        check_inclusion(leaf_hash(left + right), 0, 1, [], root_of([left, right]))


# Addresses of tiles


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("tile/0/000", (0, 0, 256)),
        ("tile/0/x001/x234/067", (0, 1_234_067, 256)),
        ("tile/0/x001/000", (0, 1_000, 256)),
        ("tile/63/999.p/1", (63, 999, 1)),
        ("tile/2/001.p/255", (2, 1, 255)),
        ("tile/entries/000.p/7", ("entries", 0, 7)),
        ("tile/entries/x273/112", ("entries", 273_112, 256)),
    ],
)
def test_an_address_of_a_tile_is_written_and_read(path: str, parts: tuple[int, int, int]) -> None:
    assert tile_path(*parts) == path
    assert parse_tile_path(path) == parts


@pytest.mark.parametrize(
    "path",
    [
        "", "tile", "tile/0", "tile/0/", "tile/0/0", "tile/0/0000", "tile/00/000", "tile/64/000",
        "tile/-1/000", "tile/x/000", "tile/0/x000/005", "tile/0/x005", "tile/0/001/002",
        "tile/0/x01/002", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/07",
        "tile/0/000.p/", "tile/0/000/", "/tile/0/000", "tile/0/000\n", "tile/0/٠٠٠", "0/000",
        "tile/0/x999/x999/x999/x999/x999/x999/999", "tile/entries/000.p/1000",
    ],
)  # fmt: skip
def test_any_other_spelling_of_an_address_is_refused(path: str) -> None:
    with pytest.raises(WrongTilePath):
        parse_tile_path(path)


def test_a_tile_that_cannot_be_has_no_address() -> None:
    for level, n, width in ((64, 0, 1), (-1, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)):
        with pytest.raises(ValueError, match="There is no tile"):
            tile_path(level, n, width)
