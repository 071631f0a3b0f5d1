/**
 * How the link side of a card is made: the module in its cage, its NVM, what is at the other end of
 * the cable, its firmware. {@link io.netmap4j.model.link.LinkOptions} has one text for all of it.
 *
 * <p>Options only. What they do is in {@code peripherals}.
 */
package io.netmap4j.model.link;
