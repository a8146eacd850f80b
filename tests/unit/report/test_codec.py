"""Every event survives the way to disk and back, whatever bytes its paths are made of."""

from __future__ import annotations

import builtins
import datetime
import json
import types
import typing
from dataclasses import is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.results import SETTINGS
from support.texts import hostile

from drtest.errors import DrtestError
from drtest.model.events import Event, FaultSeen, StepStarted
from drtest.model.run import Settings
from drtest.report import codec
from drtest.report.events import KINDS, decode, encode

finite = st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | finite | hostile,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(hostile, inner, max_size=3),
    max_leaves=6,
)


def any_of(kind: Any) -> st.SearchStrategy[Any]:
    """What the annotation *kind* allows, with hostile text wherever it says text."""
    parts = get_args(kind)
    match get_origin(kind) or kind:
        case typing.Union | types.UnionType:
            return st.one_of(*map(any_of, parts))
        case typing.Literal:
            return st.sampled_from(parts)
        case builtins.tuple if parts[-1] is ...:
            return st.lists(any_of(parts[0]), max_size=3).map(tuple)
        case builtins.tuple:
            return st.tuples(*map(any_of, parts))
        case builtins.dict:
            return st.dictionaries(any_of(parts[0]), any_of(parts[1]), max_size=3)
        case builtins.str:
            return hostile
        case builtins.float:
            return finite
        case datetime.datetime:
            return st.datetimes(timezones=st.just(datetime.UTC))
        case builtins.object:
            return json_values
        case _ if is_dataclass(kind):
            hints = get_type_hints(kind)
            return st.builds(kind, **{name: any_of(hint) for name, hint in hints.items()})
        case _:
            return st.from_type(kind)


def through_text(event: Event) -> Event:
    text = codec.dumps(encode(event))
    assert text.isascii() and "\n" not in text
    return decode(codec.loads(text))


@pytest.mark.parametrize("kind", get_args(Event), ids=lambda kind: kind.__name__)
def test_every_event_comes_back(kind: type[Any]) -> None:
    @given(any_of(kind))
    def comes_back(event: Event) -> None:
        assert through_text(event) == event

    comes_back()


def test_the_kinds_are_the_union() -> None:
    assert set(KINDS.values()) == set(get_args(Event))
    assert len(KINDS) == len(get_args(Event))


def test_surrogates_are_kept_in_values_and_in_keys() -> None:
    event = FaultSeen(
        code="truth-incomplete", message="caf\udce9", evidence={"caf\udce9": "\udcff"}
    )
    assert through_text(event) == event


def test_instants_are_utc_with_z() -> None:
    there = datetime.timezone(datetime.timedelta(hours=2))
    event = StepStarted(
        index=1, at=datetime.datetime(2026, 1, 1, 3, 0, tzinfo=there), what="backup"
    )
    assert encode(event) == {
        "event": "StepStarted",
        "index": 1,
        "at": "2026-01-01T01:00:00Z",
        "what": "backup",
    }
    assert through_text(event) == event


@pytest.mark.parametrize("data", [None, [], {}, {"event": 1}, {"event": "Nonsense"}])
def test_what_is_no_event_is_refused(data: object) -> None:
    with pytest.raises(DrtestError, match="event"):
        decode(data)


def test_a_field_that_does_not_fit_is_named() -> None:
    data = encode(
        StepStarted(index=1, at=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC), what="backup")
    )
    with pytest.raises(DrtestError, match="StepStarted: index"):
        decode({**data, "index": "many"})


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), datetime.datetime(2026, 1, 1)])
def test_values_without_a_meaning_in_json_are_refused(value: object) -> None:
    with pytest.raises(ValueError, match=r"JSON|timezone"):
        codec.plain({"a": [value]})


@pytest.mark.parametrize("value", [object(), {1: "a"}, b"bytes"])
def test_types_without_a_form_in_json_are_refused(value: object) -> None:
    with pytest.raises(TypeError, match="JSON"):
        codec.plain(value)


def test_settings_come_back() -> None:
    assert codec.build(Settings, codec.plain(SETTINGS)) == SETTINGS


@given(json_values)
def test_every_text_is_changed(value: object) -> None:
    changed = codec.map_text(codec.plain(value), lambda _: "x")
    assert not set(json.dumps(changed)) - set('"x[]{}:, truefalsn0123456789.-+E')
