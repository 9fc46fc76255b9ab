// SPDX-License-Identifier: Apache-2.0
// Included by files whose size counts more than their speed on a microcontroller, whatever the level of optimisation.
#ifndef MOTET_NN_SMALL_H
#define MOTET_NN_SMALL_H

#if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__) && (defined(__thumb__) || defined(__riscv))
#pragma GCC optimize("Os")
#endif

#endif
