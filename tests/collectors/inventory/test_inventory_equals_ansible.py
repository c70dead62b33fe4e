"""The fast path says what `ansible-inventory --list` says. Each call of it takes a second, so each asks a lot."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from collectors.inventory.external import find_program
from collectors.inventory.graph import ALL, Graph
from collectors.inventory.limit import select
from collectors.inventory.read import read_variables
from collectors.inventory.resolve import is_used
from collectors.inventory.sources import read_static
from collectors.inventory.vault import Vault, Vaulted, VaultPassword

pytestmark = [pytest.mark.real, pytest.mark.slow]


class Loader(yaml.SafeLoader):
    """Reads encrypted values out of what ansible-vault prints."""


Loader.add_constructor("!vault", lambda loader, node: Vaulted(loader.construct_scalar(node)))

QUICK = settings(
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # a smaller example would cost minutes
)

KEYS = (
    "ansible_host",
    "ansible_port",
    "ansible_user",
    "plantproof_zone",
    "plantproof_site",
    "plantproof_snmp_community",
)


def ansible(sources: list[str], *more: str, cwd: Path) -> dict:
    program = find_program(os.environ)
    assert program, "ansible-inventory is installed with the project"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    command = [program, "--list", *more, *(word for source in sources for word in ("-i", source))]
    done = subprocess.run(command, cwd=cwd, env=environ, capture_output=True, timeout=120, check=True)
    return json.loads(done.stdout)


VAULT = Vault([VaultPassword("default", b"pw")])
"""What opens everything that is encrypted here."""


def ours(sources: list[str], extra: tuple[str, ...] = ()) -> tuple[Graph, dict]:
    """Return the graph, and its variables as JSON shows them."""
    assert read_static(sources, VAULT) is not None, "expected the fast path to read them"
    graph, resolver, _ = read_variables(sources, extra_vars=extra, environ={}, vault=VAULT)
    shown = {host: dict(resolver.variables(host)) for host in graph.hosts}
    return graph, json.loads(json.dumps(shown, default=as_json))


def as_json(value: object) -> object:
    """Return how JSON shows what YAML can hold: an encrypted value as Ansible shows it, a date as text."""
    return {"__ansible_vault": value.envelope} if isinstance(value, Vaulted) else str(value)


def used(answer: Mapping) -> dict:
    """Return the used variables of every host in an answer of ansible-inventory."""
    meta = answer["_meta"]["hostvars"]
    hosts = {host for name, body in answer.items() if name != "_meta" for host in body.get("hosts", ())}
    return {host: {key: plain(value) for key, value in meta.get(host, {}).items() if is_used(key)} for host in hosts}


def plain(value: object) -> object:
    """Return a value without the mark that says it is no template; ours carries that in its type."""
    return value["__ansible_unsafe"] if isinstance(value, dict) and "__ansible_unsafe" in value else value


def shape(answer: Mapping) -> dict:
    """Return groups with their hosts and children as ansible-inventory lists them."""
    return {name: body for name, body in answer.items() if name != "_meta"}


def our_shape(graph: Graph) -> dict:
    listed = {}
    for group in graph.groups.values():
        body = {} if group.name == ALL or not group.hosts else {"hosts": list(group.hosts)}
        if group.children:
            body["children"] = list(group.children)
        if body:
            listed[group.name] = body
    return listed


def same(sources: list[str], folder: Path) -> None:
    graph, variables = ours(sources)
    (folder / ".password").write_text("pw")
    answer = ansible(sources, "--vault-password-file", ".password", cwd=folder)
    assert our_shape(graph) == shape(answer)
    assert variables == used(answer)


# --- generated inventories -------------------------------------------------------------------------------------------

HOSTS = [f"h{n}" for n in range(6)] + ["sw-[01:03].plant", "gw:2222", "[a:c]x", "プレス7", "10.0.0.7", "fe80::7"]
GROUPS = ["g1", "g2", "g3", "g4", "Web", "db-x", "ungrouped"]
VALUES = st.one_of(
    st.integers(-5, 70000),
    st.booleans(),
    st.none(),
    st.sampled_from(["x", "10.0.0.1", "0644", "1e5", "yes", "two words", "Zürich", "2027-01-31", "{{ v }}", "a#b", ""]),
)


class Sealed(str):
    """Text that is written as an encrypted value."""

    __slots__ = ()


yaml.SafeDumper.add_representer(Sealed, lambda dumper, text: dumper.represent_scalar("!vault", str(text), style="|"))

SEALED = [
    *("$ANSIBLE_VAULT;1.1;AES256\n6261643331\n", "$ANSIBLE_VAULT;1.2;AES256;dev\n6261643331\n"),
]
"""Envelopes that need not be opened: as they are written, so they come."""
VARS = st.dictionaries(st.sampled_from(KEYS), VALUES | st.sampled_from(SEALED).map(Sealed), max_size=4)
PLAIN_VARS = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4)


@st.composite
def trees(draw: st.DrawFn, variables: st.SearchStrategy) -> dict:
    """A YAML inventory: groups below others only in one direction, so that there is no loop."""
    tree: dict = {}
    for index, name in enumerate(GROUPS):
        body: dict = {}
        if draw(st.booleans()):
            body["vars"] = draw(variables)
            if name != "ungrouped" and draw(st.booleans()):
                body["vars"]["ansible_group_priority"] = draw(st.integers(1, 12))
        if draw(st.booleans()):
            body["hosts"] = {
                host: draw(variables) or None for host in draw(st.lists(st.sampled_from(HOSTS), unique=True))
            }
        later = [other for other in GROUPS[index + 1 :] if other != "ungrouped"]
        if later and name != "ungrouped" and draw(st.booleans()):
            body["children"] = dict.fromkeys(draw(st.lists(st.sampled_from(later), unique=True)))
        order = draw(st.permutations(sorted(body)))
        tree[name] = {key: body[key] for key in order} or None
    names = draw(st.permutations(GROUPS))
    tree = {name: tree[name] for name in names}
    if draw(st.booleans()):
        tree = {"all": {"vars": draw(variables), "children": tree, "hosts": {"h0": draw(variables), "lone": None}}}
    return tree


FILES = st.dictionaries(
    st.tuples(
        st.sampled_from(["group_vars", "host_vars"]),
        st.sampled_from([*GROUPS, "all", "h1", "h2", "sw-01.plant", "gw", "プレス7"]),
        st.sampled_from(["", ".yml", ".yaml", ".json", "/a.yml", "/b/c.yml", "/.hidden.yml", "/x.txt"]),
        st.booleans(),
    ),
    VARS,
    max_size=10,
)


def write_files(folder: Path, files: Mapping, seal: Callable[[str], str]) -> None:
    for (kind, name, ending, sealed), values in files.items():
        path = folder / kind / (name + ending)
        if any(parent.is_file() for parent in path.parents) or path.is_dir():
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        if ending == ".json":
            text = json.dumps({key: as_json(Vaulted(value)) if isinstance(value, Sealed) else value
                               for key, value in values.items()})  # fmt: skip
        else:
            text = yaml.safe_dump(values, allow_unicode=True)
        path.write_text(seal(text) if sealed else text)


@settings(parent=QUICK, max_examples=4)
@given(first=trees(VARS), second=trees(PLAIN_VARS), files=FILES, beside=FILES, here=FILES)
def test_generated_yaml_inventories_mean_the_same(
    tmp_path_factory: pytest.TempPathFactory,
    vaults: ModuleType,
    first: dict,
    second: dict,
    files: dict,
    beside: dict,
    here: dict,
) -> None:
    folder = tmp_path_factory.mktemp("generated")
    site, other, current = folder / "site", folder / "other", folder / "current"
    for place, contents in ((site, files), (other, beside), (current, here)):
        place.mkdir()
        write_files(place, contents, vaults.seal)
    (site / "10-hosts.yml").write_text(yaml.safe_dump(first, sort_keys=False, allow_unicode=True))
    (other / "hosts.json").write_text(json.dumps(second))
    sources = [str(site), str(other / "hosts.json")]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(current)
        same(sources, current)


PLAIN_VALUES = ["abc", "10.1.2.3", "a=b", "'a b'", "a\\ b", "x#y", "2027-12-31", "'{{ v }}'", "~", "", "0644"]
LITERALS = [
    "12",
    "'12'",
    "\"'12'\"",
    "1e5",
    "0x10",
    "1_000",
    "1j",
    "True",
    "false",
    "None",
    "[1,2]",
    "(1,2)",
    "{'a':1}",
]
INI_VALUE = st.sampled_from([*PLAIN_VALUES, *LITERALS, "b'x'", "..."])
INI_LINE = st.builds(
    lambda host, pairs: " ".join([host, *(f"{key}={value}" for key, value in pairs.items())]),
    st.sampled_from([*HOSTS, "q # comment", "gw2:22"]),
    st.dictionaries(st.sampled_from(KEYS), INI_VALUE, max_size=3),
)


@st.composite
def ini_files(draw: st.DrawFn) -> str:
    lines = draw(st.lists(INI_LINE, max_size=3))
    names = [name for name in GROUPS if name != "ungrouped"]
    for index, name in enumerate(names):
        sections = [f"[{name}]  # a group", *draw(st.lists(INI_LINE, max_size=3))]
        values = draw(st.dictionaries(st.sampled_from(KEYS), INI_VALUE, max_size=3))
        own = [f"[{name}:vars]", *(f"{key} = {value}" for key, value in values.items()), "ansible_group_priority=3"]
        children = (
            [f"[{name}:children]", *draw(st.lists(st.sampled_from(names[index + 1 :]), unique=True, max_size=3))]
            if (index + 1 < len(names))
            else []
        )
        for block in draw(st.permutations([sections, own, children])):
            lines += ["", "; a comment", *block]
    return "\n".join([*lines, "[all:vars]", "plantproof_site = Werk 1"]) + "\n"


@settings(parent=QUICK, max_examples=4)
@given(text=ini_files())
def test_generated_ini_inventories_mean_the_same(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    # Ansible takes a host's line that begins and ends like a section for a broken one, and so do we.
    assume(not any(re.fullmatch(r"\[.* .*\]", line) for line in text.splitlines()))
    folder = tmp_path_factory.mktemp("ini")
    (folder / "hosts").write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        same([str(folder / "hosts")], folder)


# --- cases that have bitten somebody ---------------------------------------------------------------------------------

NASTY_YAML = """
all:
  vars: {plantproof_site: all, plantproof_zone: all, ansible_port: 1}
  hosts:
    10.0.0.[1:3]:
    direct: {plantproof_zone: "12:30"}
  children:
    parent:
      vars: {plantproof_zone: parent}
      children:
        zeta: {vars: {plantproof_zone: zeta, ansible_group_priority: 5}}
        alpha: {vars: {plantproof_zone: alpha}}
        beta:
    zeta: {hosts: {both: , only-zeta: }}
    alpha: {hosts: {both: {ansible_user: !unsafe "{{ kept }}"}}}
    beta: {hosts: "single"}
    empty:
    text: {hosts: {"h[001:003:2]-[a:b]": {plantproof_site: ranged}, "[2001:db8::1]:2200": {}, "2001:db8::2": {}}}
    numbers:
      hosts: {octal: {plantproof_zone: 0644}, sexa: {plantproof_zone: 12:30}, date: {plantproof_zone: 2027-01-31}}
    merged:
      hosts:
        one: &one {plantproof_zone: m, plantproof_site: n}
        two: {<<: *one, plantproof_zone: own}
        "odd_:22": {}
        "日本:22": {}
        "a b:22": {}
"""


def test_nasty_yaml_means_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inv.yml").write_text(NASTY_YAML)
    same(["inv.yml"], tmp_path)


NASTY_INI = r"""
alone ansible_host=10.0.0.1 ; not a comment=1
[web]
w[1:3].example ansible_user="two words" plantproof_zone='a=b'
w2.example ansible_port=2222 plantproof_zone=back\ slash # comment
[web:vars]
plantproof_site = "quoted" # kept
plantproof_zone=7 # a number
[lines:children]
web
later
[later]
press-7 plantproof_snmp_community="'0123'"
[lines:vars]
ansible_group_priority = 9
plantproof_zone = lines
[later:vars]
"""


def test_nasty_ini_means_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = NASTY_INI.replace(" ; not a comment=1", "")
    (tmp_path / "hosts.ini").write_text(text)
    same(["hosts.ini"], tmp_path)


def test_a_folder_of_sources_reads_in_order_of_names_and_passes_over_what_ansible_passes_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"
    (site / "sub").mkdir(parents=True)
    (site / "20-more.yml").write_text("g: {hosts: {b: {plantproof_zone: later}, c: }}\n")
    (site / "10-first").write_text("[g]\na\nb plantproof_zone=earlier\n")
    (site / "sub" / "x.json").write_text('{"g": {"hosts": {"d": {}}}}')
    (site / "README.md").write_text("# words: are not hosts\n")
    (site / "old.yml~").write_text("nonsense: [")
    (site / ".hidden.yml").write_text("nonsense: [")
    (site / "empty.yml").write_text("")
    (site / "group_vars").mkdir()
    (site / "group_vars" / "g.yml").write_text("plantproof_site: here\n")
    (site / "sub" / "group_vars").mkdir()
    (site / "sub" / "group_vars" / "g.yml").write_text("plantproof_site: not read\n")
    monkeypatch.chdir(tmp_path)
    graph, variables = ours(["site"])
    answer = ansible(["site"], cwd=tmp_path)
    assert our_shape(graph) == shape(answer)
    assert variables == used(answer)
    assert variables["d"] == {"plantproof_site": "here"}


def test_a_list_of_hosts_is_an_inventory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars" / "all").write_text("plantproof_zone: z\n")
    monkeypatch.chdir(tmp_path)
    same(["one,two:2222, three ,one,x[1:2],[::1]:22"], tmp_path)


def test_extra_variables_stand_above_everything(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inv.yml").write_text("g: {hosts: {a: {plantproof_zone: low, plantproof_site: s}}}\n")
    (tmp_path / "extra.yml").write_text("plantproof_role: from file\n")
    extra = ("plantproof_zone=high ansible_port=22 ansible_user='a b'", '{"plantproof_site": 5}', "@extra.yml")
    monkeypatch.chdir(tmp_path)
    _, variables = ours(["inv.yml"], extra)
    answer = ansible(["inv.yml"], *(word for text in extra for word in ("-e", text)), cwd=tmp_path)
    assert variables == used(answer)
    assert variables["a"]["ansible_port"] == "22"


LIMIT_TREE = """
all:
  children:
    web: {hosts: {"web[1:4].dc1": , "web[1:3].dc2": }}
    dc1: {hosts: {"web[1:4].dc1": , db1: }}
    dc2: {children: {dc2a: {hosts: {"web[1:3].dc2": , db2: }}}}
    x: {hosts: {web1.dc1: , web1.dc2: }}
"""


LIMITED = """
import json, sys
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
found = {}
for limit in sys.argv[1:]:
    inventory = InventoryManager(loader=DataLoader(), sources=["inv.yml"])
    inventory.subset(limit)
    found[limit] = [host.name for host in inventory.get_hosts()]
print(json.dumps(found))
"""
"""What `ansible-inventory -l` does, for many limits in one process: to start it takes two seconds."""


def test_limits_select_the_same_hosts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "inv.yml").write_text(LIMIT_TREE)
    (tmp_path / "retry").write_text("db1\n\nweb2.dc2\n")
    monkeypatch.chdir(tmp_path)
    limits = [
        *("web:&dc1:!x", "web[0]", "web[-1]", "web[1:2]", "web[1:]", "~web[12]\\.dc2", "@retry", "db*", "*.dc1,!web2*"),
        *("!x", "&dc2", "dc?:!web", "db1", "web*[0]", "all,!dc1", "db1,db2", "ungrouped:db1", "dc2a"),
    ]
    graph, _ = ours(["inv.yml"])
    done = subprocess.run([sys.executable, "-c", LIMITED, *limits], capture_output=True, timeout=120, check=True)
    for limit, hosts in json.loads(done.stdout).items():
        chosen, _ = select(graph, limit)
        assert chosen == set(hosts), limit


def test_encrypted_inventories_and_extra_variables_mean_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vaults: ModuleType
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in (("inv.yml", NASTY_YAML), ("hosts.ini", NASTY_INI.replace(" ; not a comment=1", ""))):
        (tmp_path / name).write_text(vaults.seal(text, label="dev" if name == "inv.yml" else None))
        same([name], tmp_path)
    (tmp_path / "extra.yml").write_text(vaults.seal("plantproof_role: from file\n"))
    _, variables = ours(["inv.yml"], ("@extra.yml",))
    answer = ansible(["inv.yml"], "--vault-password-file", ".password", "-e", "@extra.yml", cwd=tmp_path)
    assert variables == used(answer)


def test_ansible_and_we_open_each_others_values_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, vaults: ModuleType
) -> None:
    monkeypatch.chdir(tmp_path)
    texts = [
        "plain",
        "",
        " two words ",
        "{{ 1 + 1 }}",
        "Zürich\n日本",
        "0644",
        "[1, 2]",
        "a" * 5000,
        "16 characters yes",
    ]
    (tmp_path / ".password").write_text("pw")
    (tmp_path / ".other").write_text("other")
    ids = ["--vault-id", ".password", "--vault-id", "dev@.other"]
    program = find_program(os.environ, "ansible-vault")
    assert program
    # `--encrypt-vault-id dev`: version 1.2 with a label
    command = [program, "encrypt_string", *ids, "--encrypt-vault-id", "dev", "--", *texts[2:]]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    theirs = [yaml.load(one, Loader=Loader) for one in re.split(r"(?m)^(?=!vault)", done.stdout) if one.strip()]
    opened_by_us = Vault([*VAULT.passwords, VaultPassword("dev", b"other")])
    assert [opened_by_us.open_value(one) for one in theirs] == texts[2:]

    values = "".join(f"v{number}: {vaults.inline(text)}\n" for number, text in enumerate(texts))
    (tmp_path / "extra.yml").write_text(values)
    names = ", ".join(f"v{number}" for number in range(len(texts)))
    program = find_program(os.environ, "ansible")
    assert program
    shown = f"msg={{{{ [{names}] | to_json }}}}"
    command = [program, "localhost", *ids, "-e", "@extra.yml", "-m", "debug", "-a", shown]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=True, env={**os.environ, "ANSIBLE_NOCOLOR": "1"}
    )
    said = json.loads(done.stdout.split("=>", 1)[1])["msg"]
    assert (json.loads(said) if isinstance(said, str) else said) == texts
    inline = yaml.load(values, Loader=Loader)
    assert [VAULT.open_file(one).decode() for one in inline.values()] == texts
