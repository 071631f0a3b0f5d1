# cards: pair --device-id 1563 --lenient
# timeout: 60
# As 32-dpdk-x540, on X550s.
dpdk_copper
