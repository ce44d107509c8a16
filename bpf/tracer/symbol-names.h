/* SPDX-License-Identifier: MIT */
/* SYMBOL of the addresses in the records that pass by. */
#ifndef KLPSCOPE_SYMBOL_NAMES_H
#define KLPSCOPE_SYMBOL_NAMES_H

#include "inventory-walk.h"

void symbol_names_begin(struct klpscope_bpf *skeleton);
/* Looks at a record that passes by: what it says of modules, then which addresses it has. */
void symbol_names_see(const struct record_header *record, struct walk_step step);
/* Names some of the addresses that are not named yet. True: there are more. */
bool symbol_names_go_on(void);

#endif
