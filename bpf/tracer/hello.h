/* SPDX-License-Identifier: MIT */
#ifndef KLPSCOPE_HELLO_H
#define KLPSCOPE_HELLO_H

#include <bpf/btf.h>

/* HELLO, and LAYOUT and ENUM of all that the object's BTF says of `union any_record`. False: it says nothing. */
bool hello_put(const struct btf *btf);
/* PROBE: `reason` is NULL when it is attached; `error` 0 or a negative errno. */
void hello_put_probe(const char *program, const char *subject, const char *reason, int error);
void hello_put_ready(unsigned int attached, unsigned int lacking, __u64 load_ns, __u64 attach_ns);

#endif
