# SPDX-License-Identifier: Apache-2.0
# Files whose speed is worth their flash: compiled with -O2 where the others take -Os. Read by make and tools/bench_nn.py.
NN_HOT := dense depthwise_span dense_dsp dense_mve depthwise_dsp depthwise_mve
