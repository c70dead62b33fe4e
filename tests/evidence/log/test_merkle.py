"""RFC 6962 tree hashes, against the definition."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.log.merkle import EMPTY_ROOT, Frontier, leaf_hash


def naive(leaves: list[bytes]) -> bytes:
    """RFC 6962 §2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + naive(leaves[:k]) + naive(leaves[k:])).digest()


def root(leaves: list[bytes]) -> str:
    frontier = Frontier()
    frontier.extend(leaves)
    return frontier.root()


@given(st.lists(st.binary(max_size=8), max_size=70))
def test_the_root_is_the_definitions(leaves: list[bytes]) -> None:
    assert root(leaves) == naive(leaves).hex()


@given(st.lists(st.lists(st.binary(max_size=4), max_size=9), max_size=9))
def test_batches_do_not_matter(batches: list[list[bytes]]) -> None:
    frontier, leaves = Frontier(), []
    for batch in batches:
        frontier.extend(iter(batch))
        leaves.extend(batch)
        assert (frontier.size, frontier.root()) == (len(leaves), naive(leaves).hex())
        assert frontier.root() == frontier.root()


@pytest.mark.parametrize("n", range(20))
def test_every_small_size_has_the_definitions_root(n: int) -> None:
    leaves = [b"%d" % i for i in range(n)]
    assert root(leaves) == naive(leaves).hex()


def test_the_published_roots_come_out() -> None:
    """Test vectors of certificate-transparency-go (merkle tree over eight inputs)."""
    inputs = [bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657",
                                               "606162636465666768696a6b6c6d6e6f")]  # fmt: skip
    roots = (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
    for n, expected in enumerate(roots, 1):
        assert root(inputs[:n]) == expected
    assert EMPTY_ROOT == root([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_a_leaf_is_hashed_apart_from_nodes() -> None:
    assert leaf_hash(b"x") == hashlib.sha256(b"\x00x").digest()
    assert root([leaf_hash(b"a") + leaf_hash(b"b")]) != root([b"a", b"b"])
