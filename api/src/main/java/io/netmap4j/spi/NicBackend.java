package io.netmap4j.spi;

import io.netmap4j.linux.PciId;
import java.util.List;

/**
 * A way of reaching PCI functions, found by {@link java.util.ServiceLoader} and chosen by the
 * scheme in front of an address: {@code uio:}, {@code vfio:}, {@code vfio-user:}, {@code model:}.
 */
public interface NicBackend {
  /** Without the colon. */
  String scheme();

  /**
   * Opens a function for exclusive use.
   *
   * @param address what follows the scheme: a PCI address, a socket, a number
   * @throws io.netmap4j.common.NetmapException ENXIO no such function, EBUSY in use; what is
   *     missing and the command that mends it are in the message
   */
  NicDevice open(String address);

  /**
   * The functions that this backend could open or could be made to open; empty where there are
   * none.
   */
  List<Function> functions();

  /**
   * One line of {@code netmap4j devices}.
   *
   * @param address what {@link #open} takes
   * @param boundTo the kernel driver or other owner, "" for none
   * @param missing what stands in the way of opening it and the command that mends it; empty when
   *     it can be opened
   */
  record Function(String address, PciId id, String boundTo, String note, List<String> missing) {}
}
