// SPDX-License-Identifier: Apache-2.0
// A guest with text, lists and variants in both directions: the test's, and the bench's.
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(name)))

// Layouts of analyzer.wit by the Canonical ABI.
struct text {
    const char *data;
    uint32_t length;
};

struct stats {
    struct text label;
    uint32_t count;
    float mean, min, max;
};

struct answer {
    uint8_t failed;
    union {
        struct stats stats;
        struct {
            uint8_t what;
            struct text name;
        } failure;
    } is;
};
_Static_assert(sizeof(struct answer) == 28, "result<stats, failure>");

static uint8_t arena[768];
static uint32_t top;
static struct answer answer;
static struct text mirrored;

EXPORT("cabi_realloc") void *cabi_realloc(void *old, uint32_t old_size, uint32_t align, uint32_t size) {
    (void)old;
    (void)old_size;
    uint32_t at = (top + align - 1) & -align;
    if (size > sizeof arena || at > sizeof arena - size)
        __builtin_trap();
    top = at + size;
    return arena + at;
}

EXPORT("cabi_post_analyze") void after_analyze(void *result) {
    (void)result;
    top = 0;
}

EXPORT("cabi_post_mirror") void after_mirror(void *result) {
    (void)result;
    top = 0;
}

static void summarise(struct stats *stats, const float *values, uint32_t count) {
    float sum = 0;
    stats->min = stats->max = values[0];
    for (uint32_t i = 0; i < count; i++) {
        sum += values[i];
        stats->min = values[i] < stats->min ? values[i] : stats->min;
        stats->max = values[i] > stats->max ? values[i] : stats->max;
    }
    stats->count = count;
    stats->mean = sum / (float)count;
}

EXPORT("analyze")
const struct answer *analyze(const char *name, uint32_t length, const float *values, uint32_t count, uint32_t has_unit,
                             uint32_t unit) {
    (void)has_unit;
    (void)unit;
    answer.failed = count == 0 || length == 0;
    if (!answer.failed) {
        answer.is.stats.label = (struct text){name, length};
        summarise(&answer.is.stats, values, count);
    } else if (count == 0) {
        answer.is.failure.what = 0;
    } else {
        answer.is.failure.what = 1;
        answer.is.failure.name = (struct text){name, length};
    }
    return &answer;
}

EXPORT("mirror") const struct text *mirror(const char *data, uint32_t length) {
    mirrored = (struct text){data, length};
    return &mirrored;
}

EXPORT("present")
uint32_t present(uint32_t has_a, double a, uint32_t has_b, double b, uint32_t has_c, double c) {
    (void)a;
    (void)b;
    (void)c;
    return has_a + has_b + has_c;
}
