/* SPDX-License-Identifier: Apache-2.0 */
/* The loops of utlist.h, in plain form: cppcheck reads no system headers. */
/* clang-format off */
#define LL_FOREACH(h, e) for ((e) = (h); (e); (e) = (e)->next)
#define DL_FOREACH(h, e) LL_FOREACH(h, e)
#define LL_FOREACH_SAFE(h, e, t) for ((e) = (h); (e) && ((t) = (e)->next, 1); (e) = (t))
#define DL_FOREACH_SAFE(h, e, t) LL_FOREACH_SAFE(h, e, t)
