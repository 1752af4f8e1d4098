// The kernel's own command line on the serial line, for people ("console" among the boot words).
#pragma once

#include "arch.h"

void console_init(void);
// A byte other than the doorbell has come.
void console_received(uint8_t byte);
