package io.netmap4j.model;

/** What the datapath engines see of the card they belong to. */
interface CardState {
  int reg(int offset);

  void setReg(int offset, int value);

  DeviceMemory memory();

  PcieBill bill();

  ModelClock clock();

  void count(int statisticsRegister, long n);

  void txReported(int queue);

  void rxWritten(int queue);

  void violation(String rule);

  boolean linkUp();
}
