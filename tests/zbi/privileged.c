// A first process that does what only holders of the root job and the root resource may do, and
// tells what it was answered.  Words of the kernel's command line say how it ends.

#include "first_process.h"

#define INFO_THREAD 10
#define PROFILE_PRIORITY 1
#define PROFILE_MASK 2
#define PERM_READ 1
#define KIND_THREAD 0x02
#define KIND_JOB 0x03
#define KIND_VMAR 0x04
#define KIND_RESOURCE 0x3f
#define REBOOT 5
#define SHUTDOWN 8
#define PAGE 4096ul

static uint64_t vdso_base;
static uint64_t thread, job, vmar, resource;

static uint64_t number_of(const void* pointer) {
    return (uint64_t)pointer;
}

// A function takes of the arguments what it has parameters for.
static int call(const char* name, const uint64_t* a) {
    int (*function)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                    uint64_t) = find(vdso_base, name);
    return function(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7]);
}

#define CALL(name, ...) call(name, (const uint64_t[8]){__VA_ARGS__})

static void tell(const char* what, uint64_t number) {
    put("first: ");
    put(what);
    put_number(number);
    end_line();
}

// The status of a call, as 32 bits.
#define TELL(what, name, ...) tell(what, (uint32_t)CALL(name, __VA_ARGS__))

static void tell_profiles(void) {
    struct {
        uint32_t flags, padding;
        int32_t priority;
        uint32_t rest[5];
        uint64_t mask[8];
    } info = {.flags = PROFILE_PRIORITY | PROFILE_MASK, .priority = 24, .mask = {6}};
    struct {
        uint32_t state, channel;
        uint64_t mask[8];
        uint64_t reserved[3];
    } told = {0};
    uint32_t profile = 0;
    TELL("profile", "zx_profile_create", job, 0, number_of(&info), number_of(&profile));
    TELL("profile applied", "zx_object_set_profile", thread, profile, 0);
    CALL("zx_object_get_info", thread, 0x1000000a, number_of(&told), sizeof(told), 0, 0);
    CALL("zx_object_get_info", thread, INFO_THREAD, number_of(&told), sizeof(told), 0, 0);
    tell("mask", told.mask[0]);
    TELL("profile closed", "zx_handle_close", profile);
    info.priority = 32;
    TELL("bad profile", "zx_profile_create", job, 0, number_of(&info), number_of(&profile));
}

static void tell_debugging(void) {
    uint32_t words[8] = {0};
    uint32_t vmo = 0;
    char text[300] = {0};
    CALL("zx_vmo_create", PAGE, 0, number_of(&vmo));
    TELL("command", "zx_debug_send_command", resource, number_of(text), 4);
    TELL("long command", "zx_debug_send_command", resource, number_of(text), 257);
    TELL("no root", "zx_debug_send_command", job, number_of(text), 4);
    TELL("trace start", "zx_ktrace_control", resource, 1, 0, 0);
    TELL("trace stop", "zx_ktrace_control", resource, 2, 0, 0);
    TELL("trace probe", "zx_ktrace_control", resource, 4, 0, 8);
    TELL("trace read", "zx_ktrace_read", resource, number_of(words), 0, 8, number_of(words));
    TELL("trace write", "zx_ktrace_write", resource, 0x7ff, 1, 2);
    TELL("counters", "zx_mtrace_control", resource, 1, 0, 0, 0, 0);
    TELL("kernel", "zx_system_mexec", resource, vmo, vmo);
    TELL("no kernel", "zx_system_mexec", resource, vmo, job);
    TELL("payload", "zx_system_mexec_payload_get", resource, number_of(words), sizeof(words));
    tell("payload type", words[0]);
    TELL("short payload", "zx_system_mexec_payload_get", resource, number_of(words), 31);
}

// Maps the page of registers or tables around a physical address; NULL if that cannot be.
static const volatile uint8_t* map_physical(uint64_t address) {
    uint32_t vmo = 0;
    uint64_t mapped = 0;
    uint64_t page = address & ~(PAGE - 1);
    if (CALL("zx_vmo_create_physical", resource, page, PAGE, number_of(&vmo)) != 0 ||
        CALL("zx_vmar_map", vmar, PERM_READ, 0, vmo, 0, PAGE, number_of(&mapped)) != 0) {
        return NULL;
    }
    return (const volatile uint8_t*)(mapped + (address & (PAGE - 1)));
}

static void tell_firmware(void) {
    uint64_t tables[2] = {1, 1};
    TELL("firmware", "zx_pc_firmware_tables", resource, number_of(&tables[0]),
         number_of(&tables[1]));
    for (int i = 0; i < 2; i++) {
        const volatile uint8_t* at = tables[i] != 0 ? map_physical(tables[i]) : NULL;
        tell(i == 0 ? "acpi" : "smbios", at == NULL ? tables[i] : at[0]);
    }
}

#ifdef __x86_64__
#define SCRATCH 0x3ff // of the serial line: remembers what is written

static void tell_ports(void) {
    uint8_t byte = 0;
    uint32_t word = 0;
    TELL("ports", "zx_ioports_request", resource, SCRATCH - 3, 4);
    __asm__ volatile("outb %0, %1" : : "a"((uint8_t)0x5a), "d"((uint16_t)SCRATCH));
    __asm__ volatile("inb %1, %0" : "=a"(byte) : "d"((uint16_t)SCRATCH));
    tell("scratch", byte);
    TELL("low port", "zx_ioports_request", resource, 0x61, 1);
    __asm__ volatile("xorl %%eax, %%eax; inb $0x61, %%al" : "=a"(word));
    tell("low port read", word <= 0xff);
    TELL("returned", "zx_ioports_release", resource, SCRATCH, 1);
}

static void touch_returned_port(void) {
    __asm__ volatile("outb %0, %1" : : "a"((uint8_t)0x5a), "d"((uint16_t)SCRATCH));
}

static void tell_devices(void) {}
#else
#define CLOCK 0x09010000 // PL031: its registers end with its number

static void tell_ports(void) {
    TELL("ports", "zx_ioports_request", resource, 0, 1);
}

static void touch_returned_port(void) {}

static void tell_devices(void) {
    const volatile uint8_t* clock = map_physical(CLOCK);
    tell("clock", clock == NULL ? 0 : *(const volatile uint32_t*)(clock + 0xfe0));
}

#endif

static int has_word(const char* text, size_t size, const char* word) {
    for (size_t i = 0; i < size; i++) {
        size_t length = 0;
        while (word[length] != '\0' && i + length < size && text[i + length] == word[length]) {
            length++;
        }
        if (word[length] == '\0') {
            return 1;
        }
    }
    return 0;
}

__attribute__((visibility("default"))) void first(uint64_t bootstrap, uint64_t vdso);
void first(uint64_t bootstrap, uint64_t vdso) {
    static union {
        uint32_t words[2048];
        char bytes[8192];
    } message;
    static uint32_t handles[32];
    uint32_t size = 0, count = 0;
    vdso_base = vdso;
    debug_write = find(vdso, "zx_debug_write");
    CALL("zx_channel_read", bootstrap, 0, number_of(message.bytes), number_of(handles),
         sizeof(message), 32, number_of(&size), number_of(&count));
    const uint32_t* info = &message.words[message.words[2] / sizeof(uint32_t)];
    for (uint32_t i = 0; i < count; i++) {
        thread = info[i] == KIND_THREAD ? handles[i] : thread;
        job = info[i] == KIND_JOB ? handles[i] : job;
        vmar = info[i] == KIND_VMAR ? handles[i] : vmar;
        resource = info[i] == KIND_RESOURCE ? handles[i] : resource;
    }
    tell_profiles();
    tell_debugging();
    tell_firmware();
    tell_devices();
    tell_ports();
    if (has_word(message.bytes, size, "end=reboot")) {
        TELL("rebooted", "zx_system_powerctl", resource, REBOOT, 0);
    }
    if (has_word(message.bytes, size, "end=off")) {
        TELL("off", "zx_system_powerctl", resource, SHUTDOWN, 0);
    }
    if (has_word(message.bytes, size, "end=ports")) {
        touch_returned_port();
    }
    put("first: done");
    end_line();
    CALL("zx_process_exit", 7);
}
