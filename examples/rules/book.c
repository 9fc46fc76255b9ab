// SPDX-License-Identifier: Apache-2.0
#include "book.h"

void book_add(struct book *book, const struct book_rule *rule) {
    uint32_t place = book->count++;
    for (; place > 0 && book->rules[place - 1].priority < rule->priority; place--)
        book->rules[place] = book->rules[place - 1];
    book->rules[place] = *rule;
}

static bool number_holds(const struct book_condition *condition, float value) {
    switch (condition->kind) {
    case BOOK_ABOVE:
        return value > condition->low;
    case BOOK_BELOW:
        return value < condition->high;
    case BOOK_BETWEEN:
        return value >= condition->low && value <= condition->high;
    default:
        return false;
    }
}

static bool holds(const struct book_condition *condition, struct book_value known) {
    if (known.type == BOOK_UNKNOWN)
        return condition->kind == BOOK_MISSING;
    if (known.type == BOOK_TRUTH)
        return condition->kind == BOOK_IS && known.value == condition->low;
    return number_holds(condition, known.value);
}

bool book_holds(const struct book_rule *rule, book_lookup *lookup, const void *facts) {
    for (uint32_t at = 0; at < rule->count; at++) {
        if (!holds(&rule->conditions[at], lookup(&rule->conditions[at].fact, facts)))
            return false;
    }
    return true;
}
