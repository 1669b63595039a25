"""Air-quality sensors, from raw hours to a value with its uncertainty, flags and grade.

Pure functions on pandas and numpy: no framework, no clock, no file, no network. See README.md beside
this file. Importing a name is `import calibration` and then, for instance, `calibration.fit(...)`.

What is public stands in `__init__.pyi`. A name is imported when it is first used: who asks for a flag's word does not
wait for pandas and scipy, nor hold their memory.
"""

import sys
from types import ModuleType

import lazy_loader

from calibration.version import CODE_VERSION

__version__ = CODE_VERSION
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)


class _Package(ModuleType):
    """Keeps `calibration.metrics` the function, also once the file of the same name was imported."""

    def __setattr__(self, name: str, value: object) -> None:
        if isinstance(value, ModuleType) and name in __all__:
            value = getattr(value, name)
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
