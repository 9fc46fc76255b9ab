# SPDX-License-Identifier: Apache-2.0
# Files whose speed is worth their flash: compiled with -O2 where the others take -Os. Read by make and tools/bench_nn.py.
NN_HOT := conv dense dense_dsp depthwise depthwise_dsp binary pool fb tensor
