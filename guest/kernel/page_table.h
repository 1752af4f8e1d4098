// The tree of page tables, the same on every architecture: four levels of 512 entries, 4 KiB pages
// for user memory and the kernel's image, larger ones for the rest of the physical map.
//
// page_table.c walks the tree and provides the address spaces of arch.h.  What an entry looks like
// and how the processor learns of a change is in "page_entry.h" of each architecture, as inline
// functions:
//
//   PAGE_ENTRY_ADDRESS              the bits of an entry that are an address
//   page_entry_is_valid(entry)
//   page_entry_table(table, flags)  leads to the next level's table; MMU_USER: a user's
//   page_entry_user(page, flags)    a page of user memory (MMU_*)
//   page_entry_flags(entry)         and back
//   page_entry_kernel(page, level, flags)
//                                   a page of the kernel's; level 0: 4 KiB, 1: 2 MiB, 2: 1 GiB
//   page_root_share_kernel(root, kernel_root)
//                                   gives a new top-level table what all have in common
//   page_root_unshare_kernel(root)  takes that out again: the table then holds zeros only
//   page_root_load(root)            makes an address space the current one and forgets the others
//   page_cache_flush(vaddr), page_cache_flush_all()
//                                   forget what is known of a user page, of all
//   page_entry_published()          a new entry is seen by the next access
#pragma once

#include "arch.h"

#define PAGE_TABLE_ENTRIES 512
#define LARGE_PAGE (2ul << 20)

// An empty table for the kernel; panics without memory.
paddr_t page_table_new(void);
// Maps one page of the kernel's, of the given level and with MMU_* flags.
void page_table_map_kernel(paddr_t root, uint64_t vaddr, paddr_t page, int level, uint32_t flags);
// Maps the kernel's image, and [ram_start, ram_end) in the physical map.
void page_table_map_memory(paddr_t root, paddr_t ram_start, paddr_t ram_end);
// Leaves the boot tables; `root` is the tree while there is no user.
void page_table_start(paddr_t root);
