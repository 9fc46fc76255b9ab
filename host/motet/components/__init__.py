# SPDX-License-Identifier: Apache-2.0
"""Components: from a folder with ``Component.toml`` to a tool on a device.

manifest   the schema of Component.toml          build      C sources to a core module
packages   what an author hands over             admission  the only way to a device artifact
artifact   the CBOR map a device loads           install    puts an artifact on a device
deploy     an upload installed, step by step     errors     everything that can be refused

Nothing is imported here: the sandboxed smoke run starts a fresh interpreter inside this package and must start fast.
"""
