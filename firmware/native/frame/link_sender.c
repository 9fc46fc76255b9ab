// SPDX-License-Identifier: Apache-2.0
// Go-back-N: what is sent, sent again, and forgotten when it is acknowledged.
#include "link_internal.h"

void sender_clear(link_t *link) {
    link_sender_t *sender = &link->sender;
    queue_clear(&sender->queue);
    sender->first = sender->sent = sender->reached = sender->room = sender->timeouts = 0;
    sender->probing = sender->carries_data = sender->timing = sender->timer.armed = false;
    sender->round_trip = 0;
    sender->rto = RTO_MIN;
}

static uint32_t allowed(const link_t *link) {
    const link_sender_t *sender = &link->sender;
    uint32_t window = link->window < link->session.peer_window ? link->window : link->session.peer_window;
    uint32_t room = sender->room == 0 && sender->probing ? 1 : sender->room;
    return room < window ? room : window;
}

bool sender_ready(const link_t *link) {
    const link_sender_t *sender = &link->sender;
    return link->session.live && sender->sent < sender->queue.count && sender->sent < allowed(link);
}

// Messages wait, none is on its way, and none may be sent: only the timer can change that.
bool sender_blocked(const link_t *link) {
    return link->session.live && link->sender.queue.count && link->sender.sent == 0 && allowed(link) == 0;
}

static void go_back(link_sender_t *sender) {
    sender->sent = 0;
    sender->timing = false;
    sender->timer.armed = false;
}

static void on_timeout(link_t *link) {
    link_sender_t *sender = &link->sender;
    go_back(sender);
    sender->probing = sender->room == 0;
    sender->rto = sender->rto * 2 < RTO_MAX ? sender->rto * 2 : RTO_MAX;
    sender->timeouts += sender->timeouts < UINT8_MAX;
    sender->fresh_line = true;
    if (sender->timeouts >= PROBE_AFTER) {
        session_ask(link);
    }
}

void sender_tick(link_t *link, uint32_t now) {
    link_sender_t *sender = &link->sender;
    if (timer_due(&sender->timer, now)) {
        on_timeout(link);
    } else if (!sender->timer.armed && sender_blocked(link)) {
        timer_start(&sender->timer, now, sender->rto);
    }
}

size_t sender_build_data(link_t *link, uint8_t *frame) {
    link_sender_t *sender = &link->sender;
    queue_item_t item;
    queue_item(&sender->queue, sender->sent, &item);
    frame[0] = (uint8_t)(KIND_DATA << 4 | item.tag);
    frame[1] = sender->carried = (uint8_t)(sender->first + sender->sent);
    receiver_acknowledge(link, frame + 2);
    queue_read(&sender->queue, &item, frame + DATA_HEAD);
    if (sender->sent++ < sender->reached) {
        link->stats.retransmits++;
    } else {
        sender->reached = sender->sent;
        sender->timed = sender->timing ? sender->timed : sender->carried;
        sender->timing = true;
    }
    sender->carries_data = true;
    return DATA_HEAD + item.length;
}

// Time counts from here, not from the start of the frame: a slow line is no reason to send again.
void sender_on_frame_out(link_t *link, uint32_t now) {
    link_sender_t *sender = &link->sender;
    if (!sender->carries_data) {
        return;
    }
    sender->carries_data = false;
    if (sender->timed == sender->carried) {
        sender->timed_at = now;
    }
    if (!sender->timer.armed && sender->sent) {
        timer_start(&sender->timer, now, sender->rto);
    }
}

// Up at once, down slowly. Only messages that were sent once are measured (Karn's rule), and until one was,
// the doubled time-out stays: on a slow line the first measurement would else never come.
static void measure(link_sender_t *sender, uint32_t now) {
    uint32_t sample = now - sender->timed_at < RTO_MAX ? now - sender->timed_at : RTO_MAX;
    uint32_t above = sender->round_trip > sample ? sender->round_trip - sample : 0;
    sender->round_trip = sample + above - above / 4;
    uint32_t rto = sender->round_trip * 2;
    sender->rto = rto < RTO_MIN ? RTO_MIN : rto > RTO_MAX ? RTO_MAX : rto;
    sender->timing = false;
}

static void advance(link_sender_t *sender, uint8_t count, uint32_t now) {
    if (sender->timing && (uint8_t)(sender->timed - sender->first) < count) {
        measure(sender, now);
    }
    for (uint8_t i = 0; i < count; i++) {
        queue_pop(&sender->queue);
    }
    sender->first += count;
    sender->reached -= count;
    sender->sent = sender->sent > count ? sender->sent - count : 0;
    sender->probing = false;
    timer_start(&sender->timer, now, sender->rto);
    sender->timer.armed = sender->sent != 0;
}

void sender_on_ack(link_t *link, const uint8_t *ack_and_room, bool gap, uint32_t now) {
    link_sender_t *sender = &link->sender;
    uint8_t count = ack_and_room[0] - sender->first;
    if (count > sender->reached) {
        link->stats.dropped++; // from before what was acknowledged already
        return;
    }
    sender->timeouts = 0;
    sender->room = ack_and_room[1];
    if (count) {
        advance(sender, count, now);
    }
    bool under_way = sender->carries_data && sender->carried == sender->first;
    if (gap && sender->sent && !under_way) {
        go_back(sender);
    }
}
