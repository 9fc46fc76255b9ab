# SPDX-License-Identifier: Apache-2.0
"""What is kept of grants: an older one never counts again, and none brings back what must not run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from test_grants import Json, install, package, permit, rig, run, watcher

from motet.components.admission import Admitted

__all__ = ["package", "rig", "run", "watcher"]


def test_the_grant_of_a_revision_that_was_replaced_by_one_without_is_never_taken_again(
    run: Callable[..., None], watcher: Admitted
) -> None:
    async def work(client: Any) -> None:
        grants = client.device.grants
        before = client.device.artifacts.installed("component", "watch")

        class Stage:
            def keep(self, wanted: Json) -> None:
                """Nothing to be kept."""

        grants.keep({**before, "revision": 2, "digest": bytes(32)}, before, Stage())
        assert "has seen 5" in (await client.error("grant.put", {"grant": permit(watcher, 5)}))["message"]

    run(work, permit(watcher, 5))


def test_a_transfer_that_was_begun_with_an_older_grant_is_refused(rig: Any, watcher: Admitted) -> None:
    async def work(client: Any) -> None:
        assert "result" in await install(client, watcher, permit(watcher, 1))
        take = client.device.artifacts.transfers.take

        def overtaken(transfer: Any) -> None:
            client.device.grants._values.put("grants", watcher.digest[:8].hex(), permit(watcher, 9))
            take(transfer)

        client.device.artifacts.transfers.take = overtaken
        assert "has seen 9" in (await install(client, watcher, permit(watcher, 8)))["error"]["message"]
        assert [row["serial"] for row in (await client.result("grant.list"))["grants"]] == [9]

    rig.run(work)


def test_no_grant_brings_back_what_is_in_quarantine(run: Callable[..., None], watcher: Admitted) -> None:
    async def work(client: Any) -> None:
        artifacts, key = client.device.artifacts, ("component", "watch")
        slots = artifacts._slots
        wanted, why = artifacts.installed(*key), "its bytes in flash have changed"
        slots.data, slots.rows = lambda _: watcher.artifact, lambda: [(key, wanted, why)]
        artifacts.fail(key, wanted, why)
        await client.result("grant.put", {"grant": permit(watcher, 2)})
        assert (await client.result("artifact.list"))["artifacts"][0]["state"] == "failed"
        slots.rows = lambda: [(key, wanted, None)]
        await client.result("grant.put", {"grant": permit(watcher, 3)})
        assert (await client.result("artifact.list"))["artifacts"][0]["state"] == "ready"

    run(work)
