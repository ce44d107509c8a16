// SPDX-License-Identifier: (GPL-2.0 OR MIT)
#define VENDOR "livepatch_vendor"
#include "klpt_vendor.h"
