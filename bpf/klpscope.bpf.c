// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * All probe sets as one object: they share a ring buffer, the kernel's variables and what the compiler can inline.
 */
#include "transition.bpf.c"
#include "tasks.bpf.c"
#include "lifecycle.bpf.c"
#include "inventory.bpf.c"
#include "shadow.bpf.c"
#include "iterators.bpf.c"
#include "function-calls.bpf.c"
#include "symbols.bpf.c"
#include "links.bpf.c"

char LICENSE[] SEC("license") = "Dual MIT/GPL";
