/**
 * Access to the machine: its processor, memory, system calls and PCI functions. Below all other
 * modules, and exported to them alone.
 *
 * <ul>
 *   <li>Processor: {@code Machine} (page size, ioctl numbers, whether device registers can be
 *       used), from the table {@code Arch}. A new processor is a row there and its barriers in
 *       {@code Mem}.
 *   <li>Memory: {@code Mem} (loads, stores, barriers at an address), {@code HugePages}.
 *   <li>System calls: {@code Libc}; sockets and network interfaces: {@code UnixListener}, {@code
 *       UnixSocket}, {@code PacketSocket}, {@code NetInterface}, {@code TapDevice}.
 *   <li>PCI functions: {@code PciSysfs} lists them, {@code PciBinding} binds them to kernel
 *       drivers, {@code PciRegs} names bits of their configuration space.
 * </ul>
 *
 * <p>Methods may be called by any thread unless their class says otherwise. A descriptor or an
 * address that a method returns is the caller's to close or free; one that a method takes stays the
 * caller's. What fails throws {@code LinuxException} with the errno of the call; methods that begin
 * with {@code try} return −errno. A processor that is not supported, or a JNA that cannot load, is
 * an {@code UnsatisfiedLinkError} of the first call.
 */
package io.netmap4j.linux;
