// SPDX-License-Identifier: Apache-2.0
// What comes in: frames are checked, told apart and acted upon; messages wait here for the main program.
#include "link_internal.h"

void receiver_clear(link_t *link) {
    link_receiver_t *receiver = &link->receiver;
    queue_clear(&receiver->queue);
    receiver->expected = receiver->told = receiver->ahead = receiver->damaged = 0;
    receiver->ack_due = receiver->gap_due = receiver->hinted = false;
}

// Messages of full size that fit.
static uint8_t room(const link_t *link) {
    const queue_t *queue = &link->receiver.queue;
    return (uint8_t)((queue->size - queue->used) / (link->mtu + QUEUE_OVERHEAD));
}

void receiver_acknowledge(link_t *link, uint8_t *ack_and_room) {
    link_receiver_t *receiver = &link->receiver;
    ack_and_room[0] = receiver->expected;
    ack_and_room[1] = receiver->told = room(link);
    receiver->ack_due = receiver->gap_due = false;
}

// A peer that held back because it was told of little room learns that there is some.
void receiver_on_read(link_t *link) {
    link_receiver_t *receiver = &link->receiver;
    uint8_t now = room(link);
    bool much = now - receiver->told >= (link->window + 1) / 2;
    receiver->ack_due |= link->session.live && (much || (receiver->told == 0 && now));
}

static void on_expected(link_t *link, const uint8_t *body, size_t length) {
    link_receiver_t *receiver = &link->receiver;
    receiver->ahead = 0;
    receiver->hinted = false;
    receiver->ack_due = true;
    if (queue_put(&receiver->queue, body[0] & 15, body + DATA_HEAD, (uint16_t)(length - DATA_HEAD))) {
        receiver->expected++;
    } else {
        link->stats.dropped++;
    }
}

// One hint for each time the peer passes over what is missing: a second pass shows in the distance going down
// again.
static void on_ahead(link_receiver_t *receiver, uint8_t distance) {
    receiver->gap_due |= !receiver->hinted || distance <= receiver->ahead;
    receiver->hinted = true;
    receiver->ahead = distance;
}

static void on_data(link_t *link, const uint8_t *body, size_t length, uint32_t now) {
    link_receiver_t *receiver = &link->receiver;
    uint8_t distance = body[1] - receiver->expected;
    sender_on_ack(link, body + 2, false, now);
    if (distance == 0) {
        on_expected(link, body, length);
        return;
    }
    link->stats.dropped++;
    if (distance < 128) {
        on_ahead(receiver, distance);
    } else {
        receiver->ack_due = true; // the acknowledgement was lost
    }
}

static void on_log(link_t *link, const uint8_t *body, size_t length) {
    if (!queue_put(&link->receiver.logs, 0, body + 1, (uint16_t)(length - 1))) {
        link->stats.logs_lost++;
    }
}

static void on_sequenced(link_t *link, const uint8_t *body, size_t length, uint32_t now) {
    uint8_t kind = body[0] >> 4;
    link->session.heard_at = now;
    link->receiver.damaged = 0;
    session_on_proof(link);
    if (kind == KIND_DATA && length >= DATA_HEAD && length <= link->mtu + DATA_HEAD) {
        on_data(link, body, length, now);
    } else if (kind == KIND_ACK && length == ACK_LENGTH) {
        sender_on_ack(link, body + 1, body[0] & ACK_GAP, now);
    } else if (kind == KIND_CANCEL && length == KEY_LENGTH) {
        canceller_on_cancel(link, get_u32(body + 1));
    } else if (kind == KIND_CANCELLED && length == KEY_LENGTH) {
        canceller_on_cancelled(link, get_u32(body + 1));
    } else {
        link->stats.dropped++;
    }
}

// A text of more than LINK_LOG_MAX bytes would fit the decoder, but not whoever reads it.
static void on_unsequenced(link_t *link, const uint8_t *body, size_t length, uint32_t now) {
    if (body[0] >> 4 == KIND_LOG && length <= 1 + LINK_LOG_MAX) {
        on_log(link, body, length);
    } else if (body[0] >> 4 == KIND_LOG) {
        link->stats.dropped++;
    } else if (length == SYN_LENGTH && body[1] == LINK_VERSION) {
        session_on_syn(link, body, now);
    } else {
        link->stats.foreign = length > 1 ? body[1] : 0;
        link->stats.dropped++;
    }
}

// Ends that are live in different sessions hear only damage from each other. The question at the third time in a row
// finds that out, and the silence after the eighth keeps them from answering damage with damage for ever.
static void on_damage(link_t *link) {
    link_receiver_t *receiver = &link->receiver;
    if (!link->session.live || receiver->damaged == GIVE_UP_AFTER) {
        return;
    }
    receiver->damaged++;
    receiver->gap_due = receiver->hinted = true;
    receiver->ahead = 0;
    if (receiver->damaged == PROBE_AFTER) {
        session_ask(link);
    }
}

static void on_frame(link_t *link, const uint8_t *body, size_t length, uint32_t now) {
    uint8_t kind = length ? body[0] >> 4 : 0;
    bool unsequenced = kind == KIND_SYN || kind == KIND_LOG;
    uint32_t seed = unsequenced ? 0 : link->session.seed_in;
    if (length <= FRAME_CRC_LENGTH || !frame_intact(body, length, seed)) {
        link->stats.crc_errors++;
        on_damage(link);
        return;
    }
    link->stats.frames_in++;
    (unsequenced ? on_unsequenced : on_sequenced)(link, body, length - FRAME_CRC_LENGTH, now);
}

void link_feed(link_t *link, const uint8_t *bytes, size_t length, uint32_t now_ms) {
    cobs_decoder_t *decoder = &link->receiver.decoder;
    for (size_t i = 0; i < length; i++) {
        switch (cobs_decode(decoder, bytes[i])) {
        case COBS_FRAME:
            on_frame(link, decoder->buffer, decoder->frame_length, now_ms);
            break;
        case COBS_BROKEN:
            link->stats.crc_errors++;
            on_damage(link);
            break;
        case COBS_OVERRUN:
            link->stats.overruns++;
            on_damage(link);
            break;
        case COBS_MORE:
            break;
        }
    }
}
