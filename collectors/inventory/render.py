"""
`--resolve`: templates and lookups in the variables we use, rendered by Ansible itself in a process of its own.

Ansible runs our playbook `render.yml` under ansible-runner, on this machine only, in a folder of its own that only we
can read, in memory where there is such a place, and that is gone when it is done.
"""

import json
import os
import re
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from collectors.inventory.external import TIMEOUT_S, find_program, last_words, strict_environment
from collectors.inventory.problem import InventoryError
from collectors.inventory.resolve import Resolver
from collectors.inventory.vault import Vault
from collectors.inventory.yamlfile import Verbatim, place, read_bytes

MAX_WANTED = 1_000_000
"""Most templates of one inventory: five in each of 200,000 hosts."""

_PLAYBOOK = Path(__file__).with_name("render.yml")
_IN_MEMORY = Path("/dev/shm")  # noqa: S108  (the folder made in it is ours alone)
_MISSING = re.compile(r"'([A-Za-z_][A-Za-z0-9_]{0,100})' is undefined")

Wanted = tuple[str, str]
"""A host, and one of its variables."""


def templates(resolver: Resolver, hosts: Iterable[str], used: frozenset[str] | None = None) -> list[Wanted]:
    """Return the variables of `hosts` that hold templates: of all we use, or of those that are `used`."""
    found = [
        (host, key)
        for host in hosts
        for key, value in resolver.variables(host).items()
        if (used is None or key in used) and _is_template(value)
    ]
    if len(found) > MAX_WANTED:
        raise InventoryError(f"expected at most {MAX_WANTED} templates to render, found {len(found)}")
    return found


def _is_template(value: object) -> bool:
    if isinstance(value, str):
        return ("{{" in value or "{%" in value) and not isinstance(value, Verbatim)
    if isinstance(value, dict):
        return not value.keys() & {"__ansible_unsafe", "__ansible_vault"} and any(map(_is_template, value.values()))
    return isinstance(value, list | tuple) and any(map(_is_template, value))


def render(
    wanted: Sequence[Wanted],
    resolver: Resolver,
    sources: Sequence[str],
    extra_vars: Sequence[str],
    environ: Mapping[str, str],
    vault: Vault,
) -> Mapping[Wanted, object]:
    """Return what Ansible makes of each template; raise `InventoryError` with the place of one it cannot render."""
    if not wanted:
        return {}
    program = find_program(environ, "ansible-playbook")
    if program is None:
        raise InventoryError(
            "expected `ansible-playbook` to render templates (--resolve), found no such program",
            hint="Install ansible-core, or leave out --resolve.",
        )
    in_memory = _IN_MEMORY.is_dir() and os.access(_IN_MEMORY, os.W_OK)
    with tempfile.TemporaryDirectory(prefix="plantproof-", dir=_IN_MEMORY if in_memory else None) as made:
        folder = Path(made)
        arguments = [str(_prepare(folder, wanted)), *_arguments(folder, sources, extra_vars, vault)]
        said = _run(program, arguments, folder, environ)
        if (folder / "values").exists():
            lines = list(_lines(folder / "values"))
            if len(lines) == len(wanted):
                return {one: _as_rendered(value) for one, value in zip(wanted, lines, strict=True)}
        if (folder / "failures").exists():
            raise _failed(_lines(folder / "failures"), resolver)
    raise InventoryError(f"{', '.join(sources)}: expected Ansible to render templates, it did not: {said}")


def _prepare(folder: Path, wanted: Sequence[Wanted]) -> Path:
    """
    Return our playbook, put among links to everything in the working folder.

    Ansible looks for `group_vars/`, files of lookups and plugins beside the playbook, and people keep them where they
    start their playbooks.
    """
    project = folder / "project"
    project.mkdir()
    for entry in Path().iterdir():
        if not entry.name.startswith("."):
            (project / entry.name).symlink_to(entry.absolute())
    name = next(name for name in _names() if not (project / name).is_symlink())
    (project / name).write_bytes(_PLAYBOOK.read_bytes())
    (folder / "wanted.json").write_text(json.dumps({"rendering_folder": str(folder), "rendering_wanted": wanted}))
    return project / name


def _names() -> Iterator[str]:
    """Yield names for our playbook; one of them is not taken."""
    yield "plantproof-render.yml"
    yield from (f"plantproof-render-{number}.yml" for number in range(1, sys.maxsize))


def _arguments(folder: Path, sources: Sequence[str], extra_vars: Sequence[str], vault: Vault) -> list[str]:
    arguments = []
    for source in sources:
        arguments += ["-i", str(Path(source).absolute()) if Path(source).exists() else source]
    for number, password in enumerate(vault.passwords):
        path = password.source
        if path is None:
            path = str(folder / f"password-{number}")
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
            try:
                password.write_to(descriptor)
            finally:
                os.close(descriptor)
        arguments += ["--vault-id", f"{password.label}@{path}"]
    return [*arguments, *(word for text in extra_vars for word in ("-e", text)), "-e", f"@{folder / 'wanted.json'}"]


def _run(program: str, arguments: list[str], folder: Path, environ: Mapping[str, str]) -> str:
    """Let ansible-runner run the playbook; return its last words."""
    import ansible_runner

    own = {"ANSIBLE_LOCAL_TEMP": str(folder / "tmp"), "ANSIBLE_REMOTE_TEMP": str(folder / "tmp")}
    said, complaint, _ = ansible_runner.run_command(
        executable_cmd=program,
        cmdline_args=arguments,
        runner_mode="subprocess",
        private_data_dir=str(folder),
        host_cwd=str(Path.cwd()),
        envvars={**strict_environment(environ), **own},
        cancel_callback=lambda: False,  # its own would take the signals of this process
        timeout=TIMEOUT_S,
        quiet=True,
    )
    if "\nTASK [" in said:  # from here on its words may be about values
        return "the playbook ended before it wrote them"
    return last_words(f"{said}\n{complaint}")


def _lines(path: Path) -> Iterator[object]:
    """Yield the values that the playbook wrote, one a line, after a first line that keeps the whole from being JSON."""
    for line in read_bytes(path).decode("utf-8", "replace").split("\n")[1:]:
        if line.strip():
            yield json.loads(line)


def _as_rendered(value: object) -> object:
    """Return a rendered value: braces in it are no template any more."""
    if isinstance(value, str):
        return Verbatim(value)
    if isinstance(value, list):
        return [_as_rendered(member) for member in value]
    return value


def _failed(failures: Iterator[object], resolver: Resolver) -> InventoryError:
    """Return the error for the first template that cannot be rendered; Ansible's words may hold secrets."""
    first = next(failures, None)
    if not isinstance(first, list) or len(first) != 3:
        return InventoryError("expected Ansible to render templates, it did not say which one it cannot")
    host, key, words = map(str, first)
    missing = _MISSING.search(words)
    found = f"one that uses {missing[1]}, which is not defined" if missing else "one that it cannot"
    return InventoryError(
        f"{place(resolver.layer_of(host, key).origin, key)}: {host}: {key}: "
        f"expected a template that Ansible can render, found {found}",
        hint=f"Try: ansible {host} -m ansible.builtin.debug -a var={key}",
    )
