// In the place of the stress program: tells of a second round that ends with more than the first.

#include "../zbi/first_process.h"

__attribute__((visibility("default"))) void first(uint64_t bootstrap, uint64_t vdso);
void first(uint64_t bootstrap, uint64_t vdso) {
    (void)bootstrap;
    debug_write = find(vdso, "zx_debug_write");
    put("stress: round 0 100 20 10 50\nstress: round 1 200 20 12 51\n");
    put("stress: round 2 300 20 11 51\nstress: end 3 300");
    end_line();
    for (;;) {
    }
}
