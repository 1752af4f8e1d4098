// The configuration space of PCI devices, by ports.

#include "cpu.h"

#define PCI_ADDRESS 0xcf8
#define PCI_DATA 0xcfc
#define PCI_ENABLE 0x80000000u

uint32_t arch_pci_read(uint32_t address) {
    outl(PCI_ADDRESS, PCI_ENABLE | address);
    return inl(PCI_DATA);
}

void arch_pci_write(uint32_t address, uint32_t value) {
    outl(PCI_ADDRESS, PCI_ENABLE | address);
    outl(PCI_DATA, value);
}
