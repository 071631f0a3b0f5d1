package io.netmap4j.common;

/**
 * How a region is laid out: struct nmreq_pools_info (docs/netmap-abi.md 4.1). Offsets are bytes
 * from the start of the region, sizes are bytes of one object.
 *
 * @param memSize nr_memsize
 * @param memId nr_mem_id
 * @param ifOffset nr_if_pool_offset, 0
 * @param ifTotal nr_if_pool_objtotal
 * @param ifSize nr_if_pool_objsize
 * @param ringOffset nr_ring_pool_offset
 * @param ringTotal nr_ring_pool_objtotal
 * @param ringSize nr_ring_pool_objsize
 * @param bufOffset nr_buf_pool_offset
 * @param bufTotal nr_buf_pool_objtotal, the two reserved ones included
 * @param bufSize nr_buf_pool_objsize
 */
public record PoolsInfo(
    long memSize,
    int memId,
    long ifOffset,
    int ifTotal,
    int ifSize,
    long ringOffset,
    int ringTotal,
    int ringSize,
    long bufOffset,
    int bufTotal,
    int bufSize) {}
