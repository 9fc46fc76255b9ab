# SPDX-License-Identifier: Apache-2.0
# The board's side of the wire tests: the product's port and link below a program that does what a message asks for.
import asyncio
import gc

import machine
import motet_port
from motet_native import frame

print("echo on", motet_port.board, "after", motet_port.reset_reason())
MESSAGE = bytes(500)
LINE = "x" * 500
link = frame.Link(mtu=512, epoch=motet_port.epoch())
motet_port.attach(link)


def recurse(depth):
    return recurse(depth + 1)


def deep():
    try:
        recurse(0)
    except RuntimeError as error:
        return str(error)


async def answer(channel, data):
    while not link.send(channel, data):
        yield asyncio.core._io_queue.queue_write(link)


async def handle(data):
    command, rest = data[:1], data[1:]
    if command == b"e":
        await answer(2, rest)
    elif command == b"m":
        gc.collect()
        await answer(2, b"%d" % gc.mem_free())
    elif command == b"d":
        await answer(2, deep().encode())
    elif command == b"w":
        await answer(2, (motet_port.reset_reason() + "|" + motet_port.last_fault()).encode())
    elif command == b"p":
        print(rest.decode())
    elif command == b"g":
        for _ in range(int(rest)):
            await answer(2, MESSAGE)
    elif command == b"o":
        # Text goes bare to the console's UART, or to the link's while the link is not attached.
        motet_port.attach(None)
        for _ in range(int(rest)):
            print(LINE, end="")
        print("|")
        motet_port.attach(link)
    elif command == b"f":
        await answer(2, b"%d" % motet_port.failed_starts())
    elif command == b"h":
        motet_port.watchdog(int(rest))
        print("looping")
        while True:
            pass
    elif command == b"r":
        machine.reset()
    elif command == b"x":
        raise ValueError("asked to fail")


async def serve():
    while True:
        item = link.recv()
        if item is None:
            yield asyncio.core._io_queue.queue_read(link)
        else:
            await handle(item[1])


asyncio.run(serve())
