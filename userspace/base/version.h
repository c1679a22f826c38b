/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The one place for the project's version. */
#define BVS_VERSION "0.1.0"
