"""Where an inventory comes from, and what is left to `ansible-inventory`."""

import json
import os
import sys
from pathlib import Path

import pytest

from collectors.inventory.external import ask_ansible, find_program
from collectors.inventory.problem import InventoryError
from collectors.inventory.read import read_inventory
from collectors.inventory.sources import read_static

SCRIPT = """#!{python}
import json, os
print(json.dumps({{
    "_meta": {{"hostvars": {{
        "b": {{"ansible_host": "192.0.2.2", "plantproof_zone": os.environ.get("ZONE_OF_B", "none")}},
        "a": {{"plantproof_snmp_community": {{"__ansible_unsafe": "c{{{{1"}}}},
    }}}},
    "web": {{"hosts": ["b", "a"], "children": ["deep"], "vars": {{"plantproof_site": "werk"}}}},
    "deep": {{"hosts": ["c"]}},
}}))
"""


def script(path: Path, text: str = SCRIPT) -> Path:
    path.write_text(text.format(python=sys.executable))
    path.chmod(0o755)
    return path


def plain_environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}


def names(*sources: Path | str, **environ: str) -> list[str]:
    return [host.asset.id for host in read_inventory(sources, environ=environ).hosts]


# --- what nobody named -----------------------------------------------------------------------------------------------


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["inventory", "inventory.yml", "hosts.yml", "inventories/hosts.yml"])
def test_the_usual_places_are_looked_at_when_nothing_is_named(here: Path, name: str) -> None:
    (here / name).parent.mkdir(exist_ok=True)
    (here / name).write_text("g: {hosts: {found: }}\n")
    assert names() == ["found"]


def test_the_one_site_in_inventories_is_the_inventory_and_two_are_a_question(here: Path) -> None:
    (here / "inventories" / "acme" / "group_vars").mkdir(parents=True)
    (here / "inventories" / ".git").mkdir()
    (here / "inventories" / "acme" / "hosts").write_text("a\n")
    assert names() == ["a"]
    (here / "inventories" / "beta").mkdir()
    with pytest.raises(InventoryError, match=r"expected one site in \./inventories, found 2") as caught:
        names()
    assert "-i inventories/acme, -i inventories/beta" in str(caught.value.hint)


def test_no_inventory_at_all_is_an_error_that_helps(here: Path) -> None:
    with pytest.raises(InventoryError, match="no inventory is named") as caught:
        names()
    assert "-i FILE" in str(caught.value.hint)
    (here / "inventories").mkdir()
    with pytest.raises(InventoryError, match="found 0"):
        names()


def test_ansibles_own_setting_goes_before_the_usual_places(here: Path) -> None:
    (here / "hosts.yml").write_text("g: {hosts: {usual: }}\n")
    (here / "one.yml").write_text("g: {hosts: {one: }}\n")
    (here / "etc").mkdir()
    (here / "etc" / "two.yml").write_text("g: {hosts: {two: }}\n")
    (here / "etc" / "ansible.cfg").write_text("[defaults]\ninventory = two.yml ; of this site\n")
    here.chmod(0o755)
    assert names(ANSIBLE_INVENTORY="one.yml, etc/two.yml") == ["one", "two"]
    assert names(ANSIBLE_CONFIG="etc/ansible.cfg") == ["two"]
    assert names(ANSIBLE_CONFIG="etc") == ["two"]
    assert names() == ["usual"]
    (here / "ansible.cfg").write_text("[defaults]\ninventory = one.yml\n")
    assert names() == ["one"]
    here.chmod(0o777)
    assert names() == ["usual"], "an ansible.cfg that anybody may have written is not read"
    here.chmod(0o755)
    (here / "ansible.cfg").unlink()
    (here / ".ansible.cfg").write_text("[defaults]\ninventory = one.yml\n")
    assert names(HOME=str(here)) == ["one"]


def test_a_broken_ansible_cfg_is_an_error(here: Path) -> None:
    here.chmod(0o755)
    (here / "ansible.cfg").write_text("inventory = x\n")
    with pytest.raises(InventoryError, match=r"ansible\.cfg: expected an ansible\.cfg"):
        names()


# --- what is read here, and what is not ------------------------------------------------------------------------------


def test_a_list_of_hosts_is_a_source(here: Path) -> None:
    assert names("a,b:22,") == ["a", "b"]


@pytest.mark.parametrize(("name", "text"), [("x.toml", "[g]\n"), ("x.yml", "plugin: constructed\n")])
def test_plugins_and_toml_are_left_to_ansible(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert read_static([str(tmp_path / name)]) is None
    assert read_static([str(tmp_path)]) is None, "a folder that holds one, too"


def test_an_empty_file_is_named_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("# nothing\n")
    (tmp_path / "b").write_text("")
    graph = read_static([str(tmp_path)])
    assert graph is not None
    assert graph.warnings == [f"{tmp_path}/a.yml: empty"]


def test_variable_files_are_found_as_ansible_finds_them(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text("g: {hosts: {a: , b/c: , /d: , e: }}\n")
    files = {
        "host_vars/a/one.yml": "plantproof_zone: folder",
        "host_vars/a.yml": "plantproof_zone: hidden by the folder",
        "host_vars/a/two/three.json": '{"plantproof_role": "deep"}',
        "host_vars/a/.hidden.yml": "plantproof_role: hidden",
        "host_vars/a/backup~": "plantproof_role: backup",
        "host_vars/a/notes.txt": "plantproof_role: notes",
        "host_vars/a/folder.d/x.yml": "plantproof_role: ending",
        "host_vars/b/c.yaml": "plantproof_zone: slash",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "host_vars" / "e").symlink_to("nowhere")
    (tmp_path / "host_vars" / "e.yml").symlink_to("a/one.yml")
    (tmp_path / "group_vars").write_text("not a folder")
    found = read_inventory([tmp_path / "hosts.yml"], environ={}).hosts
    zones = {host.asset.id: (host.asset.zone, host.asset.role) for host in found}
    assert zones == {"a": ("folder", "deep"), "b/c": ("slash", None), "/d": (None, None), "e": ("folder", None)}


def test_variable_files_have_bounds(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text("g: {hosts: {a: }}\n")
    folder = tmp_path / "host_vars" / "a"
    folder.mkdir(parents=True)
    for number in range(1001):
        (folder / f"{number}.yml").touch()
    with pytest.raises(InventoryError, match="more than 1000 variable files"):
        read_inventory([tmp_path / "hosts.yml"], environ={})


def test_variables_may_come_through_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text("g: {hosts: {a: }}\n")
    reading, writing = os.pipe()
    os.write(writing, b"plantproof_zone: piped\n")
    os.close(writing)
    try:
        found = read_inventory([tmp_path / "hosts.yml"], environ={}, extra_vars=[f"@/dev/fd/{reading}"])
    finally:
        os.close(reading)
    assert found.hosts[0].asset.zone == "piped"


# --- ansible-inventory -----------------------------------------------------------------------------------------------


@pytest.mark.real
def test_a_script_is_read_through_ansible_with_the_environment_it_is_given(tmp_path: Path) -> None:
    source = script(tmp_path / "inventory.py")
    found = read_inventory(
        [source],
        environ={**plain_environ(), "ZONE_OF_B": "press"},
        extra_vars=["plantproof_role=extra"],
        limit="all:!c",
    )
    b, a = found.hosts
    assert (b.asset.id, b.asset.address, b.asset.zone, b.asset.site) == ("b", "192.0.2.2", "press", "werk")
    assert a.snmp is not None
    assert a.snmp.community is not None
    assert a.snmp.community.reveal() == "c{{1"
    assert a.asset.role == "extra"
    assert {group.name: group.children for group in found.groups}["web"] == ("deep",)


@pytest.mark.real
def test_an_error_in_what_ansible_read_names_source_and_host(tmp_path: Path) -> None:
    answer = {"_meta": {"hostvars": {"a": {"ansible_port": "x"}}}, "g": {"hosts": ["a"]}}
    source = script(
        tmp_path / "inventory.py",
        "#!{python}\nprint('" + json.dumps(answer).replace("{", "{{").replace("}", "}}") + "')\n",
    )
    with pytest.raises(InventoryError, match=rf"^{source}: a: ansible_port: expected a port"):
        read_inventory([source], environ=plain_environ())


@pytest.mark.real
def test_a_setting_that_changes_what_inventories_mean_is_left_to_ansible(tmp_path: Path) -> None:
    (tmp_path / "hosts.yml").write_text(
        "g: {vars: {other: {a: 1}}, hosts: {sw: {other: {b: 2}, plantproof_zone: z}}}\n"
    )
    found = read_inventory([tmp_path / "hosts.yml"], environ={**plain_environ(), "ANSIBLE_HASH_BEHAVIOUR": "merge"})
    assert found.hosts[0].asset.zone == "z"
    (tmp_path / "ansible.cfg").write_text("[inventory]\nenable_plugins = yaml\n")
    found = read_inventory(
        [tmp_path / "hosts.yml"], environ={**plain_environ(), "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg")}
    )
    assert found.hosts[0].asset.zone == "z"


@pytest.mark.real
def test_a_script_that_fails_is_an_error_with_its_last_words(tmp_path: Path) -> None:
    source = script(tmp_path / "inventory.py", "#!{python}\nraise SystemExit('no such cloud')\n")
    with pytest.raises(InventoryError, match="ansible-inventory ended with") as caught:
        read_inventory([source], environ={"PATH": os.environ["PATH"], "HOME": str(tmp_path)})
    assert "ansible-inventory --list" in str(caught.value.hint)


class Program:
    """A stand-in for `ansible-inventory`, found on PATH when none is beside this Python."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        monkeypatch.setattr(sys, "executable", str(folder / "nothing" / "python"))

    def write(self, text: str) -> dict[str, str]:
        path = self.folder / "ansible-inventory"
        path.write_text("#!/bin/sh\n" + text)
        path.chmod(0o755)
        return {"PATH": f"{self.folder}:/usr/bin:/bin"}


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    return Program(tmp_path, monkeypatch)


def test_without_ansible_the_error_says_what_to_install(program: Program) -> None:
    assert find_program({"PATH": str(program.folder)}) is None
    with pytest.raises(InventoryError, match="found no such program") as caught:
        ask_ansible(["x.py"], {"PATH": str(program.folder)})
    assert "ansible-core" in str(caught.value.hint)


def test_a_program_that_never_ends_is_ended_with_all_it_started(program: Program) -> None:
    environ = program.write("sleep 600 & echo $! > " + str(program.folder / "child") + "\nwait\n")
    with pytest.raises(InventoryError, match=r"expected ansible-inventory to end within 0 s"):
        ask_ansible(["x.py"], environ, timeout_s=0.3)
    child = int((program.folder / "child").read_text())
    state = Path(f"/proc/{child}/stat")
    assert not state.exists() or state.read_text().split()[2] in "ZX"


def test_a_program_that_never_stops_talking_is_ended(program: Program) -> None:
    environ = program.write("yes complaint >&2 & yes\n")
    with pytest.raises(InventoryError, match="at most 1000 bytes"):
        ask_ansible(["x.py"], environ, max_bytes=1000)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("echo nonsense\n", "expected JSON"),
        ("echo '[1]'\n", "expected groups"),
        ("echo '{\"all\": 5}'\n", "expected groups"),
        ("echo 'warning' >&2; echo 'ERROR! no   such\nthing' >&2; exit 4\n", "ended with 4: ERROR! no such thing"),
        ("exit 1\n", "it does not say why"),
    ],
)
def test_what_is_no_inventory_is_an_error(program: Program, text: str, said: str) -> None:
    with pytest.raises(InventoryError, match=said):
        ask_ansible(["x.py"], program.write(text))


def test_hosts_without_a_group_are_passed_over(program: Program) -> None:
    answer = {"_meta": {"hostvars": {"a": {"x": 1}, "ghost": {"x": 2}}}, "g": {"hosts": ["a"]}, "odd": []}
    graph = ask_ansible([], program.write(f"cat <<'E'\n{json.dumps(answer)}\nE\n"))
    assert list(graph.hosts) == ["a"]
