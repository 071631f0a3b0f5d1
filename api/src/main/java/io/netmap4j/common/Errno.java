package io.netmap4j.common;

import io.netmap4j.linux.Libc;

/**
 * The error numbers that syncs return and {@link NetmapException#errno} gives, as in Linux's
 * errno.h on x86-64.
 */
public final class Errno {
  /** Not permitted: a capability or root is missing. */
  public static final int EPERM = Libc.EPERM;

  /** No such entry, for instance a port that a {@code NetmapPoll} does not have. */
  public static final int ENOENT = Libc.ENOENT;

  /** The port is closed, or its device is gone. */
  public static final int EIO = Libc.EIO;

  /** No such port or device. */
  public static final int ENXIO = Libc.ENXIO;

  /** The memory region is closed. */
  public static final int EBADF = Libc.EBADF;

  /** Nothing is there at the moment. */
  public static final int EAGAIN = Libc.EAGAIN;

  /** Memory, interfaces, rings or buffers are exhausted. */
  public static final int ENOMEM = Libc.ENOMEM;

  /** A file or device may not be opened. */
  public static final int EACCES = Libc.EACCES;

  /** As netmap says when a polled NIC shall be polled, or one that is not shall not. */
  public static final int EFAULT = Libc.EFAULT;

  /** In use: a ring, a device, a region; or another thread is in the same sync. */
  public static final int EBUSY = Libc.EBUSY;

  /** Exists already. */
  public static final int EEXIST = Libc.EEXIST;

  /** No such device. */
  public static final int ENODEV = Libc.ENODEV;

  /** Invalid name, option, index or slot. */
  public static final int EINVAL = Libc.EINVAL;

  /** The other end of a connection has closed it. */
  public static final int EPIPE = Libc.EPIPE;

  /** Out of range. */
  public static final int ERANGE = Libc.ERANGE;

  /** Too long: a list of options, for one. */
  public static final int EMSGSIZE = Libc.EMSGSIZE;

  /** No room: a name with its suffix, for one. */
  public static final int ENOBUFS = Libc.ENOBUFS;

  /** Not supported by this port or device. */
  public static final int EOPNOTSUPP = Libc.EOPNOTSUPP;

  /** No answer within the time limit. */
  public static final int ETIMEDOUT = Libc.ETIMEDOUT;

  private Errno() {}
}
