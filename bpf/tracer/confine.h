/* SPDX-License-Identifier: MIT */
#ifndef KLPSCOPE_CONFINE_H
#define KLPSCOPE_CONFINE_H

#include <stdbool.h>

/*
 * Gives up, for good, all that is not needed once the probes are attached. False: errno says why it could not.
 * `administrator`: see probe_address_needs_administrator().
 */
bool confine(bool administrator);

#endif
