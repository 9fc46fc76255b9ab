# SPDX-License-Identifier: Apache-2.0
"""The audit chain on SQLite and PostgreSQL: it only grows, and what was tampered with shows."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.support.postgres import database, postgres

from motet.policy import Audit
from motet.store import Store, StoreError


@pytest.fixture(scope="module")
def server() -> Iterator[sa.URL]:
    with postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'state' / 'motet.db'}"
    else:
        with database(request.getfixturevalue("server")) as made:
            yield made


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = Store(url)
    yield opened
    opened.close()


def execute(url: str, *statements: str) -> None:
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
    engine.dispose()


def test_entries_come_back_in_order_and_verify(store: Store) -> None:
    audit = Audit(store)
    first = audit.append("user:anna", "install", "d1/vote", "allowed", {"digest": "ab", "sizes": [1, 2]})
    second = audit.append("gateway", "call", "d1/vote.push", "denied")
    assert [first.seq, second.seq] == [1, 2]
    assert audit.entries() == [first, second] == audit.newest()
    assert audit.entries(1) == [second] and audit.newest(1) == [second]
    assert audit.entries(outcome="denied") == [second] and audit.entries(actor="nobody") == []
    assert audit.verify().head == second.hash and audit.verify().broken_at is None


def test_opening_again_keeps_what_is_there(url: str) -> None:
    for expected in (1, 2):
        store = Store(url)
        assert Audit(store).append("a", "b", "c", "allowed").seq == expected
        store.close()


@pytest.mark.parametrize(
    "statement",
    [
        "update audit set actor = 'x' where seq = 1",
        "delete from audit where seq = 1",
        "insert into audit select seq + 5, at, actor, action, subject, outcome, detail, prev, hash from audit",
    ],
)
def test_the_database_itself_refuses_changes(url: str, store: Store, statement: str) -> None:
    audit = Audit(store)
    audit.append("a", "b", "c", "allowed")
    with pytest.raises(sa.exc.DBAPIError, match="audit"):
        execute(url, statement)
    assert audit.verify().entries == 1 and audit.verify().broken_at is None


def lift(dialect: str) -> list[str]:
    """What an owner of the database could do."""
    if dialect == "sqlite":
        return [f"drop trigger {name}" for name in ("audit_no_update", "audit_no_delete", "audit_next")]
    return ["alter table audit disable trigger all"]


@pytest.mark.parametrize(
    ("statement", "broken_at"),
    [
        ("update audit set detail = '[7]' where seq = 2", 2),
        ("update audit set outcome = 'allowed' where seq = 3", 3),
        ("delete from audit where seq = 1", 1),
        ("delete from audit where seq = 2", 2),
    ],
)
def test_an_owners_change_shows_in_verify(url: str, store: Store, statement: str, broken_at: int) -> None:
    audit = Audit(store)
    for number in range(4):
        audit.append("a", "b", "c", "denied", {"n": number})
    execute(url, *lift(store.dialect), statement)
    assert audit.verify().broken_at == broken_at


@pytest.mark.parametrize("change", ["detail = x'ff00'", "at = 1.5", "prev = 'text'", "hash = 'text'"])
def test_a_value_of_another_type_shows_in_verify_too(tmp_path: Path, change: str) -> None:
    path = tmp_path / "audit.db"
    audit = Audit(Store(path))
    for _ in range(3):
        audit.append("a", "b", "c", "denied")
    execute(f"sqlite:///{path}", *lift("sqlite"), f"update audit set {change} where seq = 2")
    assert audit.verify().broken_at == 2


def test_writers_of_several_threads_make_one_chain(store: Store) -> None:
    audit = Audit(store)
    threads = [threading.Thread(target=lambda: [audit.append("a", "b", "c", "ok") for _ in range(10)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert audit.verify().entries == 40 and audit.verify().broken_at is None


def test_what_has_no_single_text_is_refused(store: Store) -> None:
    audit = Audit(store)
    with pytest.raises(TypeError, match="floats"):
        audit.append("a", "b", "c", "ok", {"x": [{"y": 0.5}]})
    with pytest.raises(TypeError):
        audit.append("a", "b", "c", "ok", {"x": b"bytes"})
    for names in (("", "b", "c"), ("a" * 201, "b", "c"), ("a", "b" * 101, "c")):
        with pytest.raises(ValueError, match="characters"):
            audit.append(*names, "ok")
    assert audit.verify().entries == 0


@pytest.mark.parametrize(
    "wrong", ["mysql://x/y", "nonsense://", "sqlite:////proc/none/x.db", "postgresql+psycopg://127.0.0.1:1/x"]
)
def test_a_store_that_cannot_be_opened_says_so(wrong: str) -> None:
    with pytest.raises(StoreError):
        Store(wrong)


def test_messages_hide_passwords() -> None:
    with pytest.raises(StoreError) as caught:
        Store("postgresql+psycopg://anna:secret@127.0.0.1:1/x")
    assert "secret" not in str(caught.value)


def test_a_url_that_is_cut_at_the_wrong_sign_shows_nothing_of_its_password() -> None:
    for url in ("postgresql+psycopg://u:s3@cret:s3cret@host/db", "postgresql+psycopg://u:s3cret@[::1/db"):
        with pytest.raises(StoreError, match="valid port") as raised:
            Store(url)
        assert "s3" not in str(raised.value)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"this is no database, but long enough to be read as one" * 40)
    with pytest.raises(StoreError, match="not a database"):
        Store(tmp_path / "x.db")
