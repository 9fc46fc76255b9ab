# SPDX-License-Identifier: Apache-2.0
"""Components: from a folder with ``Component.toml`` to a tool on a device.

manifest   the schema of Component.toml          build      C sources to a core module
admission  the only way to a device artifact     artifact   the CBOR map a device loads
install    puts an admitted component or a model on a device

Nothing is imported here: the sandboxed smoke run starts a fresh interpreter from this package and must start fast.
"""
