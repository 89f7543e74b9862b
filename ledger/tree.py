"""The Merkle tree of RFC 6962 and RFC 9162 over hashes that are stored elsewhere.

Pure functions of the standard library. Hashes are 32 bytes, indexes and sizes count leaves
from 0. What is stored are the hashes of complete subtrees of 256**level leaves; the hashes
between them are computed again when a proof needs them, a tile of C2SP tlog-tiles at a time.
"""

import re
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Literal, NamedTuple

HASHES_PER_TILE = 256
# A tile is a subtree of this height: 2**8 hashes.
_HEIGHT = 8
# Larger sizes do not fit into the whole numbers of Go, PostgreSQL and SQLite.
MOST_LEAVES = 2**63 - 1
EMPTY_ROOT = sha256(b"").digest()

# read(level, start, stop): the stored hashes of the complete subtrees of 256**level leaves
# whose numbers are from start up to, not including, stop.
Read = Callable[[int, int, int], Sequence[bytes]]


class WrongProof(Exception):
    """A proof does not show what it is said to show."""


class MissingHash(LookupError):
    """The store holds fewer hashes than a tree of this size needs."""


class WrongTilePath(ValueError):
    """An address is not one of a tile as C2SP tlog-tiles spells them."""


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf, RFC 9162 section 2.1.1."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node above two others, RFC 9162 section 2.1.1."""
    return sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """Return the Merkle tree hash over leaf hashes, RFC 9162 section 2.1.1."""
    if not hashes:
        return EMPTY_ROOT
    row = list(hashes)
    while len(row) > 1:
        # A last hash without a partner moves up as it is. That is the same tree as the
        # standard's, which splits at the largest power of two.
        above = _pairs(row)
        if len(row) % 2:
            above.append(row[-1])
        row = above
    return row[0]


def root(size: int, read: Read) -> bytes:
    """Return the root of the first `size` leaves; reads one tile of each level."""
    _check_size(size)
    return _Tiles(size, read).range_hash(0, size) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, read: Read) -> list[bytes]:
    """Return the proof that a leaf is in the tree, RFC 9162 section 2.1.3.1, leaf's end first."""
    _check_size(size)
    if not 0 <= index < size:
        raise ValueError(f"There is no leaf {index} in a tree of {size}.")
    tiles = _Tiles(size, read)
    proof = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            proof.append(tiles.range_hash(middle, stop))
            stop = middle
        else:
            proof.append(tiles.range_hash(start, middle))
            start = middle
    return proof[::-1]


def consistency_proof(old: int, new: int, read: Read) -> list[bytes]:
    """Return the proof that a tree of `new` leaves continues that of `old`, section 2.1.4.1.

    From an empty tree or to itself there is nothing to prove, and the proof is empty.
    """
    _check_size(new)
    if not 0 <= old <= new:
        raise ValueError(f"A tree of {new} leaves does not continue one of {old}.")
    if old in (0, new):
        return []
    tiles = _Tiles(new, read)
    proof = []
    start, stop = 0, new
    while old < stop:
        middle = start + _split(stop - start)
        if old <= middle:
            proof.append(tiles.range_hash(middle, stop))
            stop = middle
        else:
            proof.append(tiles.range_hash(start, middle))
            start = middle
    # The old root itself is known to who asks, unless it lies inside the tree.
    if start:
        proof.append(tiles.range_hash(start, stop))
    return proof[::-1]


def check_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Check a proof of inclusion as RFC 9162 section 2.1.3.2 says.

    Raises:
        WrongProof: the proof does not lead from this leaf, at this index, to this root.
    """
    if not 0 <= index < size <= MOST_LEAVES:
        raise WrongProof(f"There is no leaf {index} in a tree of {size}.")
    _check_lengths(leaf, root, *proof)
    number, last, result = index, size - 1, leaf
    for item in proof:
        if last == 0:
            raise WrongProof("The proof is too long for a tree of this size.")
        if number & 1 or number == last:
            result = node_hash(item, result)
            while not number & 1 and number:
                number >>= 1
                last >>= 1
        else:
            result = node_hash(result, item)
        number >>= 1
        last >>= 1
    if last:
        raise WrongProof("The proof is too short for a tree of this size.")
    if result != root:
        raise WrongProof("The proof leads to another root.")


def check_consistency(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check a proof of consistency as RFC 9162 section 2.1.4.2 says.

    Raises:
        WrongProof: the proof does not show that the new tree continues the old one.
    """
    if not 0 <= old <= new <= MOST_LEAVES:
        raise WrongProof(f"A tree of {new} leaves does not continue one of {old}.")
    _check_lengths(old_root, new_root, *proof)
    if old in (0, new):
        if proof:
            raise WrongProof("The proof is too long for trees of these sizes.")
        if old_root != (new_root if old else EMPTY_ROOT):
            raise WrongProof("Two trees of the same size have different roots.")
        return
    # A complete old tree is the first node of the proof, and so is left out of it.
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    number, last = old - 1, new - 1
    while number & 1:
        number >>= 1
        last >>= 1
    if not path:
        raise WrongProof("The proof is too short for trees of these sizes.")
    old_result = new_result = path[0]
    for item in path[1:]:
        if last == 0:
            raise WrongProof("The proof is too long for trees of these sizes.")
        if number & 1 or number == last:
            old_result = node_hash(item, old_result)
            new_result = node_hash(item, new_result)
            while not number & 1 and number:
                number >>= 1
                last >>= 1
        else:
            new_result = node_hash(new_result, item)
        number >>= 1
        last >>= 1
    if last:
        raise WrongProof("The proof is too short for trees of these sizes.")
    if old_result != old_root:
        raise WrongProof("The proof leads to another root of the old tree.")
    if new_result != new_root:
        raise WrongProof("The proof leads to another root of the new tree.")


def new_nodes(size: int, hashes: Sequence[bytes], read: Read) -> list[tuple[int, int, bytes]]:
    """Return (level, index, hash) of each stored subtree that further leaves complete.

    `size` is the tree's size before `hashes` are appended; level is 1 or more, and a subtree
    of a level has 256**level leaves. Reads at most one tile of each level.
    """
    _check_size(size + len(hashes))
    nodes = []
    level, present, fresh = 0, size, hashes
    while present % HASHES_PER_TILE + len(fresh) >= HASHES_PER_TILE:
        begun = present % HASHES_PER_TILE
        row = [*_read(read, level, present - begun, present), *fresh] if begun else fresh
        row = row[: len(row) - len(row) % HASHES_PER_TILE]
        for _ in range(_HEIGHT):
            row = _pairs(row)
        level, present, fresh = level + 1, present // HASHES_PER_TILE, row
        nodes += [(level, present + number, item) for number, item in enumerate(fresh)]
    return nodes


class TilePath(NamedTuple):
    """What the address of a tile says."""

    level: int | Literal["entries"]
    n: int
    width: int


_NUMBER = r"0|[1-9][0-9]?"
_TILE_PATH = re.compile(
    rf"tile/({_NUMBER}|entries)/((?:x[0-9]{{3}}/){{0,6}}[0-9]{{3}})(?:\.p/([1-9][0-9]{{0,2}}))?",
    re.ASCII,
)


def tile_path(level: int | Literal["entries"], n: int, width: int = HASHES_PER_TILE) -> str:
    """Return the address of a tile below the log's prefix: `tile/0/x001/x234/067.p/8`."""
    if not (level == "entries" or 0 <= level <= 63) or n < 0 or not 1 <= width <= HASHES_PER_TILE:
        raise ValueError(f"There is no tile {n} of level {level} and width {width}.")
    groups = f"{n:,}".split(",")
    spelled = "/x".join(group.zfill(3) for group in groups)
    name = f"x{spelled}" if len(groups) > 1 else spelled
    # Only the last group goes without an x.
    head, _, last = name.rpartition("/x")
    name = f"{head}/{last}" if head else name
    return f"tile/{level}/{name}" + (f".p/{width}" if width < HASHES_PER_TILE else "")


def parse_tile_path(path: str) -> TilePath:
    """Return what the address of a tile says; only the one right spelling is read.

    Raises:
        WrongTilePath: no tile has this address.
    """
    match = _TILE_PATH.fullmatch(path)
    if match is None:
        raise WrongTilePath(f"{path!r} is not the address of a tile.")
    level: int | Literal["entries"] = "entries" if match[1] == "entries" else int(match[1])
    n = int(match[2].replace("/", "").replace("x", ""))
    width = int(match[3]) if match[3] else HASHES_PER_TILE
    try:
        canonical = n <= MOST_LEAVES and tile_path(level, n, width) == path
    except ValueError:
        canonical = False
    if not canonical:
        raise WrongTilePath(f"{path!r} is not the address of a tile.")
    return TilePath(level, n, width)


class _Tiles:
    """The stored hashes of one tree, each tile read at most once."""

    def __init__(self, size: int, read: Read) -> None:
        self._size = size
        self._source = read
        self._tiles: dict[tuple[int, int], Sequence[bytes]] = {}

    def range_hash(self, start: int, stop: int) -> bytes:
        """Return the hash over a range of leaves that the standard's recursion comes to."""
        length = stop - start
        if length & (length - 1) == 0:
            return self._complete(length.bit_length() - 1, start // length)
        middle = start + _split(length)
        return node_hash(self.range_hash(start, middle), self.range_hash(middle, stop))

    def _complete(self, height: int, number: int) -> bytes:
        level, above = divmod(height, _HEIGHT)
        first = number << above
        tile = self._tile(level, first // HASHES_PER_TILE)
        offset = first % HASHES_PER_TILE
        return root_of(tile[offset : offset + (1 << above)])

    def _tile(self, level: int, n: int) -> Sequence[bytes]:
        tile = self._tiles.get((level, n))
        if tile is None:
            stop = min((n + 1) * HASHES_PER_TILE, self._size >> _HEIGHT * level)
            tile = _read(self._source, level, n * HASHES_PER_TILE, stop)
            self._tiles[level, n] = tile
        return tile


def _read(read: Read, level: int, start: int, stop: int) -> Sequence[bytes]:
    hashes = read(level, start, stop)
    if len(hashes) != stop - start:
        raise MissingHash(
            f"The store holds {len(hashes)} of the hashes {start} to {stop - 1} of level {level}."
        )
    return hashes


def _pairs(row: Sequence[bytes]) -> list[bytes]:
    # The one hot loop of the tree.
    items = iter(row)
    return [
        sha256(b"\x01" + left + right).digest() for left, right in zip(items, items, strict=False)
    ]


def _split(length: int) -> int:
    """Return the largest power of two below a length of two or more."""
    return 1 << (length - 1).bit_length() - 1


def _check_size(size: int) -> None:
    if not 0 <= size <= MOST_LEAVES:
        raise ValueError(f"A tree cannot have {size} leaves.")


def _check_lengths(*hashes: bytes) -> None:
    if any(len(item) != 32 for item in hashes):
        raise WrongProof("A hash has 32 bytes.")
