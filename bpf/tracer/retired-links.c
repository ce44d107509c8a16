// SPDX-License-Identifier: MIT
#include "retired-links.h"

static struct bpf_link *retired[FUNCTION_SLOTS];
static unsigned int count;

void retired_links_add(struct bpf_link *link)
{
	if (link && count < FUNCTION_SLOTS)
		retired[count++] = link;
	else
		bpf_link__destroy(link);
}

bool retired_links_go_on(void)
{
	if (count)
		frames_put_busy();
	for (unsigned int i = 0; i < LINKS_PER_TURN && count; i++)
		bpf_link__destroy(retired[--count]);
	return count;
}
