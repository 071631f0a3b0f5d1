package io.netmap4j.vfio;

import io.netmap4j.spi.NicBackend;
import io.netmap4j.spi.NicDevice;
import java.nio.file.Path;
import java.util.List;

/** {@code vfio-user:/run/lab0.sock}: a card that another process serves on a Unix socket. */
public final class VfioUserBackend implements NicBackend {
  @Override
  public String scheme() {
    return "vfio-user";
  }

  @Override
  public NicDevice open(String address) {
    return open(address, VfioUser.connect(Path.of(address)));
  }

  static NicDevice open(String address, VfioUser vfio) {
    try {
      return new VfioDevice("vfio-user:" + address, vfio, new VfioDmaDomain(vfio));
    } catch (RuntimeException e) {
      vfio.close();
      throw e;
    }
  }

  /** Sockets are not looked for: an alias of the configuration file names one. */
  @Override
  public List<Function> functions() {
    return List.of();
  }
}
