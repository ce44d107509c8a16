/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The kernel's hash of shadow variables, as far as it is read: kernel/livepatch/shadow.c. */
#ifndef KLPSCOPE_SHADOW_HASH_BPF_H
#define KLPSCOPE_SHADOW_HASH_BPF_H

#include "common.bpf.h"

/* include/linux/hash.h, hash_64_generic() to 12 bits */
#define HASH_BITS 12
#define GOLDEN_RATIO_64 0x61C8864680B583EBull
/* Of one bucket: more than this and the answer is "not known". */
#define LONGEST_CHAIN 128

static __always_inline __u32 bucket_of(__u64 object)
{
	return (object * GOLDEN_RATIO_64) >> (64 - HASH_BITS);
}

static __always_inline __u64 first_of(__u32 bucket)
{
	__u64 node = 0;

	bpf_probe_read_kernel(&node, sizeof(node), (void *)(kernel_at.klp_shadow_hash + bucket * sizeof(node)));
	return node;
}

/* The lock's word is not 0 while somebody holds or waits for it. */
static __always_inline bool hash_is_locked(void)
{
	__u32 word = 1;

	READ_VARIABLE(word, klp_shadow_lock);
	return word;
}

enum search { ABSENT, PRESENT, TOO_LONG };

/* No node's address. */
#define IS_PRESENT 1

/* IS_PRESENT, or the node that follows. */
__global __u64 step_search(__u64 node, __u64 object, __u64 id)
{
	struct klp_shadow *shadow = (struct klp_shadow *)node;

	if ((__u64)BPF_CORE_READ(shadow, obj) == object && BPF_CORE_READ(shadow, id) == id)
		return IS_PRESENT;
	return (__u64)BPF_CORE_READ(shadow, node.next);
}

/* Without klp_shadow_lock: a variable that comes or goes meanwhile may or may not be found. */
__global int search_shadow(__u64 object, __u64 id)
{
	__u64 node = first_of(bucket_of(object));

	for (int i = 0; i < LONGEST_CHAIN; i++) {
		if (!node)
			return ABSENT;
		node = step_search(node, object, id);
		if (node == IS_PRESENT)
			return PRESENT;
	}
	return TOO_LONG;
}

#endif
