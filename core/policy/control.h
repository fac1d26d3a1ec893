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

/**
 * AAU: word[0] = epoch of the sender, always. A wave is named by word[1] = its leader's id, word[2] = the leader's
 * sequence number.
 */
enum aau_control {
    AAU_READY = 1, /* I have a gradient applied and wait */
    AAU_FREEZE,    /* join this wave, and stay as you are until it is over. Says READY too */
    AAU_PROBE,     /* are you in this wave as well? Never makes anybody join. Says READY too */
    AAU_YES, /* to the parent: I joined, and so did all below me; word[3] = a reason to commit lies there */
    AAU_JOINED, /* I am in this wave already: the edge between us is active */
    AAU_NO,     /* not me; and not ready for you until I say READY again */
    AAU_APART,  /* answer to PROBE: not in this wave (as yet) */
    AAU_COMMIT, /* from the parent: exchange models on the active edges */
    AAU_ABORT,  /* from the parent: the wave is over, nothing happens */
    AAU_PATH, /* word[1] = n <= AAU_PATH_EDGES edges established, ids in word[2 ..]; n = 0 tells the epoch */
};

#define AAU_PATH_EDGES 3u

#endif
