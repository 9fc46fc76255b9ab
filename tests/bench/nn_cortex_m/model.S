// SPDX-License-Identifier: Apache-2.0
// The model under test, in flash; MODEL is its path.
.section .model, "a"
.global model_file, model_size
.balign 16
model_file:
.incbin MODEL
model_end:
.balign 4
model_size:
.word model_end - model_file
