// Network sockets: made by a provider service that the caller's connector reaches.

#include "private.h"

// Numbers of <sys/socket.h> and <netinet/in.h>.
enum {
    DOMAIN_INET = 2,
    DOMAIN_INET6 = 10,
    DOMAIN_PACKET = 17,
    TYPE_STREAM = 1,
    TYPE_DGRAM = 2,
    TYPE_RAW = 3,
    PROTOCOL_ICMP = 1,
    PROTOCOL_TCP = 6,
    PROTOCOL_UDP = 17,
    PROTOCOL_ICMPV6 = 58,
};

// Packet sockets carry a 16-bit protocol number.
static zx_status_t packet_provider(int type, int protocol, const char** out_name) {
    if (type != TYPE_DGRAM && type != TYPE_RAW) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (protocol < 0 || protocol > UINT16_MAX) {
        return ZX_ERR_INVALID_ARGS;
    }
    *out_name = "fuchsia.posix.socket.packet.Provider";
    return ZX_OK;
}

static zx_status_t raw_provider(int protocol, const char** out_name) {
    if (protocol == 0) {
        return ZX_ERR_PROTOCOL_NOT_SUPPORTED;
    }
    if (protocol < 0 || protocol > UINT8_MAX) {
        return ZX_ERR_INVALID_ARGS;
    }
    *out_name = "fuchsia.posix.socket.raw.Provider";
    return ZX_OK;
}

// Which service makes the socket, by the table of domains, types and protocols.
static zx_status_t choose_provider(int domain, int type, int protocol, const char** out_name) {
    if (domain == DOMAIN_PACKET) {
        return packet_provider(type, protocol, out_name);
    }
    if (domain != DOMAIN_INET && domain != DOMAIN_INET6) {
        return ZX_ERR_PROTOCOL_NOT_SUPPORTED;
    }
    *out_name = "fuchsia.posix.socket.Provider";
    int icmp = domain == DOMAIN_INET ? PROTOCOL_ICMP : PROTOCOL_ICMPV6;
    switch (type) {
    case TYPE_STREAM:
        return protocol == 0 || protocol == PROTOCOL_TCP ? ZX_OK : ZX_ERR_PROTOCOL_NOT_SUPPORTED;
    case TYPE_DGRAM:
        return protocol == 0 || protocol == PROTOCOL_UDP || protocol == icmp
                   ? ZX_OK
                   : ZX_ERR_PROTOCOL_NOT_SUPPORTED;
    case TYPE_RAW:
        return raw_provider(protocol, out_name);
    default:
        return ZX_ERR_PROTOCOL_NOT_SUPPORTED;
    }
}

// The library does not speak to servers yet: a provider that was reached is answered as one that
// closes.  Its handle is only borrowed from the connector.
zx_status_t zxio_socket(zxio_service_connector service_connector, int domain, int type,
                        int protocol, zxio_storage_alloc allocator, void** out_context,
                        int16_t* out_code) {
    (void)allocator, (void)out_context, (void)out_code;
    const char* name;
    zx_status_t status = choose_provider(domain, type, protocol, &name);
    if (status != ZX_OK) {
        return status;
    }
    zx_handle_t provider = ZX_HANDLE_INVALID;
    if (service_connector == NULL || service_connector(name, &provider) != ZX_OK) {
        return ZX_ERR_IO;
    }
    return ZX_ERR_PEER_CLOSED;
}
