"""What is wrong with an inventory is named: file, line, host, and what was expected."""

import json
import re
from pathlib import Path

import pytest

from collectors.inventory.problem import InventoryError
from collectors.inventory.read import Inventory, read_inventory
from collectors.inventory.sources import read_static
from collectors.inventory.yamlfile import MAX_FILE_BYTES

HOST = """\
all:
  children:
    g:
      hosts:
        sw-[1:2]:
          ansible_host: 192.0.2.1
          {line}
"""


def read(tmp_path: Path, text: str | bytes, name: str = "hosts.yml", **more: object) -> Inventory:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    more.setdefault("environ", {})
    return read_inventory([path], **more)  # type: ignore[arg-type]


def complaint(tmp_path: Path, text: str | bytes, name: str = "hosts.yml", **more: object) -> InventoryError:
    with pytest.raises(InventoryError) as caught:
        read(tmp_path, text, name, **more)
    assert caught.value.exit_code == 5
    return caught.value


@pytest.mark.parametrize("deep", [700, 5000])
def test_what_is_nested_too_deep_is_refused(tmp_path: Path, deep: int) -> None:
    text = HOST.format(line=f"plantproof_site: {'[' * deep}{']' * deep}")
    assert "nesting" in str(complaint(tmp_path, text))


def test_a_number_that_no_float_can_hold_is_refused(tmp_path: Path) -> None:
    text = HOST.format(line=f"plantproof_site: 1{':00' * 200}.5")
    assert "hosts.yml:7" in str(complaint(tmp_path, text))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("plantproof_comunity: x", r"expected a variable that plantproof knows, found plantproof_comunity"),
        ("plantproof_snmp_comunity: x", r"\(did you mean plantproof_snmp_community\?\)"),
        ("plantproof_zone: '{{ zone }}'", r"plantproof_zone: expected a value, found the template '{{ zone }}'"),
        ("plantproof_zone: '{% if x %}a{% endif %}'", r"expected a value, found the template"),
        ("ansible_port: 70000", r"ansible_port: expected a port from 1 to 65535, found '70000'"),
        ("ansible_port: -1", r"expected a port"),
        ("ansible_port: ssh", r"expected a port"),
        ("plantproof_snmp_port: 0", r"expected a port"),
        ("plantproof_snmp_version: v2c", r"expected one of 1, 2c, 3, found 'v2c' \(did you mean 2c\?\)"),
        ("plantproof_safety: IT", r"expected one of ot, it, fragile, found 'IT' \(did you mean it\?\)"),
        ("plantproof_snmp_auth: md5", r"expected one of sha1, .*found 'md5'"),
        ("plantproof_direct_ok: perhaps", r"expected true or false, found 'perhaps'"),
        ("ansible_host_key_checking: [1]", r"expected a single value, found a list"),
        ("ansible_user: {a: b}", r"expected a single value, found a mapping"),
        ("plantproof_site: true", r"expected a single value, found true or false"),
        ("plantproof_collect: snpm", r"expected a list of one of local, .*found 'snpm' \(did you mean snmp\?\)"),
        ("plantproof_collect: [ssh, zzz]", r"found 'zzz'$"),
        ("plantproof_contract_end: 31.3.2027", r"expected a date like 2027-03-31, found '31.3.2027'"),
        ("plantproof_contract_end: 20270331", r"expected a date like"),
        ("plantproof_powered: Mo-Fr 6-22", r"plantproof_powered: expected working hours, found expected"),
        ("ansible_ssh_host: -oProxyCommand=x", r"expected a host name or address"),
        ("ansible_user: " + "x" * 5000, r"expected at most 4096 characters"),
    ],
)
def test_a_wrong_value_is_named_with_file_line_and_host(tmp_path: Path, line: str, said: str) -> None:
    error = complaint(tmp_path, HOST.replace("{line}", line))
    assert re.search(said, str(error))
    assert str(error).startswith(f"{tmp_path}/hosts.yml:7: sw-1: ")


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ("plantproof_snmp_auth: sha1", r"expected plantproof_snmp_auth_key beside it"),
        ("plantproof_snmp_auth_key: longenough", r"expected plantproof_snmp_auth beside it"),
        ("plantproof_snmp_priv_key: longenough", r"expected plantproof_snmp_priv beside it"),
        ("plantproof_snmp_priv: des", r"expected plantproof_snmp_auth beside it"),
        (
            "plantproof_snmp_auth: sha1, plantproof_snmp_auth_key: longenough, plantproof_snmp_priv: des",
            r"expected plantproof_snmp_priv_key beside it",
        ),
        ("plantproof_snmp_auth: sha1, plantproof_snmp_auth_key: short", r"at least 8 characters \(RFC 3414"),
    ],
)
def test_snmp_keys_come_in_pairs(tmp_path: Path, variables: str, said: str) -> None:
    assert re.search(said, str(complaint(tmp_path, f"g: {{hosts: {{sw: {{plantproof_snmp_user: u, {variables}}}}}}}")))


@pytest.mark.parametrize(
    "value", ["'{{ hidden-one }}'", "1.5", "true", "[hidden-one]", "hidden-" + "x" * 5000, "!vault hidden-one"]
)
def test_an_error_about_a_secret_does_not_show_it(tmp_path: Path, value: str) -> None:
    error = complaint(tmp_path, f"g: {{hosts: {{sw: {{ansible_password: {value}}}}}}}")
    assert "ansible_password" in str(error)
    assert "hidden" not in f"{error} {error.hint}"
    assert "1.5" not in str(error)


def test_the_line_is_that_of_the_value_that_counts(tmp_path: Path) -> None:
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "g.yml").write_text("# one\n\nplantproof_safety: careful\n")
    error = complaint(tmp_path, "g: {vars: {plantproof_safety: wrong too}, hosts: {a: }}\n")
    assert str(error).startswith(f"{tmp_path}/group_vars/g.yml:3: a: plantproof_safety: ")
    (tmp_path / "host_vars" / "a").mkdir(parents=True)
    (tmp_path / "host_vars" / "a" / "x.json").write_text('{\n "plantproof_safety":\n  "careless"}')
    assert "host_vars/a/x.json:2: a: " in str(complaint(tmp_path, "g: {hosts: {a: }}\n"))
    assert str(complaint(tmp_path, "g: {hosts: {a: }}\n", extra_vars=["plantproof_safety=no"])).startswith(
        "-e: a: plantproof_safety: "
    )


def test_ini_errors_have_lines_too(tmp_path: Path) -> None:
    error = complaint(tmp_path, "[g]\n# x\na ansible_port=x\n", "hosts.ini")
    assert str(error).startswith(f"{tmp_path}/hosts.ini:3: a: ansible_port: ")
    error = complaint(tmp_path, "[g]\na\n[g:vars]\nansible_port = x\n", "hosts.ini")
    assert str(error).startswith(f"{tmp_path}/hosts.ini:4: a: ansible_port: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("g: [\n", r"yml:2: expected YAML"),
        ("g:\n  hosts: {a: {x: 2027-13-40}}\n", r"yml:2: expected YAML, found: a date or number that does not exist"),
        ("g: !strange {}\n", r"yml:1: expected YAML, found: could not determine a constructor"),
        ("a: *b\n", r"yml:1: expected YAML"),
        ("g: {? [a] : b}\n", r"yml:1: expected YAML, found: a key that is no single value"),
        ("g: a\x00b\n", r"yml:1: expected UTF-8 text"),
        ("- a\n", r"yml:1: expected groups at the top"),
        ("just text\n", r"yml:1: expected groups at the top"),
        ("g:\n  hosts:\n  - a\n", r"yml:2: expected hosts of group g to be a mapping .*found a list"),
        ("g:\n  hosts: 5\n", r"yml:2: expected hosts .*found a single value"),
        ("g:\n  hosts:\n    5:\n", r"yml:3: expected a host name as text, found 5: put it in quotes"),
        ("g:\n  hosts:\n    a: b\n", r"yml:3: expected variables of a as a mapping, found a single value"),
        ("g:\n  hosts:\n    a: [b]\n", r"yml:3: expected variables of a as a mapping, found a list"),
        ("g:\n  hosts:\n    'a[3:x]':\n", r"yml:3: 'a\[3:x\]': expected a range"),
        ("g:\n  hosts:\n    'a[z:b]':\n", r"yml:3: 'a\[z:b\]': expected a range from low to high"),
        ("g:\n  hosts:\n    'a[01:100]':\n", r"yml:3: .*expected both ends of a range to be as long"),
        ("g:\n  hosts:\n    'a[1:9:0]':\n", r"yml:3: .*expected a range like"),
        ("g:\n  hosts:\n    'a:':\n", r"yml:3: expected a host name, found 'a:': a colon"),
        ("g:\n  children:\n    h: text\n", r"yml:3: expected the group h to be a mapping"),
        ("g:\n  children:\n    g:\n", r"yml:3: the group g is its own child"),
        ("g: {children: {h: {children: {i: }}}}\ni: {children: {g: }}\n", r"a loop through"),
        ("g: {children: {all: }}\n", r"a loop through"),
        ("5: {hosts: {a: }}\n", r"expected a group name as text, found 5"),
        ("g: {vars: {ansible_group_priority: high}, hosts: {a: }}\n", r"expected a whole number as ansible_group_pri"),
        ('g: {hosts: {"a\\tb": }}\n', r"expected a host name of 1 to 255 printable"),
        ('g: {hosts: {"a\\eb": }}\n', r"expected a host name of 1 to 255 printable"),
    ],
)
def test_a_bad_yaml_file_is_named_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    assert re.search(said, str(complaint(tmp_path, text)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[g\na\n", r"ini:1: expected a section that ends with \]"),
        ("[a b]\n", r"ini:1: expected a section like"),
        ("[g:hosts:x]\n", r"ini:1: expected a section like"),
        ("[g:nonsense]\n", r"ini:1: expected a section of hosts, children or vars"),
        ("[g]\na b\n", r"ini:2: expected key=value after a, found a word without ="),
        ("[g]\na x='b\n", r"ini:2: expected a host with key=value variables, found a quotation"),
        ("[g]\n'' x=1\n", r"expected a host name of 1 to 255"),
        ("[g]\na[1:]\n", r"ini:2: 'a\[1:\]': expected a range"),
        ("---\n", r"ini:1: expected an INI inventory, found the beginning of a YAML document"),
        ("[g]\n[g:vars]\nnonsense\n", r"ini:3: expected key=value in \[g:vars\]"),
        ("[g:vars]\na=b\n", r"ini:1: expected a group \[g\] for \[g:vars\], found none"),
        ("[g:children]\nh\ni\n", r"ini:2: expected a group \[h\] for \[g:children\], found none"),
        ("[g:children]\na:b\n", r"ini:2: expected a group name"),
        ("[g]\n[g:children]\ng\n", r"ini:3: expected a group below another"),
        ("[g]\na x={[]:1}\n", r"ini:2: expected a value, found a Python literal that cannot be evaluated"),
        (b"[g]\na x=\xff\n", r"ini:2: expected UTF-8 text, found byte 0xff"),
    ],
)
def test_a_bad_ini_file_is_named_with_its_line(tmp_path: Path, text: str | bytes, said: str) -> None:
    assert re.search(said, str(complaint(tmp_path, text, "hosts.ini")))


def test_a_comment_may_be_in_any_encoding(tmp_path: Path) -> None:
    assert len(read(tmp_path, b"# gr\xfcn\n; gr\xfcn\n[g]\na\n", "hosts.ini").hosts) == 1


def test_a_file_without_an_ending_is_complained_about_as_what_it_looks_like(tmp_path: Path) -> None:
    assert "hosts:3: expected YAML" in str(complaint(tmp_path, "all:\n  hosts: [", "hosts"))
    assert "hosts:2: expected key=value" in str(complaint(tmp_path, "[g]\na b\n", "hosts"))


def test_what_is_passed_over_is_said(tmp_path: Path) -> None:
    found = read(tmp_path, "g:\n  hosts: {a: }\n  plantproof_zone: z\n  5:\nh: text\n")
    assert [re.sub(r".*yml:", "", warning) for warning in found.warnings] == [
        "3: skipped 'plantproof_zone' in group g: expected vars, children or hosts",
        f"{tmp_path}/hosts.yml: skipped '5' in group g: expected vars, children or hosts".replace(
            f"{tmp_path}/hosts.yml", "4"
        ),
        "5: skipped 'h', which is not a group but a single value",
    ]


def test_group_variables_are_a_mapping(tmp_path: Path) -> None:
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "all").write_text("- a\n")
    assert "group_vars/all:1: expected variables as a mapping" in str(complaint(tmp_path, "g: {hosts: {a: }}\n"))
    (tmp_path / "group_vars" / "all").write_text("")
    assert len(read(tmp_path, "g: {hosts: {a: }}\n").hosts) == 1


def test_what_is_not_there_or_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InventoryError, match="expected an inventory file or folder, found none"):
        read_inventory([tmp_path / "none.yml"], environ={})
    assert "cannot be read" in str(complaint(tmp_path, "g: {hosts: {a: }}", limit="@none"))
    assert "-e @" not in str(complaint(tmp_path, "g: {hosts: {a: }}", extra_vars=["@none"]))


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("~[", "expected every ["),
        ("~a,~(", "regular expression"),
        ("g[5]", "expected a host number 5"),
        ("a,!", "expected a pattern after"),
    ],
)
def test_a_wrong_limit_is_an_error(tmp_path: Path, limit: str, said: str) -> None:
    assert said in str(complaint(tmp_path, "g: {hosts: {a: , b: }}", limit=limit))


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ("./file.yml", "expected @ before a file name"),
        ("[1]", "expected variables as a mapping"),
        ("{a: [}", "-e:1: expected YAML"),
        ("word", "expected key=value, JSON or @file"),
        ("1a=b", "expected key=value, JSON or @file"),
        ("a='b", "a quotation that does not end"),
        ("a=b\\c", "without a backslash"),
    ],
)
def test_wrong_extra_variables_are_an_error(tmp_path: Path, extra: str, said: str) -> None:
    error = complaint(tmp_path, "g: {hosts: {a: }}", extra_vars=["", extra])
    assert said in str(error)


# --- bounds ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["a[1:999999999]", "[1:9999]-[1:9999]", "[00000000001:99999999999]"])
def test_a_range_cannot_stand_for_more_hosts_than_we_hold(tmp_path: Path, host: str) -> None:
    assert "stands for more than 200000 hosts" in str(complaint(tmp_path, f"g: {{hosts: {{'{host}': }}}}"))


def test_hosts_have_an_end(tmp_path: Path) -> None:
    text = "g: {hosts: {'a[1:100000]': , 'b[1:100000]': , c: }}"
    assert "more than 200000 hosts" in str(complaint(tmp_path, text))


@pytest.mark.exhaustive
def test_what_merging_copies_is_bounded(tmp_path: Path) -> None:
    shared = "many: &many {" + ", ".join(f"k{n}: {n}" for n in range(2_000)) + "}"
    copies = [f"g{n}: {{<<: *many}}" for n in range(600)]
    assert "pairs merged with <<" in str(complaint(tmp_path, "\n".join([shared, *copies])))


def test_a_list_that_holds_itself_is_read_once(tmp_path: Path) -> None:
    found = read(tmp_path, "g: {vars: {other: &a [*a, 1], again: *a}, hosts: {h: }}\n")
    assert len(found.hosts) == 1


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 5_000, '{"a":' * 100_000])
def test_nesting_has_an_end(tmp_path: Path, text: str) -> None:
    assert "expected" in str(complaint(tmp_path, text))


def test_groups_cannot_be_nested_without_end(tmp_path: Path) -> None:
    text = "{children: {g: " * 150 + "}" * 300
    assert "nested more than 100 deep" in str(complaint(tmp_path, f"g: {text}"))


def test_a_chain_of_groups_has_an_end(tmp_path: Path) -> None:
    text = "".join(f"[g{n}:children]\ng{n + 1}\n" for n in range(150)) + "[g150]\na\n"
    assert "expected groups nested at most 100 deep" in str(complaint(tmp_path, text, "hosts.ini"))


def test_a_file_has_an_end(tmp_path: Path) -> None:
    with (tmp_path / "hosts.yml").open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    with pytest.raises(InventoryError, match="larger than 67108864 bytes"):
        read_inventory([tmp_path / "hosts.yml"], environ={})


def test_folders_cannot_be_nested_without_end(tmp_path: Path) -> None:
    (tmp_path / "/".join("abcdefghijklmnopqrstuvwxyz")).mkdir(parents=True)
    with pytest.raises(InventoryError, match="nested more than"):
        read_static([str(tmp_path)])


@pytest.mark.parametrize("key", ["plantproof_zone", "ansible_user", "plantproof_snmp_community"])
def test_half_of_a_surrogate_pair_is_no_text(tmp_path: Path, key: str) -> None:
    source = tmp_path / "hosts.json"
    source.write_text(json.dumps({"all": {"hosts": {"sw": {key: "a\udc80b"}}}}))
    with pytest.raises(InventoryError, match=f"sw: {key}: expected Unicode text, found half of a surrogate pair"):
        read_inventory([source], environ={})


@pytest.mark.parametrize("hosts", [3, 251, 600])
def test_the_first_host_that_is_wrong_is_the_one_complained_about(tmp_path: Path, hosts: int) -> None:
    (tmp_path / "hosts.yml").write_text(f"g: {{hosts: {{'h[001:{hosts:03}]': }}}}\n")
    (tmp_path / "host_vars").mkdir()
    (tmp_path / "host_vars" / f"h{hosts - 1:03}.yml").write_text("plantproof_safety: wrong\n")
    (tmp_path / "host_vars" / f"h{hosts:03}.yml").write_text("[not, variables]\n")
    with pytest.raises(InventoryError, match=f"h{hosts - 1:03}.yml:1: h{hosts - 1:03}: plantproof_safety"):
        read_inventory([tmp_path / "hosts.yml"], environ={})
    (tmp_path / "host_vars" / f"h{hosts - 1:03}.yml").write_text("plantproof_safety: it\n")
    with pytest.raises(InventoryError, match=f"h{hosts:03}.yml:1: expected variables as a mapping"):
        read_inventory([tmp_path / "hosts.yml"], environ={})
