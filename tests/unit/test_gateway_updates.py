# SPDX-License-Identifier: Apache-2.0
"""Updates: the newest acceptable revision from where it came, or what was there before."""

from __future__ import annotations

import json

import pytest
from tests.support.package_gateway import KEY, held, made, package_gateway

from motet import paths
from motet.components.oci.contents import digest_of
from motet.components.packages import Package
from motet.components.sources import fetch
from motet.trust import PrivateKey

pytestmark = pytest.mark.anyio
OTHER = PrivateKey.generate()


@pytest.fixture(scope="module")
def vote() -> Package:
    return fetch(str(paths.data("examples") / "vote"), attest=True)


@pytest.fixture
async def home(tmp_path):
    """A gateway with one device, which trusts the author."""
    async with package_gateway(tmp_path, "press", trusted=KEY.public) as gateway:
        yield gateway


async def test_an_update_takes_the_newest_revision_from_where_it_came(home, vote, tmp_path):
    file = made(vote, tmp_path)
    await home.motet("install", file, "--on", "press")
    assert [one["outcome"] for one in await home.json("update")] == ["current"]
    made(vote, tmp_path, revision=3)
    assert [one["outcome"] for one in await home.json("update", "--dry-run")] == ["would update"]
    assert held(home) == {"vote": 1}
    assert [(one["from"], one["to"], one["outcome"]) for one in await home.json("update", "vote")] == [(1, 3, "updated")]
    assert held(home) == {"vote": 3}


@pytest.mark.parametrize(
    ("revision", "key", "words"),
    [(1, KEY, "older than revision 2"), (2, KEY, "author must raise"), (3, OTHER, "is by author, revision 3 is by other"),
     (3, None, "not signed"), (3, PrivateKey.generate(), "not trusted")],
    ids=["older", "same number", "other publisher", "unsigned", "stranger"],
)  # fmt: skip
async def test_what_is_no_acceptable_update_changes_nothing(home, vote, tmp_path, revision, key, words):
    home.trust.add("other", OTHER.public)
    file = made(vote, tmp_path, revision=2)
    await home.motet("install", file, "--on", "press")
    made(vote, tmp_path, key, revision=revision, digits="*") if revision == 2 else made(vote, tmp_path, key, revision=revision)
    code, printed = await home.motet("update", "-o", "json")
    (done,) = json.loads(printed)
    assert (code, done["outcome"]) == (1, "failed") and words in done["reason"]
    assert held(home) == {"vote": 2}
    if key is OTHER:
        assert [one["outcome"] for one in await home.json("update", "--force")] == ["updated"]


async def test_when_an_update_does_not_start_the_old_revision_is_put_back(home, vote, tmp_path):
    await home.motet("install", made(vote, tmp_path), "--on", "press")
    made(vote, tmp_path, revision=2)
    home.fleet.broken = {2}
    code, printed = await home.motet("update", "-o", "json")
    assert code == 1 and "does not start" in json.loads(printed)[0]["reason"]
    assert held(home) == {"vote": 1}
    (kept,) = home.depot.installations()
    assert kept.package.revision == 1
    home.fleet.broken = set()
    assert [one["outcome"] for one in await home.json("update")] == ["updated"]


async def test_an_update_of_a_pinned_or_unknown_source_says_what_to_do(home, vote, tmp_path):
    file = made(vote, tmp_path)
    await home.motet("install", file, "--on", "press")
    pinned = f"gateway+{home.url}/component/vote@{digest_of(fetch(str(file)))}"
    await home.motet("install", pinned, "--on", "press")
    code, printed = await home.motet("update", "-o", "json")
    assert code == 1 and "--from" in json.loads(printed)[0]["reason"]
    home.depot.forget("press", "component", "vote")
    assert (await home.json("update"))[0]["outcome"] == "skipped"
    assert (await home.motet("update", "nothing"))[0] == 1
