# SPDX-License-Identifier: Apache-2.0
# motet_native as a MicroPython user C module: make USER_C_MODULES=<repository>/firmware/modules ...
#
# The native sources live outside USER_C_MODULES. They are named relative to the repository and found through vpath,
# so that their objects land in $(BUILD)/firmware/native/... and $(BUILD)/third_party/wasm3/...
MOTET_ROOT := $(abspath $(USERMOD_DIR)/../../..)
MOTET_NATIVE := $(MOTET_ROOT)/firmware/native
WASM3_DIR := $(MOTET_ROOT)/third_party/wasm3
MONOCYPHER_DIR := $(MOTET_ROOT)/third_party/monocypher
vpath %.c $(MOTET_ROOT)

# Bindings: scanned for interned strings.
SRC_USERMOD_C += $(wildcard $(USERMOD_DIR)/*.c)
# Python-free sources: not scanned.
SRC_USERMOD_LIB_C += $(patsubst $(MOTET_ROOT)/%,%,$(wildcard \
	$(addprefix $(MOTET_ROOT)/,$(shell grep -v '^\#' $(MOTET_NATIVE)/sources.list))))

CFLAGS_USERMOD += -I$(MOTET_NATIVE) -I$(WASM3_DIR) -I$(MONOCYPHER_DIR) \
	$(addprefix -D,$(shell grep -v '^\#' $(MOTET_NATIVE)/defines.list))

# Speed matters in the engines, size everywhere else.
MOTET_NATIVE_OPT ?= -O2
$(BUILD)/firmware/native/%.o: CFLAGS += $(MOTET_NATIVE_OPT)
# Of the models' engine, only what does the work: in recipes, $* is the path of the source without .c.
include $(MOTET_NATIVE)/nn/hot.mk
$(BUILD)/firmware/native/nn/%.o: CFLAGS += $(if $(filter $(notdir $*),$(NN_HOT)),,-Os)
# A signature is checked once per artifact: its size matters more than its speed. Whole artifacts are hashed. The last -O wins.
$(BUILD)/firmware/native/crypto/ed25519.o $(BUILD)/firmware/native/crypto/sha512.o: CFLAGS += -Os
$(BUILD)/third_party/monocypher/%.o: CFLAGS += -Os -DBLAKE2_NO_UNROLLING -Wno-error -w
# What the flash itself takes dwarfs what runs here.
$(BUILD)/firmware/native/store/%.o: CFLAGS += -Os
# wasm3 is not ours to make warning-free; its operations must become tail calls, its memory comes from wasm/alloc.c.
$(BUILD)/third_party/wasm3/%.o: CFLAGS += $(MOTET_NATIVE_OPT) -Wno-error -w -fno-strict-aliasing -fomit-frame-pointer -fno-stack-protector \
	-Dcalloc=motet_wasm_calloc -Drealloc=motet_wasm_realloc -Dfree=motet_wasm_free
