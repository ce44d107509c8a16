/* SPDX-License-Identifier: (GPL-2.0 OR MIT) */
/* The functions of klpt_many, for it and for its patch: 240 of three digits, and one with a very long name. */
#ifndef KLPT_MANY_H
#define KLPT_MANY_H

#define KLPT_TEN(each, n) \
	each(n##0) each(n##1) each(n##2) each(n##3) each(n##4) each(n##5) each(n##6) each(n##7) each(n##8) each(n##9)
#define KLPT_HUNDRED(each, n) \
	KLPT_TEN(each, n##0) KLPT_TEN(each, n##1) KLPT_TEN(each, n##2) KLPT_TEN(each, n##3) KLPT_TEN(each, n##4) \
	KLPT_TEN(each, n##5) KLPT_TEN(each, n##6) KLPT_TEN(each, n##7) KLPT_TEN(each, n##8) KLPT_TEN(each, n##9)
#define KLPT_FOR_MANY(each) \
	KLPT_HUNDRED(each, 0) KLPT_HUNDRED(each, 1) \
	KLPT_TEN(each, 20) KLPT_TEN(each, 21) KLPT_TEN(each, 22) KLPT_TEN(each, 23)

/* 135 letters, as instances of templates and symbols of Rust have them. */
#define KLPT_LONG \
	klpt_long_name_as_template_instances_and_rust_symbols_have_them_long_name_as_template_instances_and_rust_symbols_have_them_and_its_tail

/* Both sleep in it. */
void klpt_many_wait(void);

#endif
