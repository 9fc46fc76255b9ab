// SPDX-License-Identifier: Apache-2.0
// The state of a link and what its parts call of each other.
#ifndef MOTET_FRAME_LINK_INTERNAL_H
#define MOTET_FRAME_LINK_INTERNAL_H

#include "cobs.h"
#include "crc32.h"
#include "link.h"
#include "queue.h"

enum { KIND_SYN = 1, KIND_DATA, KIND_ACK, KIND_CANCEL, KIND_CANCELLED, KIND_LOG };
enum { SYN_WANT = 1, SYN_PROVEN = 2 };
enum { ACK_GAP = 1 };

#define SYN_LENGTH      14u
#define DATA_HEAD       4u
#define ACK_LENGTH      3u
#define KEY_LENGTH      5u
#define FRAME_ROOM(mtu) ((mtu) + DATA_HEAD + FRAME_CRC_LENGTH)

#define RTO_MIN       200u
#define RTO_MAX       2000u
#define PROBE_AFTER   3u // time-outs, or damaged frames, in a row
#define GIVE_UP_AFTER 8u // damaged frames in a row
#define CANCEL_TRIES  10u
#define CANCEL_KEYS   8u
#define ECHOES        3u
#define LOG_OUT_BYTES (LINK_LOG_MAX + QUEUE_OVERHEAD + 3u)
#define LOG_IN_BYTES  512u

typedef struct {
    uint32_t at;
    bool armed;
} link_timer_t;

static inline void timer_start(link_timer_t *timer, uint32_t now, uint32_t delay) {
    *timer = (link_timer_t){.at = now + delay, .armed = true};
}

// Milliseconds left, 0 when due, LINK_LONGEST_SLEEP when not armed. The difference is right across the
// clock's wrap.
static inline uint32_t timer_left(const link_timer_t *timer, uint32_t now) {
    int32_t left = (int32_t)(timer->at - now);
    return !timer->armed ? LINK_LONGEST_SLEEP : left < 0 ? 0 : (uint32_t)left;
}

static inline bool timer_due(const link_timer_t *timer, uint32_t now) {
    return timer->armed && (int32_t)(timer->at - now) <= 0;
}

typedef struct {
    uint32_t own, peer;         // epochs
    uint32_t seed_out, seed_in; // of the checksums, from the epochs
    uint32_t known;             // what the next SYN says of the peer
    uint32_t resets, heard_at;
    uint16_t peer_mtu;
    uint8_t peer_window;
    uint8_t echoes;
    bool live, proven, changed;
    bool syn_due, syn_want;
    uint32_t syn_delay;
    link_timer_t syn_timer; // runs while not live
} link_session_t;

typedef struct {
    queue_t queue; // unacknowledged messages, then those never sent
    queue_t logs;
    cobs_encoder_t encoder;
    uint8_t *frame;    // being encoded
    uint8_t first;     // sequence number of the queue's oldest message
    uint8_t sent;      // messages of the queue sent since the last time it went back
    uint8_t reached;   // messages of the queue that were sent at all
    uint8_t room;      // the peer's, beyond `first`
    uint8_t timeouts;  // in a row
    bool probing;      // one message may go although there is no room
    bool fresh_line;   // the next frame starts with a delimiter: what was sent last did not arrive
    bool carries_data; // the frame being encoded is DATA ...
    uint8_t carried;   // ... with this sequence number
    bool timing;       // a round trip is being measured: ...
    uint8_t timed;     // ... that of this sequence number
    uint32_t timed_at, round_trip, rto;
    link_timer_t timer; // runs while something is unacknowledged or waits for room
} link_sender_t;

typedef struct {
    queue_t queue;
    queue_t logs;
    cobs_decoder_t decoder;
    uint8_t expected; // sequence number
    uint8_t told;     // room in the last acknowledgement
    uint8_t ahead;    // how far ahead of `expected` the last DATA was, 0 when it was not
    uint8_t damaged;  // frames in a row
    bool hinted;      // the peer was told that something is missing
    bool ack_due, gap_due;
} link_receiver_t;

typedef struct {
    uint32_t current;             // key of the call that runs here
    uint32_t early[CANCEL_KEYS];  // keys that came before their call ran, newest last
    uint32_t wanted[CANCEL_KEYS]; // keys to be cancelled at the peer, oldest first
    uint32_t answer;              // key to be confirmed, 0 none
    uint8_t tries;
    link_timer_t timer;
} link_canceller_t;

struct link {
    uint16_t mtu;
    uint8_t window;
    link_session_t session;
    link_sender_t sender;
    link_receiver_t receiver;
    link_canceller_t canceller;
    link_stats_t stats;
};

static inline uint32_t get_u32(const uint8_t *bytes) {
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static inline void put_u32(uint8_t *bytes, uint32_t value) {
    for (int i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(value >> 8 * i);
    }
}

// link_session.c
void session_init(link_t *link, uint32_t epoch);
void session_on_syn(link_t *link, const uint8_t *body, uint32_t now);
// A frame with the session's checksum came.
void session_on_proof(link_t *link);
void session_tick(link_t *link, uint32_t now);
void session_ask(link_t *link);
size_t session_build_syn(link_t *link, uint8_t *frame);

// link_sender.c
void sender_clear(link_t *link);
void sender_on_ack(link_t *link, const uint8_t *ack_and_room, bool gap, uint32_t now);
void sender_tick(link_t *link, uint32_t now);
bool sender_ready(const link_t *link);
bool sender_blocked(const link_t *link);
size_t sender_build_data(link_t *link, uint8_t *frame);
void sender_on_frame_out(link_t *link, uint32_t now);

// link_receiver.c
void receiver_clear(link_t *link);
void receiver_on_read(link_t *link);
// Writes two bytes; no further acknowledgement is due then.
void receiver_acknowledge(link_t *link, uint8_t *ack_and_room);

// link_cancel.c
void canceller_clear(link_t *link);
void canceller_on_cancel(link_t *link, uint32_t key);
void canceller_on_cancelled(link_t *link, uint32_t key);
bool canceller_ready(const link_t *link, uint32_t now);
size_t canceller_build(link_t *link, uint8_t *frame, uint32_t now);
size_t canceller_build_answer(link_t *link, uint8_t *frame);

#endif
