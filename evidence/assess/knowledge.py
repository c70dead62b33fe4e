"""What findings are made with: platform files, catalogue, profiles, support files; and how it is kept beside them."""

from collections.abc import Mapping
from dataclasses import dataclass

from evidence.controls.load import Catalogue, load_catalogue
from evidence.log.canonical import MAX_BYTES, dumps, loads
from evidence.log.fields import Fields, ShapeError
from evidence.model.names import Digest, digest_of
from evidence.platforms.load import Platforms, load_platforms

_FILE = frozenset({"file", "text"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """Everything that is known before anything is seen."""

    catalogue: Catalogue
    platforms: Platforms
    controls_blob: bytes
    """The texts of catalogue, profiles and support files, as they are kept."""
    platforms_blob: bytes
    """The texts of the platform files, as they are kept."""
    tool: str
    """Version of the program."""

    @property
    def controls(self) -> Digest:
        """Digest of the texts of the controls."""
        return digest_of(self.controls_blob)

    @property
    def platform_files(self) -> Digest:
        """Digest of the texts of the platforms."""
        return digest_of(self.platforms_blob)


def knowledge_of(platforms: Platforms, catalogue: Catalogue, *, tool: str) -> Knowledge:
    """Return platforms and catalogue with the blobs they are kept as."""
    texts = {name: data.decode("utf-8") for name, data in platforms.files.items()}
    return Knowledge(
        catalogue=catalogue,
        platforms=platforms,
        controls_blob=_dump(catalogue.files),
        platforms_blob=_dump(texts),
        tool=tool,
    )


def packaged_knowledge(tool: str) -> Knowledge:
    """Return what this release knows."""
    return knowledge_of(load_platforms(), load_catalogue(), tool=tool)


def read_texts(data: bytes) -> Mapping[str, str]:
    """Return the texts that were kept beside findings, by the names of their files."""
    rows = loads(data)
    if not isinstance(rows, list):
        raise ShapeError("knowledge: expected a list of files")
    files = (Fields(row, "knowledge", _FILE, frozenset()) for row in rows)
    return {one.text("file"): one.text("text", longest=MAX_BYTES) for one in files}


def _dump(files: Mapping[str, str]) -> bytes:
    return dumps([{"file": name, "text": files[name]} for name in sorted(files)])
