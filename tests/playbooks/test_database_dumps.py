"""Dumps of a real PostgreSQL cluster, seen as backups."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

BIN = max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/usr/lib/postgresql/none"))

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not (BIN / "initdb").exists(), reason="PostgreSQL is not installed"),
]


def as_owner(*command: str | Path) -> list[str]:
    """Return a command as it runs for somebody who is not root, as whom PostgreSQL refuses to run."""
    return (["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []) + [
        str(word) for word in command
    ]


@pytest.fixture
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cluster with one table, on a socket in a folder of its own; no network."""
    folder = Path(os.path.realpath("/tmp")) / f"plantproof-pg-{os.getpid()}"  # a socket's path has an end at 107 bytes
    folder.mkdir(mode=0o700)
    if os.geteuid() == 0:
        owner = pwd.getpwnam("postgres")
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    try:
        init = as_owner(
            BIN / "initdb", "-D", folder / "data", "-A", "peer", "--no-sync", "--no-locale", "-U", "postgres"
        )
        subprocess.run(init, check=True, capture_output=True, timeout=120, cwd="/")
        ident = f"m {pwd.getpwuid(os.geteuid()).pw_name} postgres\nm postgres postgres\n"
        (folder / "data" / "pg_ident.conf").write_text(ident)
        (folder / "data" / "pg_hba.conf").write_text("local all all peer map=m\n")
        options = f"-c listen_addresses= -c unix_socket_directories={folder} -c fsync=off"
        pg_ctl = as_owner(BIN / "pg_ctl", "-D", folder / "data", "-w", "-t", "60")
        subprocess.run([*pg_ctl, "-l", str(folder / "log"), "-o", options, "start"], check=True, timeout=90, cwd="/",
                       stdout=subprocess.DEVNULL)  # fmt: skip
        try:
            run = as_owner("psql", "-h", folder, "-U", "postgres", "-c", "create table recipe as select 1 as id")
            subprocess.run(run, check=True, capture_output=True, timeout=30, cwd="/")
            yield folder
        finally:
            subprocess.run([*pg_ctl, "-m", "immediate", "stop"], check=True, capture_output=True, timeout=90, cwd="/")
    finally:
        shutil.rmtree(folder)


def test_a_dump_of_a_database_is_a_backup_of_its_time_and_size(
    cluster: Path, visit_host: Callable[..., Any], tmp_path: Path
) -> None:
    dumps = tmp_path / "dumps"
    dumps.mkdir()
    began = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    with (dumps / "plant.dump.part").open("wb") as file:
        dump = as_owner("pg_dump", "-h", cluster, "-U", "postgres", "-Fc", "postgres")
        subprocess.run(dump, check=True, stdout=file, timeout=60, cwd="/")
    unfinished = visit_host("local", "backup-folders", backup_folders=(str(dumps),))
    assert unfinished.rows("backup") == {}
    assert unfinished.value("backup.last_success") is None
    (dumps / "plant.dump.part").rename(dumps / "plant.dump")
    listed = subprocess.run(["pg_restore", "-l", dumps / "plant.dump"], check=True, capture_output=True, timeout=30)
    assert b"recipe" in listed.stdout
    for over in ("local", "ssh"):
        visited = visit_host(over, "backup-folders", backup_folders=(str(dumps),))
        row = visited.rows("backup")[str(dumps)]
        assert row["bytes"] == str((dumps / "plant.dump").stat().st_size)
        assert (row["what"], row["file"]) == (str(dumps), str(dumps / "plant.dump"))
        assert row["at"] == row["last_success"] == visited.value("backup.last_success")
        assert began <= row["at"] <= f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
        assert "status" not in row
