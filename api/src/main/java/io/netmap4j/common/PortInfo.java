package io.netmap4j.common;

/**
 * What a port has, or would have if it were opened: struct nmreq_port_info_get.
 *
 * @param memSize nr_memsize, bytes of its memory
 * @param txSlots nr_tx_slots, of each ring
 * @param rxSlots nr_rx_slots, of each ring
 * @param txRings nr_tx_rings, host rings left aside
 * @param rxRings nr_rx_rings, host rings left aside
 * @param hostTxRings nr_host_tx_rings
 * @param hostRxRings nr_host_rx_rings
 * @param memId nr_mem_id
 */
public record PortInfo(
    long memSize,
    int txSlots,
    int rxSlots,
    int txRings,
    int rxRings,
    int hostTxRings,
    int hostRxRings,
    int memId) {}
