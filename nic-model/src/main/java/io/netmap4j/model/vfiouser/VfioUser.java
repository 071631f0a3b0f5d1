package io.netmap4j.model.vfiouser;

/**
 * Numbers of the vfio-user protocol, version 0.0 (QEMU's docs/interop/vfio-user.rst), and those of
 * VFIO that it carries (Linux's include/uapi/linux/vfio.h).
 */
final class VfioUser {
  // Header: id 2, command 2, size of the whole message 4, flags 4, errno 4.
  static final int HEADER = 16;
  static final int COMMAND_AT = 2;
  static final int SIZE_AT = 4;
  static final int FLAGS_AT = 8;
  static final int ERROR_AT = 12;
  static final int REPLY = 0x01;
  static final int NO_REPLY = 0x10;
  static final int ERROR = 0x20;

  static final int VERSION = 1;
  static final int DMA_MAP = 2;
  static final int DMA_UNMAP = 3;
  static final int DEVICE_GET_INFO = 4;
  static final int DEVICE_GET_REGION_INFO = 5;
  static final int DEVICE_GET_REGION_IO_FDS = 6;
  static final int DEVICE_GET_IRQ_INFO = 7;
  static final int DEVICE_SET_IRQS = 8;
  static final int REGION_READ = 9;
  static final int REGION_WRITE = 10;
  static final int DMA_READ = 11;
  static final int DMA_WRITE = 12;
  static final int DEVICE_RESET = 13;
  static final int DIRTY_PAGES = 14;
  static final int REGION_WRITE_MULTI = 15;
  static final int DEVICE_FEATURE = 16;
  static final int MIG_DATA_READ = 17;
  static final int MIG_DATA_WRITE = 18;

  static final int DEVICE_FLAGS_RESET = 1;
  static final int DEVICE_FLAGS_PCI = 2;

  static final int REGION_FLAG_READ = 1;
  static final int REGION_FLAG_WRITE = 2;
  static final int REGION_FLAG_MMAP = 4;
  static final int BAR0 = 0;
  static final int BAR2 = 2;
  static final int BAR4 = 4;
  static final int CONFIG = 7;
  static final int REGIONS = 9;

  static final int DMA_FLAG_READ = 1;
  static final int DMA_FLAG_WRITE = 2;
  static final int UNMAP_FLAG_ALL = 2;

  static final int INTX = 0;
  static final int MSI = 1;
  static final int MSIX = 2;
  static final int ERR = 3;
  static final int REQ = 4;
  static final int IRQS = 5;
  static final int IRQ_EVENTFD = 1;
  static final int IRQ_MASKABLE = 2;
  static final int IRQ_AUTOMASKED = 4;
  static final int IRQ_NORESIZE = 8;

  static final int DATA_NONE = 0x01;
  static final int DATA_BOOL = 0x02;
  static final int DATA_EVENTFD = 0x04;
  static final int ACTION_MASK = 0x08;
  static final int ACTION_UNMASK = 0x10;
  static final int ACTION_TRIGGER = 0x20;

  private VfioUser() {}
}
