/**
 * What port types, backends and drivers implement: {@link io.netmap4j.spi.Adapter} is a kind of
 * port, {@link io.netmap4j.spi.NicBackend} and {@link io.netmap4j.spi.NicDevice} a way of reaching
 * a card, {@link io.netmap4j.spi.NicDriver} a make of card; {@link io.netmap4j.spi.Kring} and
 * {@link io.netmap4j.spi.RingSet} are what they all share.
 */
package io.netmap4j.spi;
