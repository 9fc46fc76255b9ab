# SPDX-License-Identifier: Apache-2.0
"""TensorFlow Lite models on the host: what is inside one and whether the device engine runs it."""

from motet.models.inspection import KIND, Model, ModelError, Tensor, inspect

__all__ = ["KIND", "Model", "ModelError", "Tensor", "inspect"]
