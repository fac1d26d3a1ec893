/* SPDX-License-Identifier: BSD-3-Clause */
#include "criterion.h" /* has it all */
