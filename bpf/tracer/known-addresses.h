/* SPDX-License-Identifier: MIT */
/* Which addresses have been named, which are to be, and which the inventory holds: a table of bounded size. */
#ifndef KLPSCOPE_KNOWN_ADDRESSES_H
#define KLPSCOPE_KNOWN_ADDRESSES_H

#include <linux/types.h>
#include <stdbool.h>

struct known_address {
	__u64 address; /* 0: free */
	bool returned_to;
	bool named;
	bool held;
};

/* Takes it as one to be named, unless it is known; NULL where there is no room, and it has to be seen again. */
struct known_address *address_take(__u64 address, bool returned_to);
/* One that is not named yet, or NULL. The caller names it before it asks for the next. */
struct known_address *address_to_name(void);
/* Those that are named are named again when they are seen again. */
void addresses_forget(bool also_held);
/* Nothing is held any more. */
void addresses_let_go(void);

#endif
