/**
 * Cards as files: BAR 0 is shared memory that the cards' thread polls, for measurements with any
 * driver that maps {@code resource0} ({@link io.netmap4j.model.registerfile.RegisterFileServer}
 * says what such a card cannot do).
 *
 * <p>A register write: the driver stores into the file. {@code PolledCard} finds the word to differ
 * from its copy, writes it to the card as any other face does, and shows in the file what the card
 * made of it. Doorbells, and what drivers wait for, are looked at in each round, everything else
 * some 10,000 times a second ({@code PolledRegisters}).
 *
 * <p>A frame: {@code ClientMemory} gives the card the hugepages of whoever maps its BAR 0, under
 * their physical addresses. In lock-step nothing moves until {@code ControlPage} is asked for a
 * window.
 */
package io.netmap4j.model.registerfile;
