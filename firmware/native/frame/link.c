// SPDX-License-Identifier: Apache-2.0
// Memory and the main program's side of a link.
#include "link_internal.h"

#include <string.h>

static bool valid(uint32_t mtu, uint32_t window) {
    return mtu >= LINK_MTU_MIN && mtu <= LINK_MTU_MAX && window >= 1 && window <= LINK_WINDOW_MAX;
}

static uint32_t queue_bytes(uint32_t mtu, uint32_t window) {
    return window * (mtu + QUEUE_OVERHEAD);
}

// One buffer for the frame that goes out, one for the frame that comes in.
static uint32_t frame_bytes(uint32_t mtu) {
    return FRAME_ROOM(mtu < LINK_LOG_MAX ? LINK_LOG_MAX : mtu);
}

size_t link_size(uint32_t mtu, uint32_t window) {
    if (!valid(mtu, window)) {
        return 0;
    }
    return sizeof(link_t) + 2 * (queue_bytes(mtu, window) + frame_bytes(mtu)) + LOG_OUT_BYTES + LOG_IN_BYTES;
}

static void share_out(link_t *link, uint8_t *bytes) {
    uint32_t messages = queue_bytes(link->mtu, link->window);
    uint32_t frame = frame_bytes(link->mtu);
    queue_init(&link->sender.queue, bytes, messages);
    queue_init(&link->receiver.queue, bytes + messages, messages);
    bytes += 2 * messages;
    link->sender.frame = bytes;
    cobs_decoder_init(&link->receiver.decoder, bytes + frame, frame);
    bytes += 2 * frame;
    queue_init(&link->sender.logs, bytes, LOG_OUT_BYTES);
    queue_init(&link->receiver.logs, bytes + LOG_OUT_BYTES, LOG_IN_BYTES);
}

link_t *link_init(void *memory, uint32_t mtu, uint32_t window, uint32_t epoch) {
    if (!valid(mtu, window) || epoch == 0) {
        return NULL;
    }
    link_t *link = memory;
    memset(link, 0, sizeof *link);
    link->mtu = (uint16_t)mtu;
    link->window = (uint8_t)window;
    share_out(link, (uint8_t *)(link + 1));
    session_init(link, epoch);
    sender_clear(link);
    receiver_clear(link);
    return link;
}

bool link_established(const link_t *link) {
    return link->session.live;
}

uint32_t link_resets(const link_t *link) {
    return link->session.resets;
}

uint32_t link_limit(const link_t *link) {
    uint32_t limit = link->mtu < link->session.peer_mtu ? link->mtu : link->session.peer_mtu;
    return link->session.live ? limit : 0;
}

uint32_t link_longest(const link_t *link) {
    return link->session.live ? link_limit(link) : link->mtu;
}

uint32_t link_room(const link_t *link) {
    const queue_t *queue = &link->sender.queue;
    return link->session.live ? (queue->size - queue->used) / (link_limit(link) + QUEUE_OVERHEAD) : 0;
}

link_send_t link_send(link_t *link, uint8_t channel, const void *data, size_t length) {
    if (length > link_longest(link)) {
        return LINK_TOO_LONG;
    }
    if (!link->session.live) {
        return LINK_DOWN;
    }
    return queue_put(&link->sender.queue, channel & LINK_CHANNEL_MAX, data, (uint16_t)length) ? LINK_SENT
                                                                                              : LINK_NO_ROOM;
}

static int32_t take(queue_t *queue, uint8_t *tag, void *out, size_t room) {
    queue_item_t item;
    if (!queue_item(queue, 0, &item)) {
        return -1;
    }
    if (item.length <= room) {
        queue_read(queue, &item, out);
        queue_pop(queue);
    }
    *tag = item.tag;
    return item.length;
}

int32_t link_recv(link_t *link, uint8_t *channel, void *out, size_t room) {
    int32_t length = take(&link->receiver.queue, channel, out, room);
    if (length >= 0 && (size_t)length <= room) {
        receiver_on_read(link);
    }
    return length;
}

int32_t link_recv_log(link_t *link, char *out, size_t room) {
    uint8_t tag;
    return take(&link->receiver.logs, &tag, out, room);
}

bool link_readable(const link_t *link) {
    return link->receiver.queue.count != 0;
}

// UTF-8 that is too long is not cut inside a character.
static uint16_t whole_characters(const char *text, size_t length) {
    if (length <= LINK_LOG_MAX) {
        return (uint16_t)length;
    }
    uint16_t kept = LINK_LOG_MAX;
    while (kept && ((uint8_t)text[kept] & 0xc0) == 0x80) {
        kept--;
    }
    return kept;
}

bool link_log(link_t *link, const char *text, size_t length) {
    bool put = queue_put(&link->sender.logs, 0, text, whole_characters(text, length));
    link->stats.logs_lost += !put;
    return put;
}

void link_probe(link_t *link) {
    session_ask(link);
}

uint32_t link_quiet(const link_t *link, uint32_t now_ms) {
    return now_ms - link->session.heard_at;
}

bool link_changed(const link_t *link) {
    return link->session.changed;
}

bool link_take_change(link_t *link) {
    bool changed = link->session.changed;
    link->session.changed = false;
    return changed;
}

const link_stats_t *link_stats(const link_t *link) {
    return &link->stats;
}
