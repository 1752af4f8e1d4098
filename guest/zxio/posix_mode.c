// POSIX st_mode from what an object says of itself.

#include "zxio.h"

#define S_IFDIR 0040000u
#define S_IFREG 0100000u
#define S_IRUSR 0400u
#define S_IWUSR 0200u
#define S_IXUSR 0100u

// A directory wins over a file, a file over a connector; only the owner's bits are set.
uint32_t zxio_get_posix_mode(zxio_node_protocols_t protocols, zxio_abilities_t abilities) {
    bool directory = (protocols & ZXIO_NODE_PROTOCOL_DIRECTORY) != 0;
    zxio_abilities_t read = directory ? ZXIO_OPERATION_ENUMERATE : ZXIO_OPERATION_READ_BYTES;
    zxio_abilities_t write =
        directory ? ZXIO_OPERATION_MODIFY_DIRECTORY : ZXIO_OPERATION_WRITE_BYTES;
    zxio_abilities_t execute = directory ? ZXIO_OPERATION_TRAVERSE : ZXIO_OPERATION_EXECUTE;

    uint32_t mode = 0;
    if (directory) {
        mode = S_IFDIR;
    } else if (protocols & (ZXIO_NODE_PROTOCOL_FILE | ZXIO_NODE_PROTOCOL_CONNECTOR)) {
        mode = S_IFREG;
    }
    mode |= abilities & read ? S_IRUSR : 0;
    mode |= abilities & write ? S_IWUSR : 0;
    mode |= abilities & execute ? S_IXUSR : 0;
    return mode;
}
