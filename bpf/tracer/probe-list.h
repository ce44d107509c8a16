/* SPDX-License-Identifier: MIT */
/* Which of the kprobes on functions the kernel lets fire: /sys/kernel/debug/kprobes/list. */
#ifndef KLPSCOPE_PROBE_LIST_H
#define KLPSCOPE_PROBE_LIST_H

#include "object.h"

/* Opens it, and looks which of the probes are in it. */
void probe_list_begin(struct klpscope_bpf *skeleton);
/* Looks at it when that is due. True: a probe is silent that was not, or fires again; object_put_probes() says which. */
bool probe_list_go_on(void);
/* Looks at it now: is a probe silent that is there for this program? */
bool probe_list_silences(const struct bpf_program *program);
/* Tells of each function whose probes fire again since the last call that they do. True: there were some. */
bool probe_list_tell_returned(void (*tell)(const char *function, __u64 from_ns, bool over, const char *why));

#endif
