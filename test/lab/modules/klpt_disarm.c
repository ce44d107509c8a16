// SPDX-License-Identifier: (GPL-2.0 OR MIT)
/*
 * klpt_disarm: while it is loaded, the kprobe that somebody else has on a
 * function is disabled. In no list but debugfs does that show.
 */
#include <linux/kprobes.h>
#include <linux/module.h>

static char *function = "klp_shadow_free_struct";
module_param(function, charp, 0444);

static struct kprobe *disarmed;

/* Neither is exported. */
typedef unsigned long (*lookup_t)(const char *name);
typedef struct kprobe *(*get_kprobe_t)(void *address);

static unsigned long lookup(const char *name)
{
	static lookup_t kallsyms_lookup;
	struct kprobe finder = { .symbol_name = "kallsyms_lookup_name" };

	if (!kallsyms_lookup) {
		if (register_kprobe(&finder))
			return 0;
		kallsyms_lookup = (lookup_t)finder.addr;
		unregister_kprobe(&finder);
	}
	return kallsyms_lookup(name);
}

static int __init klpt_disarm_init(void)
{
	get_kprobe_t get = (get_kprobe_t)lookup("get_kprobe");
	char *address = (char *)lookup(function);

	if (!get || !address)
		return -ENOENT;
	/* Behind an endbr64, where the kernel is built with those. */
	preempt_disable();
	disarmed = get(address);
	if (!disarmed)
		disarmed = get(address + 4);
	preempt_enable();
	return disarmed ? disable_kprobe(disarmed) : -ESRCH;
}

static void __exit klpt_disarm_exit(void)
{
	enable_kprobe(disarmed);
}

module_init(klpt_disarm_init);
module_exit(klpt_disarm_exit);
MODULE_LICENSE("GPL");
MODULE_VERSION("1.0");
MODULE_DESCRIPTION("Disables somebody else's kprobe");
