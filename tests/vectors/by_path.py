"""Loading a module by its path: tests and the scripts beside them are no package."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType


def load(path: Path) -> ModuleType:
    """Return the module in a file; whoever asks again gets the same one."""
    name = f"plantproof_{path.parent.name}_{path.stem}"
    if name not in sys.modules:
        spec = spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]
