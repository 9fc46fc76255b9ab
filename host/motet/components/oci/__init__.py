# SPDX-License-Identifier: Apache-2.0
"""Packages as OCI artifacts: what an image layout holds, archives of it, and registries.

A component is in the layout of the CNCF's "Wasm OCI Artifact Layout": one image manifest with the configuration
``application/vnd.wasm.config.v0+json`` and exactly one layer ``application/wasm``. Everything else refers to it from outside
(OCI image specification 1.1, ``subject``): Component.toml, the author's signature, the bill of materials, the provenance.
"""
