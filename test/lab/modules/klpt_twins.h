/* SPDX-License-Identifier: (GPL-2.0 OR MIT) */
#ifndef KLPT_TWINS_H
#define KLPT_TWINS_H

#include <linux/seq_file.h>

int klpt_call_first(struct seq_file *m);
int klpt_call_second(struct seq_file *m);

/* noipa: or the compiler makes a klpt_twin_show.isra.0 of it. */
#define KLPT_TWIN(call, text)						\
static __attribute__((noipa)) int klpt_twin_show(struct seq_file *m)	\
{									\
	seq_puts(m, text "\n");						\
	barrier();							\
	return 0;							\
}									\
int call(struct seq_file *m)						\
{									\
	int err = klpt_twin_show(m);					\
									\
	barrier();							\
	return err;							\
}

#endif
