/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Whose fault is it? While a thread is inside foreign code, this knows; when the program dies there, a sentence names the
 * plug-in before the signal takes its course. A plug-in that calls exit() ends the program with that sentence and code 1.
 */
#ifndef HARNESS_EXPERIMENT_PLUGIN_GUARD_H
#define HARNESS_EXPERIMENT_PLUGIN_GUARD_H

/** This thread enters `function` of the plug-in; both texts must outlive the call. Then leave. */
void plugin_guard_enter(const char *path, const char *function);
void plugin_guard_leave(void);

/** From now on crashes inside a plug-in say so. Once per process; repeating it is harmless. */
void plugin_guard_watch(void);

#endif
