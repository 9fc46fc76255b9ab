// SPDX-License-Identifier: Apache-2.0
// Messages in a ring of bytes, each with its length and a tag: a short message takes only the bytes that it
// needs.
#ifndef MOTET_FRAME_QUEUE_H
#define MOTET_FRAME_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUEUE_OVERHEAD 3u // bytes a message needs beyond its own

typedef struct {
    uint8_t *bytes;
    uint32_t size;
    uint32_t head;  // offset of the oldest message
    uint32_t used;  // bytes
    uint32_t count; // messages
} queue_t;

typedef struct {
    uint32_t at; // offset of its first byte
    uint16_t length;
    uint8_t tag;
} queue_item_t;

void queue_init(queue_t *queue, uint8_t *bytes, uint32_t size);
void queue_clear(queue_t *queue);
// Room for one more message: the bytes it may have, negative when not even an empty one fits.
int32_t queue_room(const queue_t *queue);
// False, and nothing changed, when it does not fit.
bool queue_put(queue_t *queue, uint8_t tag, const void *data, uint16_t length);
// The message `index` places behind the oldest one, by a walk; false when there are not so many.
bool queue_item(const queue_t *queue, uint32_t index, queue_item_t *item);
void queue_read(const queue_t *queue, const queue_item_t *item, uint8_t *out);
// Removes the oldest message, if there is one.
void queue_pop(queue_t *queue);

#endif
