// SPDX-License-Identifier: MIT
#include "known-addresses.h"
#include <stddef.h>
#include <string.h>

/* A power of two. The original and the replacement of 4096 functions, and as many frames of stacks. */
#define PLACES 16384
#define MAX_KNOWN (PLACES / 4 * 3)

/* Each address at its place or behind it, up to the next free one. */
static struct known_address known[PLACES], kept[PLACES];
static unsigned int count, unnamed;

static struct known_address *place_of(__u64 address)
{
	/* Fibonacci hashing: addresses differ in the middle. */
	unsigned int at = (address * 0x9e3779b97f4a7c15ull) >> 50;

	while (known[at].address && known[at].address != address)
		at = (at + 1) % PLACES;
	return &known[at];
}

void addresses_forget(bool also_held)
{
	unsigned int left = 0;

	for (unsigned int at = 0; at < PLACES; at++)
		if (known[at].address && (!known[at].named || (known[at].held && !also_held)))
			kept[left++] = known[at];
	memset(known, 0, sizeof(known));
	for (unsigned int i = 0; i < left; i++)
		*place_of(kept[i].address) = kept[i];
	count = left;
}

void addresses_let_go(void)
{
	for (unsigned int at = 0; at < PLACES; at++)
		known[at].held = false;
}

struct known_address *address_take(__u64 address, bool returned_to)
{
	struct known_address *place = place_of(address);

	if (place->address)
		return place;
	if (count == MAX_KNOWN) {
		addresses_forget(true);
		if (count == MAX_KNOWN)
			return NULL;
		place = place_of(address);
	}
	*place = (struct known_address){ .address = address, .returned_to = returned_to };
	count++;
	unnamed++;
	return place;
}

struct known_address *address_to_name(void)
{
	static unsigned int at;

	if (!unnamed)
		return NULL;
	/* There is one: unnamed ones are never forgotten. */
	while (!known[at].address || known[at].named)
		at = (at + 1) % PLACES;
	known[at].named = true;
	unnamed--;
	return &known[at];
}
