package io.netmap4j.vfio;

import io.netmap4j.linux.Machine;

/**
 * Numbers and structures of linux/vfio.h, by their names there. A structure's fields are offsets;
 * without a field, the name is its size as far as we use it. LinuxAbiTest compares all with the
 * headers of each processor.
 */
final class VfioAbi {
  static final int GET_API_VERSION = io(0);
  static final int CHECK_EXTENSION = io(1);
  static final int SET_IOMMU = io(2);
  static final int GROUP_GET_STATUS = io(3);
  static final int GROUP_SET_CONTAINER = io(4);
  static final int GROUP_UNSET_CONTAINER = io(5);
  static final int GROUP_GET_DEVICE_FD = io(6);
  static final int DEVICE_GET_INFO = io(7);
  static final int DEVICE_GET_REGION_INFO = io(8);
  static final int DEVICE_GET_IRQ_INFO = io(9);
  static final int DEVICE_SET_IRQS = io(10);
  static final int DEVICE_RESET = io(11);
  static final int IOMMU_GET_INFO = io(12);
  static final int IOMMU_SPAPR_TCE_GET_INFO = io(12);
  static final int IOMMU_MAP_DMA = io(13);
  static final int IOMMU_UNMAP_DMA = io(14);
  static final int IOMMU_SPAPR_REGISTER_MEMORY = io(17);
  static final int IOMMU_SPAPR_UNREGISTER_MEMORY = io(18);
  static final int IOMMU_SPAPR_TCE_CREATE = io(19);
  static final int IOMMU_SPAPR_TCE_REMOVE = io(20);

  // Extensions: kinds of IOMMU.
  static final int TYPE1V2_IOMMU = 3;
  static final int SPAPR_TCE_V2_IOMMU = 7;

  // struct vfio_group_status.
  static final int GROUP_STATUS = 8;
  static final int GROUP_STATUS_FLAGS = 4;
  static final int GROUP_FLAGS_VIABLE = 1;

  // struct vfio_device_info.
  static final int DEVICE_INFO = 16;
  static final int DEVICE_INFO_FLAGS = 4;
  static final int DEVICE_INFO_NUM_REGIONS = 8;
  static final int DEVICE_INFO_NUM_IRQS = 12;

  // struct vfio_region_info.
  static final int REGION_INFO = 32;
  static final int REGION_INFO_FLAGS = 4;
  static final int REGION_INFO_INDEX = 8;
  static final int REGION_INFO_SIZE = 16;
  static final int REGION_INFO_OFFSET = 24;
  static final int REGION_INFO_FLAG_MMAP = 1 << 2;
  static final int REGION_INFO_FLAG_CAPS = 1 << 3;

  // struct vfio_irq_info.
  static final int IRQ_INFO = 16;
  static final int IRQ_INFO_INDEX = 8;
  static final int IRQ_INFO_COUNT = 12;

  // struct vfio_irq_set.
  static final int IRQ_SET_FLAGS = 4;
  static final int IRQ_SET_INDEX = 8;
  static final int IRQ_SET_COUNT = 16;
  static final int IRQ_SET_DATA = 20;

  // struct vfio_iommu_type1_info, vfio_info_cap_header, vfio_iommu_type1_info_cap_iova_range,
  // vfio_iova_range.
  static final int TYPE1_INFO = 24;
  static final int TYPE1_INFO_FLAGS = 4;
  static final int TYPE1_INFO_CAP_OFFSET = 16;
  static final int IOMMU_INFO_CAPS = 1 << 1;
  static final int CAP_HEADER = 8;
  static final int CAP_HEADER_NEXT = 4;
  static final int IOMMU_TYPE1_INFO_CAP_IOVA_RANGE = 1;
  static final int IOVA_RANGES_NR_IOVAS = 8;
  static final int IOVA_RANGES = 16;
  static final int IOVA_RANGE = 16;
  static final int IOVA_RANGE_END = 8;

  // struct vfio_iommu_type1_dma_map, vfio_iommu_type1_dma_unmap.
  static final int DMA_MAP = 32;
  static final int DMA_MAP_FLAGS = 4;
  static final int DMA_MAP_VADDR = 8;
  static final int DMA_MAP_IOVA = 16;
  static final int DMA_MAP_SIZE = 24;
  static final int DMA_UNMAP = 24;
  static final int DMA_UNMAP_IOVA = 8;
  static final int DMA_UNMAP_SIZE = 16;

  // struct vfio_iommu_spapr_tce_info with vfio_iommu_spapr_tce_ddw_info.
  static final int SPAPR_INFO = 32;
  static final int SPAPR_INFO_FLAGS = 4;
  static final int SPAPR_INFO_DMA32_START = 8;
  static final int SPAPR_INFO_DMA32_SIZE = 12;
  static final int SPAPR_INFO_PGSIZES = 16;
  static final int SPAPR_INFO_LEVELS = 28;
  static final int IOMMU_SPAPR_INFO_DDW = 1;

  // struct vfio_iommu_spapr_register_memory.
  static final int REGISTER_MEMORY = 24;
  static final int REGISTER_MEMORY_VADDR = 8;
  static final int REGISTER_MEMORY_SIZE = 16;

  // struct vfio_iommu_spapr_tce_create, vfio_iommu_spapr_tce_remove.
  static final int TCE_CREATE = 40;
  static final int TCE_CREATE_PAGE_SHIFT = 8;
  static final int TCE_CREATE_WINDOW_SIZE = 16;
  static final int TCE_CREATE_LEVELS = 24;
  static final int TCE_CREATE_START_ADDR = 32;
  static final int TCE_REMOVE = 16;
  static final int TCE_REMOVE_START_ADDR = 8;

  private VfioAbi() {}

  /** The number of VFIO's {@code n}th ioctl: its size is in the structure, not in the number. */
  private static int io(int n) {
    return Machine.io(';', 100 + n);
  }
}
