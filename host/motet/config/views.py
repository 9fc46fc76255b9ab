# SPDX-License-Identifier: Apache-2.0
"""Tables of motet.toml that choose what clients see: groups of devices, and virtual servers.

A name in a virtual server always means the same tool of the same device, whatever else is there: two entries that could ever
give the same name are an error of the file, not of the day when it happens.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from motet.config.patterns import DEVICE, Template, fits, meet
from motet.config.values import DEVICE_PATTERN, NAME_PATTERN, RESOURCE_URI, URI_PATTERN, Id, Table

Problem = tuple[tuple[str | int, ...], str]
_Devices = Annotated[str, StringConstraints(pattern=DEVICE_PATTERN)]
_Names = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
_As = Annotated[str, StringConstraints(max_length=128)]
_Uri = Annotated[str, StringConstraints(pattern=RESOURCE_URI, max_length=2048)]
_Text = Annotated[str, StringConstraints(max_length=4096)]


class Group(Table):
    """`[[group]]`: the view `group:<name>`, some of the devices under the names of the whole fleet."""

    name: Id
    title: _Text = ""
    instructions: _Text = ""
    """What clients are told of it."""
    devices: Annotated[list[_Devices], Field(min_length=1, max_length=256)]
    """Ids, in which * stands for any text."""


class _Entry(Table):
    # The key is a word of Python.
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    device: _Devices
    """Id of the device; * stands for any text."""
    description: _Text = ""
    """Told instead of the device's own."""


class ToolEntry(_Entry):
    """One of `server.tools`."""

    tool: _Names
    exposed: _As = Field(default="{device}.{tool}", alias="as")
    """Its name here; {device} and {tool} stand for the device's id and the tool's own name."""

    @property
    def own(self) -> str:
        """Pattern of own names."""
        return self.tool

    @property
    def template(self) -> Template:
        """Its name here."""
        return Template(self.exposed, "tool")


class PromptEntry(_Entry):
    """One of `server.prompts`."""

    prompt: _Names
    exposed: _As = Field(default="{device}.{prompt}", alias="as")
    """Its name here, with {device} and {prompt}."""

    @property
    def own(self) -> str:
        """Pattern of own names."""
        return self.prompt

    @property
    def template(self) -> Template:
        """Its name here."""
        return Template(self.exposed, "prompt")


class ResourceEntry(_Entry):
    """One of `server.resources`: of resources and of templates."""

    resource: Annotated[str, StringConstraints(pattern=URI_PATTERN, max_length=2048)]
    """The device's own URI; * stands for any text."""
    exposed: _Uri = Field(default="", alias="as")
    """Its URI here, for an entry without *; empty for the one that it has in the whole fleet."""

    @property
    def own(self) -> str:
        """Pattern of own URIs."""
        return self.resource


class VirtualServer(Table):
    """`[[server]]`: the view `server:<name>`, chosen tools, resources and prompts under chosen names."""

    name: Id
    title: _Text = ""
    instructions: _Text = ""
    tools: Annotated[list[ToolEntry], Field(max_length=256)] = []
    """What several entries fit is shown by the first of them."""
    prompts: Annotated[list[PromptEntry], Field(max_length=256)] = []
    resources: Annotated[list[ResourceEntry], Field(max_length=256)] = []
    gateway: Annotated[list[_Names], Field(max_length=16)] = []
    """The gateway's own tools that are shown, such as models.infer; * stands for any text."""

    def conflicts(self) -> Iterator[Problem]:
        """What cannot be, with its path in this table."""
        yield from _named("tools", self.tools)
        yield from _named("prompts", self.prompts)
        yield from _addressed(self.resources)
        for index, tool in enumerate(self.tools):
            if "{" not in tool.exposed and any(fits(pattern, tool.exposed) for pattern in self.gateway):
                yield ("tools", index, "as"), f"{tool.exposed!r} is a tool of the gateway that this server shows (gateway = ...)"


def view_conflicts(groups: Sequence[Group], servers: Sequence[VirtualServer]) -> Iterator[Problem]:
    """Names that are given twice, and what servers find in themselves."""
    for table, rows in (("group", groups), ("server", servers)):
        names = [row.name for row in rows]
        for index, name in enumerate(names):
            if name in names[:index]:
                yield (table, index, "name"), f"{name!r} is the name of another [[{table}]] already"
    for index, server in enumerate(servers):
        for path, problem in server.conflicts():
            yield ("server", index, *path), problem


def _named(key: str, entries: Sequence[ToolEntry | PromptEntry]) -> Iterator[Problem]:
    for index, entry in enumerate(entries):
        if (problem := entry.template.problem(entry.device, entry.own)) is not None:
            yield (key, index, "as"), problem
            continue
        name = entry.template.fill(entry.device, entry.own)
        for number, other in enumerate(entries[:index]):
            if not _apart(other, entry):
                yield (key, index, "as"), f"may give the name {name!r} that {key}[{number}] may give to something else"
                break


def _apart(one: ToolEntry | PromptEntry, other: ToolEntry | PromptEntry) -> bool:
    """Whether the two can never give one name to two things."""
    if one.exposed == other.exposed:
        # What the template does not tell must be the same in both.
        told = DEVICE in one.exposed, one.template.own in one.exposed
        if all(is_told or a == b for is_told, a, b in zip(told, (one.device, one.own), (other.device, other.own), strict=True)):
            return True
    return not meet(one.template.fill(one.device, one.own), other.template.fill(other.device, other.own))


def _addressed(entries: Sequence[ResourceEntry]) -> Iterator[Problem]:
    given: dict[str, int] = {}
    for index, entry in enumerate(entries):
        if not entry.exposed:
            continue
        if entry.exposed.startswith("motet://"):
            yield ("resources", index, "as"), "motet:// is for resources without a URI of their own"
        elif set("*{") & set(entry.device + entry.resource):
            yield ("resources", index, "as"), "only for one resource of one device: device and resource without * and {}"
        elif entry.exposed in given:
            yield ("resources", index, "as"), f"{entry.exposed!r} is given by resources[{given[entry.exposed]}] already"
        given.setdefault(entry.exposed, index)
