// SPDX-License-Identifier: Apache-2.0
// Majority vote over the last few classifications, as an MVP WebAssembly module without libc.
// The contract is vote.wit. Core signatures follow the Component Model's Canonical ABI: a record does not fit
// MAX_FLAT_RESULTS (1), so `push` returns the address of one that stays valid until the next call.

#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(name)))

enum { MAX_WINDOW = 16, DEFAULT_WINDOW = 5 };

// Field order and alignment are the ABI's: three u32 at 0, 4 and 8.
struct tally {
    uint32_t label, votes, window;
};
_Static_assert(sizeof(struct tally) == 12, "record layout of vote.wit");

static uint32_t labels[MAX_WINDOW]; // a ring; labels[next] is the oldest once it is full
static uint32_t next, held, size = DEFAULT_WINDOW;
static struct tally result;

// The label `age` pushes ago, 0 = the newest.
static uint32_t recall(uint32_t age) {
    return labels[next > age ? next - 1 - age : next + size - 1 - age];
}

static uint32_t count(uint32_t label) {
    uint32_t votes = 0;
    for (uint32_t age = 0; age < held; age++)
        votes += recall(age) == label;
    return votes;
}

static void remember(uint32_t label) {
    labels[next] = label;
    next = next + 1 == size ? 0 : next + 1;
    if (held < size)
        held++;
}

EXPORT("push") const struct tally *push(uint32_t label) {
    remember(label);
    result = (struct tally){.label = label, .votes = 0, .window = held};
    // From the newest to the oldest with a strict comparison: among equals the label seen last wins.
    for (uint32_t age = 0; age < held; age++) {
        uint32_t candidate = recall(age), votes = count(candidate);
        if (votes > result.votes) {
            result.label = candidate;
            result.votes = votes;
        }
    }
    return &result;
}

EXPORT("reset") void reset(void) {
    next = held = 0;
}

EXPORT("configure") uint32_t configure(uint32_t window) {
    size = window < 1 ? 1 : window > MAX_WINDOW ? MAX_WINDOW : window;
    reset();
    return size;
}
