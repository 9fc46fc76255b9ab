// SPDX-License-Identifier: Apache-2.0
// Epochs and SYN: how two ends agree that they talk to each other, and notice that one of them started anew.
#include "link_internal.h"

typedef struct {
    uint32_t own, known;
    uint16_t mtu;
    uint8_t window, flags;
} syn_t;

static uint32_t seed_of(uint32_t sender, uint32_t receiver) {
    uint8_t epochs[8];
    put_u32(epochs, sender);
    put_u32(epochs + 4, receiver);
    return frame_crc32(0, epochs, sizeof epochs);
}

static void set_epochs(link_session_t *session, uint32_t own, uint32_t peer) {
    session->own = own;
    session->peer = peer;
    session->seed_out = seed_of(own, peer);
    session->seed_in = seed_of(peer, own);
}

// A new epoch of one's own: the peer's and the time give it what entropy this end may lack itself. The time
// goes in between the two, because CRC would give both ends the same value for own and peer side by side. Each time
// gives another value, so that one of five is free, whatever epoch the peer chose.
static uint32_t mixed(const link_session_t *session, uint32_t peer, uint32_t now) {
    uint8_t input[8];
    uint32_t own;
    put_u32(input + 4, peer);
    do {
        put_u32(input, now++);
        own = frame_crc32(session->own, input, sizeof input) + 1;
    } while (own == 0 || own == peer || own == session->own || own == session->peer);
    return own;
}

void session_init(link_t *link, uint32_t epoch) {
    link->session = (link_session_t){.syn_delay = RTO_MIN};
    set_epochs(&link->session, epoch, 0);
}

static void ask_soon(link_session_t *session, uint32_t known, bool want) {
    session->syn_due = true;
    session->syn_want |= want;
    session->known = known;
}

void session_ask(link_t *link) {
    ask_soon(&link->session, link->session.peer, true);
}

static void go_live(link_t *link) {
    link->session.live = link->session.changed = true;
    link->session.proven = false;
    link->session.syn_timer.armed = false;
    link->session.echoes = 0;
    link->sender.room = link->session.peer_window;
}

static void end_session(link_t *link) {
    link->session.live = link->session.proven = false;
    link->session.changed = true;
    link->session.resets++;
    sender_clear(link);
    receiver_clear(link);
    canceller_clear(link);
}

void session_on_proof(link_t *link) {
    if (!link->session.live) {
        go_live(link);
    }
    link->session.proven = true;
}

// Called at least at each output; the SYN timer is unarmed only at the very start and while live.
void session_tick(link_t *link, uint32_t now) {
    link_session_t *session = &link->session;
    if (session->live) {
        return;
    }
    if (!session->syn_timer.armed) {
        session->heard_at = now;
    } else if (!timer_due(&session->syn_timer, now)) {
        return;
    }
    ask_soon(session, session->peer, true);
    timer_start(&session->syn_timer, now, session->syn_delay);
    session->syn_delay = session->syn_delay * 2 < RTO_MAX ? session->syn_delay * 2 : RTO_MAX;
}

static void meet(link_t *link, const syn_t *syn, uint32_t own, uint32_t now) {
    link_session_t *session = &link->session;
    set_epochs(session, own, syn->own);
    session->peer_mtu = syn->mtu;
    session->peer_window = syn->window;
    session->syn_delay = RTO_MIN;
    timer_start(&session->syn_timer, now, RTO_MIN);
}

// Answering each echo would never end on a line that echoes; answering none would keep apart two ends that
// happen to have the same epoch.
static void on_echo(link_t *link, uint32_t now) {
    link_session_t *session = &link->session;
    link->stats.dropped++;
    if (++session->echoes < ECHOES) {
        return;
    }
    session->echoes = 0;
    if (session->live) {
        ask_soon(session, session->peer, true);
    } else {
        set_epochs(session, mixed(session, session->peer, now), session->peer);
    }
}

static void on_syn_while_live(link_t *link, const syn_t *syn, uint32_t now) {
    link_session_t *session = &link->session;
    bool knows_me = syn->known == session->own;
    if (knows_me && syn->own == session->peer) {
        if (syn->flags & SYN_WANT) {
            ask_soon(session, session->peer, false);
        }
        return;
    }
    if (knows_me) {
        end_session(link);
        meet(link, syn, mixed(session, syn->own, now), now);
    }
    ask_soon(session, syn->own, true);
}

static void on_syn_while_apart(link_t *link, const syn_t *syn, uint32_t now) {
    link_session_t *session = &link->session;
    bool mistaken = syn->known == session->own && (syn->flags & SYN_PROVEN);
    bool mix = session->peer == 0 || mistaken;
    meet(link, syn, mix ? mixed(session, syn->own, now) : session->own, now);
    if (syn->known == session->own) {
        go_live(link);
    }
    if (!session->live || (syn->flags & SYN_WANT)) {
        ask_soon(session, syn->own, !session->live);
    }
}

void session_on_syn(link_t *link, const uint8_t *body, uint32_t now) {
    const syn_t syn = {
        .flags = body[2],
        .own = get_u32(body + 3),
        .known = get_u32(body + 7),
        .mtu = (uint16_t)(body[11] | body[12] << 8),
        .window = body[13],
    };
    if (syn.own == 0 || syn.mtu < LINK_MTU_MIN || syn.window == 0) {
        link->stats.dropped++;
    } else if (syn.own == link->session.own) {
        on_echo(link, now);
    } else {
        link->session.heard_at = now;
        link->session.echoes = 0;
        (link->session.live ? on_syn_while_live : on_syn_while_apart)(link, &syn, now);
    }
}

size_t session_build_syn(link_t *link, uint8_t *frame) {
    link_session_t *session = &link->session;
    bool proven = session->proven && session->known == session->peer;
    frame[0] = KIND_SYN << 4;
    frame[1] = LINK_VERSION;
    frame[2] = (session->syn_want ? SYN_WANT : 0) | (proven ? SYN_PROVEN : 0);
    put_u32(frame + 3, session->own);
    put_u32(frame + 7, session->known);
    frame[11] = (uint8_t)link->mtu;
    frame[12] = (uint8_t)(link->mtu >> 8);
    frame[13] = link->window;
    session->syn_due = session->syn_want = false;
    return SYN_LENGTH;
}
