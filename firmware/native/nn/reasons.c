// SPDX-License-Identifier: Apache-2.0
#include "reasons.h"
#include "model.h"

// How many reasons there are of each status, from NN_MALFORMED on.
#define NN_ONE(name, text) +1
static const uint8_t counts[] = {
    NN_REASONS_MALFORMED(NN_ONE), NN_REASONS_UNSUPPORTED(NN_ONE), NN_REASONS_TOO_LARGE(NN_ONE),
    NN_REASONS_NO_MEMORY(NN_ONE), NN_REASONS_CANCELLED(NN_ONE),   NN_REASONS_OUT_OF_STEPS(NN_ONE),
};

static nn_status status_of(nn_reason reason) {
    int first = 1;
    nn_status status = NN_OK;
    while (status < sizeof counts && (int)reason >= first) {
        first += counts[status++];
    }
    return status;
}

// One after the other: a table of pointers would cost four bytes for each.
#ifdef NN_WITHOUT_TEXTS
static const char texts[] = "\0malformed\0unsupported\0too large\0no memory\0cancelled\0out of steps\0no plan";
#else
#define NN_TEXT(name, text) "\0" text
static const char texts[] = NN_REASONS(NN_TEXT);
#endif

const char *nn_reason_text(nn_reason reason) {
#ifdef NN_WITHOUT_TEXTS
    int index = reason >= NN_WHY_PLAN_DAMAGED ? NN_OUT_OF_STEPS + 1 : (int)status_of(reason);
#else
    int index = (int)reason;
#endif
    const char *text = texts;
    while (index-- > 0) {
        text += strlen(text) + 1;
    }
    return text;
}

bool nn_set_error(nn_error *error, nn_reason reason) {
    if (error->status == NN_OK) { // the first reason is the true one
        error->status = status_of(reason);
        error->code = (uint8_t)reason;
        error->reason = nn_reason_text(reason);
    }
    return false;
}

void nn_note_refusal(nn_build *build, nn_reason reason) {
    nn_error *error = build->error;
    if (error->status == NN_OK && build->node != NULL) {
        const nn_operator *kind = build->node->kind;
        error->operator_index = (int32_t)build->index;
        error->builtin = kind ? kind->builtin : build->builtin;
        error->name = kind ? kind->name : NULL;
    }
    nn_set_error(error, reason);
}
