"""Ansible Vault's envelopes: opened with the right password, refused by name otherwise, and never shown."""

import pickle
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.inventory.vault import MAX_VALUE_BYTES, Vault, Vaulted, VaultError, VaultPassword

BY_ANSIBLE = """\
$ANSIBLE_VAULT;1.2;AES256;dev
64333161353737306431633037326336623630323633313034666233303439393633316335303062
3663643637633532363539636436393537306237323562300a633464613034383933626139376466
61376364613039363036653264663232386239656433633063383933386361353663346563623431
3365653135356666660a393936663533643734373136653036396634366330323631303663313135
3264
"""
"""`{{ 1+1 }}` with the password pw1, by ansible-vault of ansible-core 2.19."""

BY_ANSIBLE_WITHOUT_LABEL = """\
$ANSIBLE_VAULT;1.1;AES256
37643361653962393831633133346235366233376336616366363638363235303264336139373566
3134646539323561303862323539653662313730633661380a323965613031613835373462613532
31333139626534323666303733306161363461353764363962306661396434616465323366663632
6530393638386630660a383134613436356465303835643764303235366233633135623564323732
3034
"""
"""`2222` with the password pw2, by the same."""


class Counted(VaultPassword):
    """A password that counts how often keys were made of it."""

    __slots__ = ("tries",)

    def __init__(self, label: str, value: bytes) -> None:
        super().__init__(label, value)
        self.tries = 0

    def keys(self, salt: bytes) -> bytes:
        self.tries += 1
        return super().keys(salt)


def vault(*passwords: str, **more: bool) -> Vault:
    """Return a vault with passwords written `label@password`."""
    return Vault([VaultPassword(*_split(text)) for text in passwords], **more)  # type: ignore[arg-type]


def _split(text: str) -> tuple[str, bytes]:
    label, _, value = text.partition("@")
    return label, value.encode()


def refusal(envelope: str, opened_with: Vault | None = None) -> str:
    with pytest.raises(VaultError) as caught:
        (opened_with or vault("default@pw")).open_value(Vaulted(envelope))
    assert caught.value.exit_code == 5
    assert caught.value.__cause__ is None
    return str(caught.value)


def test_what_ansible_encrypted_is_opened() -> None:
    opened = vault("default@pw2", "dev@pw1")
    assert opened.open_value(Vaulted(BY_ANSIBLE)) == "{{ 1+1 }}"
    assert opened.open_value(Vaulted(BY_ANSIBLE_WITHOUT_LABEL)) == "2222"
    assert opened.open_value(Vaulted(BY_ANSIBLE.replace("\n", "\r\n  "))) == "{{ 1+1 }}"


@settings(max_examples=15)
@given(text=st.text(max_size=200), password=st.binary(min_size=1, max_size=80))
def test_every_text_comes_out_as_it_went_in(vaults: ModuleType, text: str, password: bytes) -> None:
    sealed = Vaulted(vaults.seal(text, password))
    assert Vault([VaultPassword("default", password)]).open_value(sealed) == text


def test_the_password_of_the_values_own_vault_id_is_tried_first_and_a_value_is_opened_once(vaults: ModuleType) -> None:
    wrong, right = Counted("default", b"other"), Counted("dev", b"pw")
    opened = Vault([wrong, right])
    for _ in range(3):
        assert opened.open_value(Vaulted(vaults.seal("x", label="dev", salt=b"s" * 32))) == "x"
    assert (wrong.tries, right.tries) == (0, 1)
    assert opened.open_value(Vaulted(vaults.seal("x", label="prod"))) == "x"
    assert (wrong.tries, right.tries) == (1, 2)


def test_only_matching_ids_are_tried_where_somebody_said_so(vaults: ModuleType) -> None:
    strict = vault("dev@pw", only_matching=True)
    assert strict.open_value(Vaulted(vaults.seal("x", label="dev"))) == "x"
    assert "vault id 'prod', none does" in refusal(vaults.seal("x", label="prod"), strict)
    assert "none does" in refusal(vaults.seal("x"), strict), "a value without a label is of the vault id default"
    named = Vault([VaultPassword("dev", b"pw")], only_matching=True, default_label="dev")
    assert named.open_value(Vaulted(vaults.seal("x"))) == "x"


def test_a_wrong_password_and_a_changed_value_are_refused(vaults: ModuleType) -> None:
    sealed = vaults.seal("hidden", salt=b"s" * 32)
    assert "expected one of 2 vault passwords to open a value, none does" in refusal(sealed, vault("a@x", "b@y"))
    lines = sealed.splitlines()
    for line, column in ((1, 3), (2, 9), (-1, 1)):  # salt, HMAC, ciphertext
        digits = list(lines[line])
        digits[column] = "5" if digits[column] != "5" else "6"
        changed = "\n".join([*lines[:line], "".join(digits), *(lines[line + 1 :] if line > 0 else [])])
        assert "none does" in refusal(changed)


def test_without_a_password_the_error_says_how_to_give_one(vaults: ModuleType) -> None:
    with pytest.raises(VaultError, match="expected a vault password, none was given") as caught:
        Vault().open_value(Vaulted(vaults.seal("x")))
    assert "--vault-password-file" in str(caught.value.hint)


HEADER = "$ANSIBLE_VAULT;1.1;AES256\n"


@pytest.mark.parametrize(
    ("envelope", "said"),
    [
        ("", "expected an Ansible Vault header"),
        ("x", "expected an Ansible Vault header"),
        ("$ANSIBLE_VAULT", "expected an Ansible Vault header"),
        ("$ANSIBLE_VAULT;1.1\n3031", "expected an Ansible Vault header"),
        ("$ANSIBLE_VAULT;1.2;AES256;a;b\n3031", "expected an Ansible Vault header"),
        ("$ANSIBLE_VAULT;1.0;AES\n3031", "expected Ansible Vault 1.1 or 1.2 with AES256, found '1.0' 'AES'"),
        ("$ANSIBLE_VAULT;9.9;AES256\n3031", "found '9.9'"),
        (HEADER, "expected hex"),
        (HEADER + "303", "expected hex"),
        (HEADER + "zz", "expected hex"),
        (HEADER + "30\x00" + "31", "expected hex"),
        (HEADER + "٣٠", "expected hex"),
        (HEADER + "3031", "expected salt, HMAC and ciphertext in what is encrypted, found 1 parts"),
        (HEADER + b"00\n00\n00\n00".hex(), "found 4 parts"),
        (HEADER + b"00\n00\n00".hex(), "expected an HMAC of 32 bytes in what is encrypted, found 1"),
        (HEADER + b"\n\n".hex(), "expected hex"),
        (HEADER + b"zz\n00\n00".hex(), "expected hex"),
        (HEADER + "30" * 4 * MAX_VALUE_BYTES, f"expected at most {MAX_VALUE_BYTES} encrypted bytes, found more"),
    ],
)
def test_what_is_no_envelope_is_refused_before_a_key_is_made(envelope: str, said: str) -> None:
    password = Counted("default", b"pw")
    assert said in refusal(envelope, Vault([password]))
    assert password.tries == 0


def test_what_was_sealed_without_padding_or_as_no_text_is_refused(vaults: ModuleType) -> None:
    assert "expected UTF-8 text in what is encrypted" in refusal(vaults.seal(b"hidden\xff"))
    whole = Vault([VaultPassword("default", b"pw")])
    assert whole.open_file(Vaulted(vaults.seal(b"\xff" * 1000))) == b"\xff" * 1000
    import hashlib
    import hmac

    keys = hashlib.pbkdf2_hmac("sha256", b"pw", b"s", 10_000, 80)
    unpadded = b"\0" * 16
    sealed = vaults.envelope(b"s", hmac.digest(keys[32:64], unpadded, "sha256"), unpadded)
    assert "PKCS 7" in refusal(sealed)


def test_neither_a_password_nor_a_value_can_be_shown_by_accident() -> None:
    password, value = VaultPassword("dev", b"hidden"), Vaulted("hidden")
    assert "hidden" not in f"{password!r} {value!r} {password} {value}"
    with pytest.raises(TypeError):
        pickle.dumps(password)
    assert Vaulted("a") == Vaulted("a") != Vaulted("b")
    assert len({Vaulted("a"), Vaulted("a")}) == 1
