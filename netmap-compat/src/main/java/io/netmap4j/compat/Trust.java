package io.netmap4j.compat;

import io.netmap4j.common.NetmapException;
import io.netmap4j.linux.FileErrors;
import io.netmap4j.linux.Libc;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Whether a process may use a configuration file from its working directory. The file names
 * devices, sockets and folders that the process then opens, so root uses it only if nobody could
 * have written it but root and the user who called sudo.
 *
 * @param root whether the process is root's; others use any file
 * @param users whose files root trusts
 * @param groups whose write permission root trusts
 */
record Trust(boolean root, Set<Integer> users, Set<Integer> groups) {
  private static final int GROUP_WRITES = 020;
  private static final int ALL_WRITE = 02;

  static Trust ofThisProcess() {
    return new Trust(effectiveUser() == 0, withZero("SUDO_UID"), withZero("SUDO_GID"));
  }

  private static int effectiveUser() {
    Path status = Path.of("/proc/self/status");
    try {
      for (String line : Files.readAllLines(status)) {
        if (line.startsWith("Uid:")) {
          return Integer.parseUnsignedInt(
              line.split("\\s+")[2]); // real, effective, saved, file system
        }
      }
      return 0;
    } catch (IOException e) {
      throw new NetmapException(
          FileErrors.errno(e), "cannot read " + status + ": " + FileErrors.reason(e), e);
    }
  }

  private static Set<Integer> withZero(String variable) {
    Set<Integer> ids = new HashSet<>(Set.of(0));
    String id = System.getenv(variable);
    if (id != null && id.matches("[0-9]{1,9}")) {
      ids.add(Integer.valueOf(id));
    }
    return ids;
  }

  /**
   * Checks the file, and the folders that it and, if it is a link, its target are in.
   *
   * @throws NetmapException EPERM when somebody else could have written it
   */
  void require(Path file) {
    if (!root) {
      return;
    }
    try {
      Path absolute = file.toAbsolutePath();
      Path real = file.toRealPath();
      for (Path path : List.of(absolute.getParent(), real.getParent(), real)) {
        String why = suspect(Files.readAttributes(path, "unix:uid,gid,mode"));
        if (why != null) {
          throw new NetmapException(
              Libc.EPERM,
              "root does not use "
                  + absolute
                  + ": "
                  + path
                  + " "
                  + why
                  + "; to use it anyway, set NETMAP4J_CONFIG="
                  + absolute);
        }
      }
    } catch (IOException e) {
      throw new NetmapException(
          FileErrors.errno(e),
          "cannot read the configuration file " + file + ": " + FileErrors.reason(e),
          e);
    }
  }

  private @Nullable String suspect(Map<String, Object> attributes) {
    int user = number(attributes, "uid");
    int group = number(attributes, "gid");
    int mode = number(attributes, "mode");
    if (!users.contains(user)) {
      return "belongs to user " + user;
    }
    if ((mode & ALL_WRITE) != 0) {
      return "can be written by everybody";
    }
    return (mode & GROUP_WRITES) != 0 && !groups.contains(group)
        ? "can be written by group " + group
        : null;
  }

  private static int number(Map<String, Object> attributes, String name) {
    return (Integer) Objects.requireNonNull(attributes.get(name));
  }
}
