// SPDX-License-Identifier: Apache-2.0
// What goes out: the next frame by priority, built, sealed and handed over piece by piece.
#include "link_internal.h"

static size_t build_ack(link_t *link, uint8_t *frame) {
    frame[0] = (uint8_t)(KIND_ACK << 4 | (link->receiver.gap_due ? ACK_GAP : 0));
    receiver_acknowledge(link, frame + 1);
    return ACK_LENGTH;
}

static size_t build_log(link_t *link, uint8_t *frame) {
    queue_t *logs = &link->sender.logs;
    queue_item_t item;
    queue_item(logs, 0, &item);
    frame[0] = KIND_LOG << 4;
    queue_read(logs, &item, frame + 1);
    queue_pop(logs);
    return 1u + item.length;
}

static bool has_sequenced(const link_t *link) {
    return link->canceller.answer || link->receiver.gap_due || link->receiver.ack_due || sender_ready(link);
}

static size_t build_sequenced(link_t *link, uint8_t *frame, uint32_t now) {
    if (link->canceller.answer) {
        return canceller_build_answer(link, frame);
    }
    if (canceller_ready(link, now)) {
        return canceller_build(link, frame, now);
    }
    if (link->receiver.gap_due || !sender_ready(link)) {
        return build_ack(link, frame);
    }
    return sender_build_data(link, frame);
}

static void seal(link_t *link, size_t length, uint32_t seed, bool leading_zero) {
    uint8_t *frame = link->sender.frame;
    frame_seal(frame, length, seed);
    cobs_encode(&link->sender.encoder, frame, length + FRAME_CRC_LENGTH, leading_zero);
    link->stats.frames_out++;
}

static bool next_frame(link_t *link, uint32_t now) {
    link_sender_t *sender = &link->sender;
    bool noisy = sender->fresh_line;
    session_tick(link, now);
    sender_tick(link, now);
    if (link->session.syn_due) {
        seal(link, session_build_syn(link, sender->frame), 0, true);
    } else if (link->session.live && (has_sequenced(link) || canceller_ready(link, now))) {
        seal(link, build_sequenced(link, sender->frame, now), link->session.seed_out, noisy);
    } else if (sender->logs.count) {
        seal(link, build_log(link, sender->frame), 0, noisy);
    } else {
        return false;
    }
    sender->fresh_line = false;
    return true;
}

size_t link_output(link_t *link, uint8_t *out, size_t room, uint32_t now_ms) {
    cobs_encoder_t *encoder = &link->sender.encoder;
    size_t count = 0;
    while (count < room && (cobs_encoding(encoder) || next_frame(link, now_ms))) {
        count += cobs_read(encoder, out + count, room - count);
        if (!cobs_encoding(encoder)) {
            sender_on_frame_out(link, now_ms);
        }
    }
    return count;
}

static bool has_output(const link_t *link, uint32_t now) {
    const link_session_t *session = &link->session;
    bool sequenced = session->live && (has_sequenced(link) || canceller_ready(link, now));
    bool timer_to_start = session->live ? !link->sender.timer.armed && sender_blocked(link) : !session->syn_timer.armed;
    return cobs_encoding(&link->sender.encoder) || session->syn_due || sequenced || timer_to_start ||
           link->sender.logs.count;
}

static uint32_t earlier(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

uint32_t link_next_timer(const link_t *link, uint32_t now_ms) {
    if (has_output(link, now_ms)) {
        return 0;
    }
    uint32_t left = timer_left(&link->session.syn_timer, now_ms);
    left = earlier(left, timer_left(&link->sender.timer, now_ms));
    return earlier(left, timer_left(&link->canceller.timer, now_ms));
}
