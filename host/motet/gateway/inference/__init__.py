# SPDX-License-Identifier: Apache-2.0
"""`models.infer`: one tool for a model, wherever it runs: on a device, on the gateway, at an endpoint."""

from motet.gateway.inference.infer import Inference

__all__ = ["Inference"]
