// The first user process.
#pragma once

#include "arch.h"

// Longest name of a file to start, with its NUL.
#define USERBOOT_NAME_SIZE 128

// Makes the root job and the first process in it, ready to run; panics if that cannot be done.  It
// is the agent unless the command line says "userboot=NAME".
void userboot(void);
// The process from that file of the boot file system.
void userboot_from_container(const char* name);
