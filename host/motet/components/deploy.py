# SPDX-License-Identifier: Apache-2.0
"""From an upload to a running artifact, told as a stream of records: what a gateway's install endpoint sends line by line.

{"step": words, "done": n, "total": n} ... and at last {"installed": {...}} or {"error": sentence}
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from dataclasses import asdict
from typing import Any

from motet.components.admission import Target
from motet.components.errors import ComponentError
from motet.components.install import Fleet, install
from motet.components.packages import accept, from_upload
from motet.models import ModelError

Record = dict[str, Any]


async def deploy(fleet: Fleet, device: str, upload: Any, target: Target | None = None) -> AsyncGenerator[Record, None]:
    """Accepts ``upload`` (see ``packages``) and installs it on ``device``. Refusals are records, never exceptions.

    Closing the generator cancels the installation and tells the device to forget it.
    """
    records: asyncio.Queue[Record | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def tell(step: str, done: int, total: int) -> None:
        record = {"step": step, "done": done, "total": total}
        loop.call_soon_threadsafe(records.put_nowait, record)

    task = asyncio.create_task(_finish(_run(fleet, device, upload, target, tell), records))
    try:
        while (record := await records.get()) is not None:
            yield record
        await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _finish(work: Any, records: asyncio.Queue[Record | None]) -> None:
    try:
        await records.put(await work)
    finally:
        records.put_nowait(None)


async def _run(fleet: Fleet, device: str, upload: Any, target: Target | None, tell: Callable[[str, int, int], None]) -> Record:
    try:
        package = await asyncio.to_thread(from_upload, upload)
        artifact = await asyncio.to_thread(accept, package, target, tell)
        return {"installed": asdict(await install(fleet, device, artifact, tell))}
    except (ComponentError, ModelError) as error:
        return {"error": str(error)}
