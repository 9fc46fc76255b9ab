// SPDX-License-Identifier: Apache-2.0
#include "queue.h"

#include <string.h>

void queue_init(queue_t *queue, uint8_t *bytes, uint32_t size) {
    queue->bytes = bytes;
    queue->size = size;
    queue_clear(queue);
}

void queue_clear(queue_t *queue) {
    queue->head = queue->used = queue->count = 0;
}

int32_t queue_room(const queue_t *queue) {
    return (int32_t)(queue->size - queue->used) - (int32_t)QUEUE_OVERHEAD;
}

static uint32_t wrap(const queue_t *queue, uint32_t at) {
    return at < queue->size ? at : at - queue->size;
}

// How many of `length` bytes from `at` on lie before the end of the ring.
static uint32_t before_end(const queue_t *queue, uint32_t at, uint32_t length) {
    return queue->size - at < length ? queue->size - at : length;
}

static void append(queue_t *queue, const uint8_t *data, uint32_t length) {
    uint32_t at = wrap(queue, queue->head + queue->used);
    uint32_t first = before_end(queue, at, length);
    memcpy(queue->bytes + at, data, first);
    memcpy(queue->bytes, data + first, length - first);
    queue->used += length;
}

bool queue_put(queue_t *queue, uint8_t tag, const void *data, uint16_t length) {
    if (queue_room(queue) < length) {
        return false;
    }
    const uint8_t head[QUEUE_OVERHEAD] = {(uint8_t)length, (uint8_t)(length >> 8), tag};
    append(queue, head, sizeof head);
    if (length) {
        append(queue, data, length);
    }
    queue->count++;
    return true;
}

static queue_item_t item_at(const queue_t *queue, uint32_t at) {
    uint8_t head[QUEUE_OVERHEAD];
    for (uint32_t i = 0; i < QUEUE_OVERHEAD; i++) {
        head[i] = queue->bytes[wrap(queue, at + i)];
    }
    uint16_t length = (uint16_t)(head[0] | head[1] << 8);
    return (queue_item_t){.at = wrap(queue, at + QUEUE_OVERHEAD), .length = length, .tag = head[2]};
}

bool queue_item(const queue_t *queue, uint32_t index, queue_item_t *item) {
    if (index >= queue->count) {
        return false;
    }
    *item = item_at(queue, queue->head);
    while (index--) {
        *item = item_at(queue, wrap(queue, item->at + item->length));
    }
    return true;
}

void queue_read(const queue_t *queue, const queue_item_t *item, uint8_t *out) {
    uint32_t first = before_end(queue, item->at, item->length);
    if (item->length) {
        memcpy(out, queue->bytes + item->at, first);
        memcpy(out + first, queue->bytes, item->length - first);
    }
}

void queue_pop(queue_t *queue) {
    queue_item_t item;
    if (queue_item(queue, 0, &item)) {
        queue->head = wrap(queue, item.at + item.length);
        queue->used -= QUEUE_OVERHEAD + item.length;
        queue->count--;
    }
}
