// SPDX-License-Identifier: (GPL-2.0 OR MIT)
#include "klpt_twins.h"

KLPT_TWIN(klpt_call_first, "first: original")
