/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * OpenFlow port numbers: from the rows' requests, which are in the model, and what
 * datapath says of the devices, by the rule in switch/ofport.h, into the model and the slots.
 */
#include "base/error.h"

struct allocation;
struct datapath;
struct model;

/* After datapath_apply(): a port whose device does not work gets no number. */
must_check int ofports_assign(struct allocation *a, struct datapath *dp, struct model *model,
			      struct error *err);
