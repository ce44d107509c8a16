// SPDX-License-Identifier: MIT
#include "retired-links.h"

/* As many as there are slots of calls. */
#define MAX_RETIRED 4096
/* In one turn of the loop: under emulation each takes 50 ms. */
#define PER_TURN 4

static struct bpf_link *retired[MAX_RETIRED];
static unsigned int count;

void retired_links_add(struct bpf_link *link)
{
	if (link && count < MAX_RETIRED)
		retired[count++] = link;
	else
		bpf_link__destroy(link);
}

bool retired_links_go_on(void)
{
	if (count)
		frames_put_busy();
	for (unsigned int i = 0; i < PER_TURN && count; i++)
		bpf_link__destroy(retired[--count]);
	return count;
}
