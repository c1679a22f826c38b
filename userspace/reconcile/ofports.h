/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * OpenFlow port numbers: from the rows' requests, which are in the model, and what
 * datapath says of the devices, by the rule in switch/ofport.h, into the model and the slots.
 */
#include <stdbool.h>

#include "base/error.h"

struct allocation;
struct datapath;
struct model;

/* Before datapath_apply(): the numbers that ports have. */
void ofports_recall(struct allocation *a, struct model *model);

/* After it: a port whose device does not work gets no number.  *ret_again: the datapath tells
 * of ports by numbers that it does not know yet. */
must_check int ofports_assign(struct allocation *a, struct datapath *dp, struct model *model,
			      bool *ret_again, struct error *err);
