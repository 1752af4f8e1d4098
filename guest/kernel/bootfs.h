// The boot file system: files by name, in one VMO.
#pragma once

#include "vmo.h"

// A file's content as a copy-on-write VMO of its own, named after it.  NOT_FOUND;
// IO_DATA_INTEGRITY: the directory is broken; what making a VMO may say.
zx_status_t bootfs_open(struct vmo* file_system, const char* name, struct vmo** out);
