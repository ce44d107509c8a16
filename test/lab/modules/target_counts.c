// SPDX-License-Identifier: (GPL-2.0 OR MIT)
/*
 * The exact account of shadow variables by id, kept by those who make them, for
 * tests to hold against what a tracer counted.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>

#include "klpt.h"

#define MAX_IDS		64

struct account {
	unsigned long id;
	u64 allocated;
	u64 freed;
	u64 found;
};

static DEFINE_SPINLOCK(accounts_lock);
static struct account accounts[MAX_IDS];
static int accounts_used;

static struct account *account_of(unsigned long id)
{
	int i;

	for (i = 0; i < accounts_used; i++) {
		if (accounts[i].id == id)
			return &accounts[i];
	}
	if (WARN_ONCE(accounts_used == MAX_IDS, "klpt_target: more than %d shadow ids\n", MAX_IDS))
		return NULL;
	accounts[accounts_used].id = id;
	return &accounts[accounts_used++];
}

/* Also called from constructors and destructors, which run under the spinlock of the shadow API. */
void klpt_note_shadow(unsigned long id, int delta)
{
	struct account *account;
	unsigned long flags;

	spin_lock_irqsave(&accounts_lock, flags);
	account = account_of(id);
	if (account && delta > 0)
		account->allocated++;
	else if (account && delta < 0)
		account->freed++;
	else if (account)
		account->found++;
	spin_unlock_irqrestore(&accounts_lock, flags);
}
EXPORT_SYMBOL_GPL(klpt_note_shadow);

/* One line per id: 0xID live allocated freed found */
static int shadow_counts_show(struct seq_file *m, void *v)
{
	unsigned long flags;
	int i;

	spin_lock_irqsave(&accounts_lock, flags);
	for (i = 0; i < accounts_used; i++) {
		const struct account *a = &accounts[i];

		seq_printf(m, "0x%lx %lld %llu %llu %llu\n", a->id,
			   (s64)(a->allocated - a->freed), a->allocated, a->freed, a->found);
	}
	spin_unlock_irqrestore(&accounts_lock, flags);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(shadow_counts);

void klpt_counts_start(struct dentry *dir)
{
	debugfs_create_file("shadow_counts", 0400, dir, NULL, &shadow_counts_fops);
}
