// SPDX-License-Identifier: MIT
#include "passive.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>

static bool asked;

void passive_ask(void)
{
	asked = true;
}

/*
 * Vendors' kernels with CONFIG_LIVEPATCH_WO_FTRACE or CONFIG_LIVEPATCH_RESTRICT_KPROBE: there a livepatch overwrites
 * the function's first bytes, which a kprobe does as well, and is refused while there is one.
 */
const char *const passive_signs[PASSIVE_SIGNS] = { "arch_klp_patch_func", "klp_check_patch_kprobed" };

/* Is one of the words of a line of os-release, `KEY=word` or `KEY="word word"`, this one? */
static bool has_word(char *line, const char *wanted)
{
	char *rest = strchr(line, '='), *word;

	while (rest && (word = strtok_r(rest, "=\"' \n", &rest)))
		if (!strcmp(word, wanted))
			return true;
	return false;
}

/*
 * Red Hat and those who build the same system again: "You must not use the SystemTap or kprobe tool during or after
 * loading a patch" (Managing, monitoring, and updating the kernel, Limitations of kpatch).
 */
static bool vendor_forbids(void)
{
	FILE *file = fopen("/etc/os-release", "r");
	char line[512];
	bool forbids = false;

	if (!file)
		file = fopen("/usr/lib/os-release", "r");
	while (file && !forbids && fgets(line, sizeof(line), file))
		forbids = (!strncmp(line, "ID=", 3) || !strncmp(line, "ID_LIKE=", 8)) && has_word(line, "rhel");
	if (file)
		fclose(file);
	return forbids;
}

/* kernel_lockdown(7): `none integrity [confidentiality]`. */
static bool is_locked_down(void)
{
	FILE *file = fopen("/sys/kernel/security/lockdown", "r");
	char line[64] = "";
	bool is;

	is = file && fgets(line, sizeof(line), file) && strstr(line, "[confidentiality]");
	if (file)
		fclose(file);
	return is;
}

struct passive passive_judge(unsigned int signs)
{
	if (is_locked_down())
		return (struct passive){ "passive: the kernel is locked down (confidentiality)", -EPERM, true };
	if (asked)
		return (struct passive){ "passive: started with --passive", -ECANCELED, false };
	if (signs)
		return (struct passive){ "passive: this kernel's livepatches do not go together with kprobes", -EBUSY,
					 false };
	if (vendor_forbids())
		return (struct passive){ "passive: the vendor forbids kprobes while livepatches are in use", -EOPNOTSUPP,
					 false };
	return (struct passive){ NULL, 0, false };
}
