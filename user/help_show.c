// SPDX-License-Identifier: GPL-2.0-only
#include "help_text.h"

const char help_show[] = "calitrace show [OPTIONS]\n";
