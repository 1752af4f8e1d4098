// The kernel's log and the objects through which it is written and read.
#pragma once

#include "object.h"

struct debuglog;

// readable: its reader starts with the oldest record there is.  NULL without memory.
struct debuglog* debuglog_create(bool readable);
struct dispatcher* debuglog_dispatcher(struct debuglog* log);
struct debuglog* debuglog_from_dispatcher(struct dispatcher* object);
// Adds a record to the log, and prints it; data beyond ZX_LOG_RECORD_DATA_MAX is cut.
void debuglog_write(uint8_t severity, uint8_t flags, const void* data, size_t size);
// Goes past the next record, its data behind it.  SHOULD_WAIT.
zx_status_t debuglog_next(struct debuglog* log, const zx_log_record_t** record);
// Prints what a user wrote, without the bytes that mean something to the host or a terminal.
void print_user_text(const char* text, size_t length);
