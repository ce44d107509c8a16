/* SPDX-License-Identifier: MIT */
/* What the kernel itself writes to its log, from /dev/kmsg: from the oldest record that is left on, as far as the reader keeps up. */
#ifndef KLPSCOPE_KERNEL_LOG_H
#define KLPSCOPE_KERNEL_LOG_H

#include <linux/types.h>
#include <stdbool.h>

/* Opens what cannot be opened any more once the tracer is confined. */
void kernel_log_begin(void);
/* True: there is more to do now. */
bool kernel_log_go_on(void);
/* To be polled for input, or -1: then there is nothing to be polled for until kernel_log_due_ns(). */
int kernel_log_fd(void);
__u64 kernel_log_due_ns(void);

#endif
