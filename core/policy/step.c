/* The list of actions: bounded, filled in order. */
#include "core/policy/step.h"

#include "core/base/check.h"

void actions_push(struct actions *out, struct action action)
{
    CHECK(out->count < STEP_ACTIONS_MAX);
    out->item[out->count++] = action;
}
