// A first user process: made from an ELF image, started by Zircon's convention.
#pragma once

#include "object.h"

struct process;
struct thread_dispatcher;
struct vmo;

// Handle types of the bootstrap message; the argument goes into the upper half.
#define PA_PROC_SELF 0x01
#define PA_THREAD_SELF 0x02
#define PA_JOB_DEFAULT 0x03
#define PA_VMAR_ROOT 0x04
#define PA_VMO_VDSO 0x11
#define PA_VMO_STACK 0x13
#define PA_VMO_BOOTDATA 0x1a
#define PA_VMO_BOOTFS 0x1b
#define PA_RESOURCE 0x3f
#define PA_USER0 0xf0
#define PA_INFO(type, argument) ((uint32_t)(type) | (uint32_t)(argument) << 16)

// Of a VMO whose content is not to be changed.
#define CONSTANT_VMO_RIGHTS                                                                        \
    ((ZX_DEFAULT_VMO_RIGHTS | ZX_RIGHT_EXECUTE) & ~(zx_rights_t)ZX_RIGHT_WRITE)

// A handle that the process is given.
struct boot_handle {
    struct dispatcher* object; // NULL: left out
    zx_rights_t rights;
    uint32_t info; // PA_INFO
};

// Texts that it is given, each with its NUL, one behind the other: arguments, then environment.
struct boot_texts {
    const char* bytes;
    uint32_t size; // bytes
    uint32_t arguments;
    uint32_t environment;
};

// Makes a process of that name in the root job.  It gets what every process starts with, namely
// itself, its thread, its address space, the root job, the vDSO, its stack and the root resource,
// and the handles and texts given here.  Returns the process, of which the caller holds no
// reference; panics if it cannot be made.
struct process* first_process_make(const char* name, struct vmo* image,
                                   const struct boot_handle* handles, uint32_t count,
                                   const struct boot_texts* texts);
// Lets it run.  Time must be known by now (ktimer_init): the vDSO tells it.
void first_process_start(void);
// Panics unless the status is ZX_OK, naming what has failed.
void userboot_check(zx_status_t status, const char* what);
// A file in the kernel's image, as it lies there.
struct vmo* blob_vmo(const uint8_t* start, const uint8_t* end, const char* name);
// The one page among the image's constants that the kernel writes, with the vDSO's own constants.
paddr_t vdso_constants_page(void);
