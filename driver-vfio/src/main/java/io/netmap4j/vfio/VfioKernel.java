package io.netmap4j.vfio;

import io.netmap4j.linux.Libc;

/** The calls that a container and its groups are made of: the kernel's, or a test's. */
interface VfioKernel {
  /** Opens a file for reading and writing, as {@link Libc#open}. */
  int open(String path, String hint);

  /** As {@link Libc#ioctl}. */
  int ioctl(int fd, int request, long argument, String call, String hint);

  /** As {@link Libc#closeFd}. */
  void close(int fd);

  /** The kernel's. */
  VfioKernel REAL =
      new VfioKernel() {
        @Override
        public int open(String path, String hint) {
          return Libc.open(path, Libc.O_RDWR, 0, hint);
        }

        @Override
        public int ioctl(int fd, int request, long argument, String call, String hint) {
          return Libc.ioctl(fd, request, argument, call, hint);
        }

        @Override
        public void close(int fd) {
          Libc.closeFd(fd);
        }
      };
}
