# SPDX-License-Identifier: Apache-2.0
# What is frozen into the image: asyncio, the device core and the main module.
include("$(MPY_DIR)/extmod/asyncio")
package("motet_core", base_path="$(PORT_DIR)/..", opt=3)
module("main.py", base_path="$(MAIN_DIR)", opt=3)
