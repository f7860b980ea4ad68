"""Packages that import much more than is used of them: what they bring along waits until somebody looks into it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from threading import RLock
from types import ModuleType
from typing import Any


@contextmanager
def on_demand(*names: str) -> Iterator[None]:
    """What is imported meanwhile gets these modules unread; each is read when a name is wanted of it.

    Their submodules can be imported without that, which `importlib.util.LazyLoader` does not allow. A module that is there
    already stays as it is, and one that does not exist is nobody's loss."""
    finder = _Finder(frozenset(names))
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


class _Finder(MetaPathFinder):
    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self._names:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Postponed(spec.loader)
        return spec


class _Postponed(Loader):
    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return _Unread(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """Leave everything as if it had been read."""
        module.__loader__ = self._loader
        if module.__spec__:
            module.__spec__.loader = self._loader
        module.__dict__[_STATE] = _State()


_STATE = "__okichat_reading__"


class _State:
    def __init__(self) -> None:
        self._lock = RLock()
        self._begun = False

    def read(self, module: ModuleType) -> None:
        """Once: by the thread that comes first. The others wait for it."""
        with self._lock:
            if self._begun or not isinstance(module.__loader__, Loader):
                return
            self._begun = True
            try:
                module.__loader__.exec_module(module)
            except BaseException:
                self._begun = False
                raise
            module.__dict__.pop(_STATE, None)
            module.__class__ = ModuleType


class _Unread(ModuleType):
    """Asked only for what is not there: the first time that happens, the module is read."""

    def __getattr__(self, name: str) -> Any:
        state: _State | None = self.__dict__.get(_STATE)
        if state is not None:
            state.read(self)
        return ModuleType.__getattribute__(self, name)
