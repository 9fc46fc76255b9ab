// SPDX-License-Identifier: Apache-2.0
// The models under test with their inputs, in flash; MODELS is the path of what tools/nn_bare.py laid out.
.section .models, "a"
.global models
.balign 16
models:
.incbin MODELS
.balign 4
