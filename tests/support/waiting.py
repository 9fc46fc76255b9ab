# SPDX-License-Identifier: Apache-2.0
"""Waiting for something that happens on its own, with a deadline instead of a guess."""

import asyncio


async def until(condition, what: str = "the condition", timeout: float = 15.0) -> None:
    """Return as soon as `condition()` is true; AssertionError naming `what` when it never is."""
    try:
        async with asyncio.timeout(timeout):
            while not condition():
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"{what} did not happen within {timeout:g} s") from None
