package io.netmap4j.compat.host;

import io.netmap4j.linux.TapDevice;

/** A network stack that frames are exchanged with, over one or more queues: a {@link TapDevice}. */
interface HostLink extends AutoCloseable {
  /** The interface's name. */
  String name();

  /** A descriptor that is readable while {@link #read} of that queue has something. */
  int fd(int queue);

  /** As {@link TapDevice#readv}. */
  long read(int queue, long iov, int pieces);

  /** As {@link TapDevice#writev}. */
  long write(int queue, long iov, int pieces);

  /** Tells the stack whether there is carrier. */
  void carrier(boolean on);

  @Override
  void close();

  /** The kernel's stack. */
  record Tap(TapDevice device) implements HostLink {
    /**
     * Makes the interface and brings it up.
     *
     * @param mac 6 bytes, or null for one of the kernel's choice
     * @throws io.netmap4j.linux.LinuxException as {@link TapDevice#create}; there is no interface
     *     then
     */
    static Tap open(String name, int queues, byte[] mac, int mtu) {
      TapDevice device = TapDevice.create(name, queues);
      try {
        if (mac != null) {
          long bits = 0;
          for (byte b : mac) {
            bits = bits << 8 | b & 0xff;
          }
          device.mac(bits);
        }
        device.mtu(mtu);
        device.carrier(false);
        device.up();
        return new Tap(device);
      } catch (RuntimeException e) {
        device.close();
        throw e;
      }
    }

    @Override
    public String name() {
      return device.name();
    }

    @Override
    public int fd(int queue) {
      return device.fd(queue);
    }

    @Override
    public long read(int queue, long iov, int pieces) {
      return device.readv(queue, iov, pieces);
    }

    @Override
    public long write(int queue, long iov, int pieces) {
      return device.writev(queue, iov, pieces);
    }

    @Override
    public void carrier(boolean on) {
      device.carrier(on);
    }

    @Override
    public void close() {
      device.close();
    }
  }
}
