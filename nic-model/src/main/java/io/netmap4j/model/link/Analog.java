package io.netmap4j.model.link;

/** What a module does whose words of NVM list 0x2B have not gone to CORECTL. */
public enum Analog {
  /** It works. */
  ANY,
  /** Half of the frames have CRC errors. */
  CRC,
  /** There is no link. */
  DARK
}
