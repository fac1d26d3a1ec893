/* SPDX-License-Identifier: BSD-3-Clause */
/** The rows of model_table, one per file. Private to the room. */
#ifndef CORE_LEARN_MODEL_ROWS_H
#define CORE_LEARN_MODEL_ROWS_H

#include "core/learn/model.h"

extern const struct model_ops model_none, model_softmax, model_mlp, model_plugin;

#endif
