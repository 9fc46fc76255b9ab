# SPDX-License-Identifier: Apache-2.0
"""The depot of packages, on both databases: what is where, what came before, and nothing that nobody has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.support.postgres import database, postgres

from motet import paths
from motet.components.depot import Depot
from motet.components.errors import ComponentError
from motet.components.oci.contents import digest_of
from motet.components.packages import Package, read
from motet.store import Store
from motet.store.tables import PackageRow

DIGITS = read(paths.data("models") / "digits" / "digits.tflite")


@pytest.fixture(scope="module")
def server() -> Iterator[sa.URL]:
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    if request.param == "sqlite":
        opened = Store(tmp_path / "motet.db")
        yield opened
        opened.close()
        return
    with database(request.getfixturevalue("server")) as url:
        opened = Store(url)
        yield opened
        opened.close()


def revision(number: int) -> Package:
    return replace(DIGITS, revision=number)


def test_packages_come_and_go_with_the_devices_that_have_them(store: Store) -> None:
    depot = Depot(store)
    depot.put("a", revision(1), ("anna", "bert"), "/one")
    depot.put("b", revision(1), (), "")
    depot.put("a", revision(2), ("anna",), "/two")
    found = depot.installation("a", "model", "digits")
    assert found is not None and (found.package.revision, found.package.publishers, found.source) == (2, ("anna",), "/two")
    assert found.previous == digest_of(revision(1)) and depot.package(found.previous) == revision(1)
    assert [(one.device, one.package.revision) for one in depot.installations()] == [("a", 2), ("b", 1)]
    # The same package, without its signatures this time, is still the one that was signed.
    assert [(one.revision, one.publishers) for one in depot.packages("digits")] == [(2, ("anna",)), (1, ("anna", "bert"))]
    depot.put("a", revision(3), ("anna",), "/three")
    depot.forget("b", "model", "digits")
    depot.forget("b", "model", "digits")
    assert depot.package(digest_of(revision(1))) is None and depot.package(digest_of(revision(2))) is not None
    depot.put("a", revision(3), ("anna",), "/again")
    again = depot.installation("a", "model", "digits")
    assert again is not None and (again.source, again.previous) == ("/again", digest_of(revision(2)))
    depot.forget("a", "model", "digits")
    assert depot.packages() == [] and depot.installations() == [] and depot.needs("a") == {}


def test_a_package_that_was_changed_in_the_database_is_not_handed_out(store: Store) -> None:
    depot = Depot(store)
    depot.put("a", DIGITS, (), "")
    digest = digest_of(DIGITS)
    with store.writing() as session:
        row = session.get(PackageRow, digest)
        assert row is not None
        row.archive = row.archive.replace(b"digits", b"digitz")
    with pytest.raises(ComponentError):
        depot.package(digest)
    assert depot.needs("a") == {}
