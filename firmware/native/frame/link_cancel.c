// SPDX-License-Identifier: Apache-2.0
// Cancels: past every queue, answered always, and remembered when they come before the call that they mean.
#include "cancel.h"
#include "link_internal.h"

#include <string.h>

void canceller_clear(link_t *link) {
    uint32_t current = link->canceller.current;
    link->canceller = (link_canceller_t){.current = current};
}

static void remove_key(uint32_t *keys, int at) {
    memmove(keys + at, keys + at + 1, (size_t)(CANCEL_KEYS - 1 - at) * sizeof *keys);
    keys[CANCEL_KEYS - 1] = 0;
}

static int find_key(const uint32_t *keys, uint32_t key) {
    for (int i = 0; i < (int)CANCEL_KEYS; i++) {
        if (keys[i] == key) {
            return i;
        }
    }
    return -1;
}

// The newest are kept: a call that is still to come was asked for shortly before its cancel.
static void remember(uint32_t *early, uint32_t key) {
    if (find_key(early, key) < 0) {
        int free = find_key(early, 0);
        if (free < 0) {
            remove_key(early, 0);
            free = CANCEL_KEYS - 1;
        }
        early[free] = key;
    }
}

void canceller_on_cancel(link_t *link, uint32_t key) {
    link_canceller_t *canceller = &link->canceller;
    if (key == 0) {
        link->stats.dropped++;
        return;
    }
    if (key == canceller->current) {
        motet_cancelled = 1;
    } else {
        remember(canceller->early, key);
    }
    canceller->answer = key;
}

static void next_key(link_canceller_t *canceller) {
    remove_key(canceller->wanted, 0);
    canceller->tries = 0;
    canceller->timer.armed = false;
}

void canceller_on_cancelled(link_t *link, uint32_t key) {
    if (key && key == link->canceller.wanted[0]) {
        next_key(&link->canceller);
    } else {
        link->stats.dropped++;
    }
}

bool canceller_ready(const link_t *link, uint32_t now) {
    const link_canceller_t *canceller = &link->canceller;
    bool waited = !canceller->timer.armed || timer_due(&canceller->timer, now);
    return link->session.live && canceller->wanted[0] && waited;
}

size_t canceller_build(link_t *link, uint8_t *frame, uint32_t now) {
    link_canceller_t *canceller = &link->canceller;
    frame[0] = KIND_CANCEL << 4;
    put_u32(frame + 1, canceller->wanted[0]);
    timer_start(&canceller->timer, now, RTO_MIN);
    if (++canceller->tries == CANCEL_TRIES) {
        next_key(canceller);
    }
    return KEY_LENGTH;
}

size_t canceller_build_answer(link_t *link, uint8_t *frame) {
    frame[0] = KIND_CANCELLED << 4;
    put_u32(frame + 1, link->canceller.answer);
    link->canceller.answer = 0;
    return KEY_LENGTH;
}

bool link_cancel(link_t *link, uint32_t key) {
    uint32_t *wanted = link->canceller.wanted;
    if (!link->session.live || key == 0) {
        return false;
    }
    if (find_key(wanted, key) < 0) {
        int free = find_key(wanted, 0);
        if (free < 0) {
            return false;
        }
        wanted[free] = key;
    }
    return true;
}

void link_set_current(link_t *link, uint32_t key) {
    link_canceller_t *canceller = &link->canceller;
    int early = key ? find_key(canceller->early, key) : -1;
    canceller->current = key;
    motet_cancelled = early >= 0;
    if (early >= 0) {
        remove_key(canceller->early, early);
    }
}

uint32_t link_current(const link_t *link) {
    return link->canceller.current;
}
