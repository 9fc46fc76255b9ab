// SPDX-License-Identifier: Apache-2.0
// The functions of rules.wit over book.h.
#include "bindings/rules.h"
#include "book.h"

static struct book book;

static bool named(motet_string_t text) {
    return text.len > 0 && text.len <= BOOK_NAME;
}

static bool same(motet_string_t one, motet_string_t other) {
    bool equal = one.len == other.len;
    for (uint32_t at = 0; equal && at < one.len; at++)
        equal = one.ptr[at] == other.ptr[at];
    return equal;
}

static bool facts_named(const rule_t *rule) {
    bool fine = true;
    for (uint32_t at = 0; at < rule->conditions.len; at++)
        fine = fine && named(rule->conditions.ptr[at].fact);
    return fine;
}

// What is wrong with rule number `at`, of a tag that no refusal has when nothing is.
static refusal_t fault(list_rule_t rules, uint32_t at) {
    const rule_t *rule = &rules.ptr[at];
    if (rule->conditions.len == 0 || rule->conditions.len > BOOK_CONDITIONS)
        return (refusal_t){.tag = REFUSAL_CONDITIONS, .val.conditions = at};
    if (!named(rule->name) || !named(rule->action) || !facts_named(rule))
        return (refusal_t){.tag = REFUSAL_NAME, .val.name = at};
    for (uint32_t earlier = 0; earlier < at; earlier++) {
        if (same(rules.ptr[earlier].name, rule->name))
            return (refusal_t){.tag = REFUSAL_TWICE, .val.twice = at};
    }
    return (refusal_t){.tag = UINT8_MAX};
}

static struct book_name kept(motet_string_t text) {
    struct book_name name = {.length = (uint8_t)text.len};
    for (uint32_t at = 0; at < text.len; at++)
        name.text[at] = text.ptr[at];
    return name;
}

static void put(struct book_condition *condition, const condition_t *given) {
    const test_t *test = &given->test;
    *condition = (struct book_condition){.fact = kept(given->fact), .kind = (enum book_kind)test->tag};
    if (test->tag == TEST_ABOVE)
        condition->low = test->val.above;
    if (test->tag == TEST_BELOW)
        condition->high = test->val.below;
    if (test->tag == TEST_BETWEEN)
        condition->low = test->val.between.f0, condition->high = test->val.between.f1;
    if (test->tag == TEST_IS)
        condition->low = test->val.is;
}

static void add(const rule_t *given) {
    static struct book_rule rule;
    rule.name = kept(given->name);
    rule.action = kept(given->action);
    rule.priority = given->priority;
    rule.count = given->conditions.len;
    for (uint32_t at = 0; at < rule.count; at++)
        put(&rule.conditions[at], &given->conditions.ptr[at]);
    book_add(&book, &rule);
}

result_u32_refusal_t rules_load(list_rule_t rules) {
    refusal_t wrong = {.tag = rules.len > BOOK_RULES ? REFUSAL_TOO_MANY : UINT8_MAX};
    for (uint32_t at = 0; at < rules.len && wrong.tag == UINT8_MAX; at++)
        wrong = fault(rules, at);
    if (wrong.tag != UINT8_MAX)
        return (result_u32_refusal_t){.is_err = true, .val.err = wrong};
    book.count = 0;
    for (uint32_t at = 0; at < rules.len; at++)
        add(&rules.ptr[at]);
    return (result_u32_refusal_t){.val.ok = book.count};
}

static struct book_value known(const struct book_name *name, const void *facts) {
    const list_fact_t *list = facts;
    // From the end: of equal ones the last counts.
    for (uint32_t at = list->len; at-- > 0;) {
        const fact_t *fact = &list->ptr[at];
        if (!same(fact->name, (motet_string_t){name->text, name->length}))
            continue;
        if (fact->value.tag == VALUE_TRUTH)
            return (struct book_value){BOOK_TRUTH, fact->value.val.truth};
        return (struct book_value){BOOK_NUMBER, fact->value.val.number};
    }
    return (struct book_value){BOOK_UNKNOWN, 0};
}

static bool asked_before(const due_t *due, uint32_t count, motet_string_t action) {
    for (uint32_t at = 0; at < count; at++) {
        if (same(due[at].action, action))
            return true;
    }
    return false;
}

list_due_t rules_evaluate(list_fact_t facts) {
    due_t *due = motet_alloc(book.count * sizeof *due);
    uint32_t count = 0;
    for (uint32_t at = 0; at < book.count; at++) {
        const struct book_rule *rule = &book.rules[at];
        motet_string_t action = {rule->action.text, rule->action.length};
        if (book_holds(rule, known, &facts) && !asked_before(due, count, action))
            due[count++] = (due_t){action, {rule->name.text, rule->name.length}};
    }
    return (list_due_t){due, count};
}
