package io.netmap4j.bench.loops;

/**
 * What a loop works on, by address.
 *
 * @param slots of the ring, 16 bytes each
 * @param descriptors as many, 16 bytes each
 * @param addresses of buffers for the card, 8 bytes each; 0 for those that it must not get
 * @param tail the tail register
 * @param buffers buffer 0
 * @param bufSize bytes of a buffer
 * @param bufTotal entries in {@code addresses}
 * @param numSlots of the ring
 */
record RingMemory(
    long slots,
    long descriptors,
    long addresses,
    long tail,
    long buffers,
    int bufSize,
    int bufTotal,
    int numSlots) {}
