// SPDX-License-Identifier: Apache-2.0
// Rules in memory of a fixed size, and what they say to a set of facts.
#ifndef BOOK_H
#define BOOK_H

#include <stdbool.h>
#include <stdint.h>

enum { BOOK_RULES = 16, BOOK_CONDITIONS = 4, BOOK_NAME = 15 };

enum book_kind { BOOK_ABOVE, BOOK_BELOW, BOOK_BETWEEN, BOOK_IS, BOOK_MISSING };

struct book_name {
    uint8_t length;
    char text[BOOK_NAME];
};

struct book_condition {
    struct book_name fact;
    enum book_kind kind;
    float low, high; // of BOOK_BELOW the second alone counts, of BOOK_IS a first one of 1 is true
};

struct book_rule {
    struct book_name name, action;
    int32_t priority;
    uint32_t count;
    struct book_condition conditions[BOOK_CONDITIONS];
};

struct book {
    uint32_t count;
    struct book_rule rules[BOOK_RULES]; // by priority, highest first
};

// What is known of a fact: nothing, a number or a truth (0 or 1).
enum book_type { BOOK_UNKNOWN, BOOK_NUMBER, BOOK_TRUTH };

struct book_value {
    enum book_type type;
    float value;
};

// Answers what is known of a fact.
typedef struct book_value book_lookup(const struct book_name *fact, const void *facts);

// Puts a rule in its place by priority, behind those of the same one. The book has room.
void book_add(struct book *book, const struct book_rule *rule);

bool book_holds(const struct book_rule *rule, book_lookup *lookup, const void *facts);

#endif
