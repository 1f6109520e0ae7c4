from __future__ import annotations

import logging
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from letterbox import crypto
from letterbox.crypto import Damaged, KeyLost, Keyring, KeyUnusable

RING = Keyring((crypto.new_key(),))


@given(st.text())
def test_what_is_sealed_opens_again(secret: str) -> None:
    assert RING.open_sealed(RING.seal(secret)) == secret


def test_a_sealed_secret_shows_nothing_and_is_never_the_same_twice() -> None:
    first, second = RING.seal("open sesame"), RING.seal("open sesame")

    assert first != second
    assert "sesame" not in first
    assert RING.keys[0] not in first + repr(RING)


def test_after_rotation_old_secrets_open_and_new_ones_take_the_new_key() -> None:
    old = Keyring((crypto.new_key(),))
    sealed = old.seal("secret")
    rotated = Keyring((crypto.new_key(), *old.keys))

    resealed = rotated.reseal(sealed)

    assert rotated.open_sealed(sealed) == "secret"
    assert rotated.is_outdated(sealed)
    assert not rotated.is_outdated(resealed)
    assert Keyring(rotated.keys[:1]).open_sealed(resealed) == "secret"
    with pytest.raises(KeyLost):
        old.open_sealed(resealed)


def test_a_lost_key_is_named_with_what_to_do() -> None:
    sealed = Keyring((crypto.new_key(),)).seal("secret")

    with pytest.raises(KeyLost) as caught:
        RING.open_sealed(sealed)

    assert sealed.split(".")[1] in str(caught.value)
    assert "enter the password" in str(caught.value)


@pytest.mark.parametrize("position", [0, 5, 20, 60, -2])
def test_a_changed_secret_never_opens(position: int) -> None:
    sealed = list(RING.seal("secret"))
    sealed[position] = "A" if sealed[position] != "A" else "B"

    with pytest.raises((Damaged, KeyLost)):
        RING.open_sealed("".join(sealed))


@pytest.mark.parametrize("sealed", ["", "secret", "v1.x", "v1..", "v2.a.b", "v1.a.ü"])
def test_what_we_never_sealed_is_told_apart(sealed: str) -> None:
    with pytest.raises(Damaged):
        RING.open_sealed(sealed)


@pytest.mark.parametrize("key", ["", "short", "ü" * 44, "A" * 45])
def test_what_is_no_key_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(KeyUnusable) as caught:
        Keyring((crypto.new_key(), key))

    assert "number 2" in str(caught.value)
    assert not key or key not in str(caught.value)


def test_no_key_at_all_is_refused() -> None:
    with pytest.raises(KeyUnusable):
        Keyring(())


def test_the_first_start_makes_a_key_that_only_we_can_read(tmp_path: Path) -> None:
    file = tmp_path / "data" / "mailbox-key"

    ring = Keyring.load(file)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert Keyring.load(file) == ring
    assert list(file.parent.iterdir()) == [file]


def test_processes_that_start_at_once_agree_on_one_key(tmp_path: Path) -> None:
    file = tmp_path / "mailbox-key"

    with ThreadPoolExecutor(8) as threads:
        rings = set(threads.map(lambda _: Keyring.load(file), range(16)))

    assert len(rings) == 1


def test_given_keys_come_first_and_make_no_file(tmp_path: Path) -> None:
    file = tmp_path / "mailbox-key"
    given_key = crypto.new_key()

    assert Keyring.load(file, keys=[given_key]).keys == (given_key,)
    assert not file.exists()


def test_secrets_of_the_file_open_after_a_move_to_given_keys(tmp_path: Path) -> None:
    file = tmp_path / "mailbox-key"
    sealed = Keyring.load(file).seal("secret")

    moved = Keyring.load(file, keys=[crypto.new_key()])

    assert moved.open_sealed(sealed) == "secret"
    assert moved.is_outdated(sealed)


def test_a_file_may_hold_several_keys_and_notes(tmp_path: Path) -> None:
    file = tmp_path / "mailbox-key"
    new, old = crypto.new_key(), crypto.new_key()
    file.write_text(f"# since May\n{new}\n\n{old}\n")

    assert Keyring.load(file).keys == (new, old)


def test_a_file_open_to_everyone_is_used_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "mailbox-key"
    file.write_text(crypto.new_key())
    file.chmod(0o644)

    with caplog.at_level(logging.WARNING):
        Keyring.load(file)

    assert "read by everyone" in caplog.text


@pytest.mark.parametrize("content", [b"\xff\xfe", b"", b"# only a note\n"])
def test_a_file_without_a_key_is_refused_not_replaced(
    tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "mailbox-key"
    file.write_bytes(content)

    with pytest.raises(KeyUnusable):
        Keyring.load(file)

    assert file.read_bytes() == content


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file in the way")

    with pytest.raises(KeyUnusable) as caught:
        Keyring.load(tmp_path / "data" / "mailbox-key")

    assert "cannot be used" in str(caught.value)
