// The first user process.
#pragma once

// Makes the root job and the agent in it, ready to run; panics if that cannot be done.
void userboot(void);
