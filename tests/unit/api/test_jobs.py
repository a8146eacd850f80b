"""Scenario by store: which jobs a run has, and how its stores are made."""

from __future__ import annotations

from pathlib import Path

import pytest

from drtest.api.jobs import Outlet, jobs, make_store, mode_for, words_for
from drtest.api.options import Options
from drtest.errors import UsageError
from drtest.model.scenario import LiteralFile, Scenario
from drtest.store import Place
from drtest.store.minio import Minio
from drtest.store.moto import Moto


def scenario(name: str, **more: object) -> Scenario:
    source = (LiteralFile(path="/etc/hosts", content="localhost"),)
    return Scenario(name=name, why="to see", source=source, **more)  # type: ignore[arg-type]


def titles(*scenarios: Scenario, **options: object) -> list[str]:
    return [one.title for one in jobs(scenarios, Options(**options))]  # type: ignore[arg-type]


def test_moto_is_the_default_and_goes_without_saying() -> None:
    assert titles(scenario("a"), scenario("b")) == ["a", "b"]
    (one,) = jobs([scenario("a")], Options())
    assert one.scenario.stores == ("moto",)
    assert words_for(one.outlet, Options()) == ()


def test_a_scenario_names_its_own_stores_and_the_command_line_overrides_it() -> None:
    own = scenario("a", stores=("minio", "seaweedfs"))
    assert titles(own, scenario("b")) == ["a on minio", "a on seaweedfs", "b on moto"]
    assert titles(own, scenario("b"), stores=("minio",)) == ["a", "b"]


def test_numbers_are_of_jobs_and_titles_are_unique() -> None:
    found = jobs([scenario("a"), scenario("b")], Options(stores=("moto", "minio")))
    assert [one.number for one in found] == [1, 2, 3, 4]
    assert len({one.title for one in found}) == 4


@pytest.mark.parametrize("store", ["aws", "https://s3.example.com"])
def test_a_file_alone_spends_nobodys_credentials(store: str) -> None:
    own = scenario("a", stores=(store,))
    with pytest.raises(UsageError, match=f"--store {store}"):
        titles(own)
    assert titles(own, stores=(store,)) == ["a"]


def test_only_who_needs_limited_credentials_gets_a_moto_that_asks_for_them() -> None:
    plain, limited = jobs([scenario("a"), scenario("b", credentials="no-delete")], Options())
    assert (plain.outlet.authenticates, limited.outlet.authenticates) == (False, True)
    assert (plain.on, limited.on) == ("", "")  # both are moto to the reader


def test_a_store_is_made_as_the_options_say() -> None:
    minio = make_store(Outlet(name="minio"), Options(minio_binary=Path("/opt/minio")))
    assert isinstance(minio, Minio) and minio._binary == Path("/opt/minio")
    assert isinstance(make_store(Outlet(name="moto"), Options()), Moto)
    with pytest.raises(UsageError, match="--region"):
        make_store(Outlet(name="aws"), Options())


def test_ones_own_store_is_called_by_its_name_through_the_gateway(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAMINE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-of-my-own")
    far = Options(stores=("https://s3.example.com",), bucket="mine/below/this/", region="r1")
    store = make_store(Outlet(name="https://s3.example.com"), far)
    assert store._into == Place(bucket="mine", prefix="below/this/")  # type: ignore[attr-defined]
    assert mode_for(store, far) == "forward"
    near = make_store(Outlet(name="http://127.0.0.1:9000"), Options())
    assert mode_for(near, Options()) == "plain"
    assert mode_for(near, Options(gateway="tls")) == "tls"
    assert words_for(Outlet(name="https://s3.example.com"), far) == (
        "--store",
        "https://s3.example.com",
        "--region",
        "r1",
        "--bucket",
        "mine/below/this/",
    )


@pytest.mark.parametrize("store", ["minoi", "s3://bucket", "endpoint"])
def test_unknown_stores_are_refused(store: str) -> None:
    with pytest.raises(UsageError, match="allowed are moto, seaweedfs, minio, aws"):
        Options(stores=(store,))


def test_each_store_is_named_once() -> None:
    with pytest.raises(UsageError, match="each store once"):
        Options(stores=("moto", "moto"))
