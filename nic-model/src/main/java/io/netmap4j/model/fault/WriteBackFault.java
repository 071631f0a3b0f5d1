package io.netmap4j.model.fault;

/**
 * How a faulty device corrupts the status that it writes back, to test that a driver checks what it
 * reads.
 */
public enum WriteBackFault {
  /** A receive length of 0. */
  ZERO_LENGTH,
  /** A receive length one above the buffer's. */
  LENGTH_ABOVE_BUFFER,
  /** A receive length of 0xFFFF. */
  LENGTH_FFFF,
  /** Every bit of the written descriptor set, as after a surprise removal. */
  ALL_ONES,
  /** DD, though no data was written. */
  DD_WITHOUT_DATA,
  /** EOP never set. */
  NO_EOP,
  /** Transmit: DD in the descriptor after the one that asked. */
  DD_ON_WRONG_DESCRIPTOR
}
