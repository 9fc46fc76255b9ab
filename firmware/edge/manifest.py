# SPDX-License-Identifier: Apache-2.0
# What is frozen into motet-edge.
include("$(MPY_DIR)/extmod/asyncio")
package("motet_core", base_path="..")
