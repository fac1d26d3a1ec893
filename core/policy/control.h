/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The control messages of every policy that has some: event.type, and what stands in event.word.
 */
#ifndef CORE_POLICY_CONTROL_H
#define CORE_POLICY_CONTROL_H

/** AD-PSGD: word[0] = sequence number of the request. */
enum adpsgd_control {
    ADPSGD_REQUEST =
        1,         /* will you exchange models with me? Answered by TENSOR_RESPONSE or a refusal */
    ADPSGD_REFUSE, /* not now */
};

/** DSGD: who comes back (dsgd_join.c). */
enum dsgd_control {
    DSGD_OFFER =
        1, /* to a newcomer: word[0] = a round I can take you in from; word[1] = 1: I join too, and will ENTER */
    DSGD_ENTER, /* from a newcomer: word[0] = its first round */
};

/**
 * AAU: word[0] = epoch of the sender, always. A wave is named by word[1] = its leader's id, word[2] = the leader's
 * sequence number.
 */
enum aau_control {
    AAU_READY = 1, /* I have a gradient applied and wait */
    AAU_FREEZE, /* join this wave, and stay as you are until it is over. Says READY too; word[3 .. 6]: two waves that
                   the sender has left for it and its former parent's, each {leader, seq} or 0, 0 */
    AAU_PROBE,  /* are you in this wave as well? Never makes anybody join. Says READY too */
    AAU_YES, /* to the parent: I joined, and so did all below me; word[3] = a reason to commit lies there */
    AAU_JOINED, /* I am in this wave already: the edge between us is active */
    AAU_NO,     /* not me; and not ready for you until I say READY again */
    AAU_APART,  /* answer to PROBE: not in this wave (as yet) */
    AAU_COMMIT, /* from the parent: exchange models on the active edges */
    AAU_ABORT,  /* from the parent: the wave is over, nothing happens */
    AAU_PATH, /* word[1] = n <= AAU_PATH_EDGES edges established, ids in word[2 ..]; n = 0 tells the epoch */
    AAU_LEFT, /* the edge between us is not in this wave any more; not ready for you until I say READY again */
    AAU_ALIVE, /* still in a wave with you, still waiting */
    AAU_LIFE,  /* a worker came or went: word[1] = its id, word[2] = its life (pathsearch.h) */
};

#define AAU_PATH_EDGES 3u

/** Partial: word[0] = sequence number of the leader's invitation, but in READY and CLAIM. */
enum partial_control {
    PARTIAL_READY =
        1,          /* I have a gradient applied and wait; word[0] = since when (partial_group.c) */
    PARTIAL_INVITE, /* will you average with me? Says READY too; answered by YES or NO, perhaps late; word[1] = as READY */
    PARTIAL_YES,    /* I wait for your model or ABORT, and stay as I am */
    PARTIAL_NO,     /* not now; and not ready for you until I say READY again */
    PARTIAL_ABORT,  /* too few said YES */
    PARTIAL_CLAIM,  /* you have refused me too often: word[0] = since when I wait; 0 = it is over */
};

/** Prague: workers talk to the generator of groups, worker 0, and it to them. */
enum prague_control {
    PRAGUE_ASK = 1, /* to it: I have a gradient applied; word[0] = its iteration */
    PRAGUE_LEFT,    /* to it: I have the mean of group word[0] */
    PRAGUE_QUIT,    /* to it: I have been stopped; give me no new group but one of myself alone */
    PRAGUE_GROUP, /* to each member: word[0] = group, word[1] = n <= PRAGUE_MEMBERS_MAX, ids in word[2 ..], ascending */
};

#define PRAGUE_MEMBERS_MAX 6u

/** AGP: no words. */
enum agp_control {
    AGP_AGAIN = 1, /* after the stop: your last message has not come, repeat it if it was sent */
};

/** Hop: word[0] = iteration the sender has begun; cumulative. */
enum hop_control { HOP_TOKEN = 1 };

/** asgd, ssp: no words. */
enum server_control {
    SERVER_BYE =
        1, /* worker to server, once: I have stopped, and nothing is under way between us */
};

/** k-sync: word[0] = the round of the model. */
enum k_sync_control {
    K_SYNC_SKIP = 1, /* worker to server: no answer will come to this model */
};

#endif
