"""A property that is worked out when it is first asked for, and kept.

`functools.cached_property` does the same, but up to Python 3.11 it takes a lock each
time, and a decision asks for a dozen: it was a tenth of a dry run. What is decided on
here belongs to one thread.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

Value_co = TypeVar("Value_co", covariant=True)


class once(Generic[Value_co]):  # noqa: N801
    """Decorates a method without arguments; its class must have a `__dict__`."""

    def __init__(self, find: Callable[[Any], Value_co]) -> None:
        self._find = find
        self._name = find.__name__
        self.__doc__ = find.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...

    @overload
    def __get__(self, instance: object, owner: type) -> Value_co: ...

    def __get__(self, instance: object | None, owner: type) -> Self | Value_co:
        """The value; from now on Python finds it in the instance and asks no more."""
        if instance is None:
            return self
        value = instance.__dict__[self._name] = self._find(instance)
        return value
